import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { TaskEvent, TaskHint } from '../vocabulary.ts';
import { ask } from './ask.ts';
import type { TaskReader } from './reader.ts';

/** What became of hints. */
export interface ReadHints {
  events: TaskEvent[];
  /** Those whose tracker could not be asked now, and when (ms) to try again. */
  later?: { hints: TaskHint[]; retryAt: number; why: string };
}

/** A hint is tried for so long, ms: whatever it was about, the sweep has asked for outstanding tasks by then. */
const TRIED_FOR = 24 * 3_600_000;

/**
 * What the trackers say of the tasks that were hinted at. Who changed a task is told by the hint where the tracker's
 * API does not. A task that its tracker does not show tells nothing, and is logged.
 */
export async function readHints(
  hints: readonly TaskHint[],
  { reader, clock, log, signal }: { reader: TaskReader; clock: Clock; log: Logger; signal?: AbortSignal },
): Promise<ReadHints> {
  const { events, unread, unreached } = await ask(
    hints.map(({ task }) => task),
    reader,
    signal,
  );
  const hinted = new Set(hints.map(({ task }) => task));
  const told = [...events].filter(([task]) => !hinted.has(task)).map(([, event]) => event);
  const later: TaskHint[] = [];
  for (const hint of hints) {
    const { task, by, actor, aliases, delivery } = hint;
    const event = events.get(task);
    if (event !== undefined) {
      told.push({
        ...event,
        by: event.by === 'unknown' ? by : event.by,
        actor: event.actor ?? actor,
        aliases: [...new Set([...event.aliases, ...aliases])].filter((alias) => alias !== event.task),
        delivery,
      });
    } else if (unreached.has(task) && clock.now() - hint.receivedAt < TRIED_FOR) later.push(hint);
    else {
      const why = unread.get(task) ?? unreached.get(task)?.message ?? 'there is no API token for where it is';
      log.warn({ task, delivery }, `${task} changed, and its state could not be told: ${why}`);
    }
  }
  if (later.length === 0) return { events: told };
  const errors = later.flatMap(({ task }) => unreached.get(task) ?? []);
  const retryAt = Math.min(...errors.map((error) => error.retryAt));
  return { events: told, later: { hints: later, retryAt, why: errors[0]?.message ?? '' } };
}
