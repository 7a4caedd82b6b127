import type { Logger } from 'pino';
import type { TaskEvent, TaskHint } from '../vocabulary.ts';
import type { TaskReader } from './reader.ts';
import { reopening } from './reopening.ts';

/**
 * What the trackers say of the tasks that were hinted at. Who changed a task is told by the hint where the tracker's
 * API does not. Throws where a tracker could not be asked; a task that it does not show tells nothing, and is logged.
 */
export async function readHints(
  hints: readonly TaskHint[],
  { reader, log }: { reader: TaskReader; log: Logger },
): Promise<TaskEvent[]> {
  const events: TaskEvent[] = [];
  for (const tracker of new Set(hints.map((hint) => hint.tracker))) {
    const own = hints.filter((hint) => hint.tracker === tracker);
    const { events: read, unread } = await reader.read(
      tracker,
      own.map(({ task }) => task),
    );
    for (const { task, by, actor, aliases, changedAt, delivery } of own) {
      const event = read.get(task);
      if (event === undefined) {
        log.warn({ task, delivery }, `${task} changed, and its state could not be told: ${unread.get(task)}`);
        continue;
      }
      events.push({
        ...event,
        by: event.by === 'unknown' ? by : event.by,
        actor: event.actor ?? actor,
        ...reopening(event, { changedAt }),
        aliases: [...new Set([...event.aliases, ...aliases])].filter((alias) => alias !== event.task),
        delivery,
      });
    }
  }
  return events;
}
