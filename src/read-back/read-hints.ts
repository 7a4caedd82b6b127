import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskHint, TaskKey } from '../vocabulary.ts';
import { ask } from './ask.ts';
import type { TaskReader } from './reader.ts';
import { reopening } from './reopening.ts';
import { withTimes } from './with-times.ts';

/** What became of hints. */
export interface ReadHints {
  events: TaskEvent[];
  /** Those whose tracker could not be asked now, and when (ms) to try again. */
  later?: { hints: TaskHint[]; retryAt: number; why: string };
}

export interface HintDeps {
  reader: TaskReader;
  store: Store;
  clock: Clock;
  log: Logger;
  signal?: AbortSignal;
}

/** A hint is tried for so long, ms: whatever it was about, the sweep has asked for outstanding tasks by then. */
const TRIED_FOR = 24 * 3_600_000;

/**
 * What the trackers say of the tasks that were hinted at. Who changed a task is told by the hint where the tracker's
 * API does not. A task that its tracker does not show tells nothing, and is logged.
 */
export async function readHints(
  hints: readonly TaskHint[],
  { reader, store, clock, log, signal }: HintDeps,
): Promise<ReadHints> {
  const { events, unread, unreached } = await ask(
    hints.map(({ task }) => task),
    reader,
    signal,
  );
  const hinted = new Set(hints.map(({ task }) => task));
  const told: (readonly [TaskKey, TaskEvent])[] = [...events].filter(([task]) => !hinted.has(task));
  const later: TaskHint[] = [];
  for (const hint of hints) {
    const { task, by, actor, aliases, changedAt, delivery } = hint;
    const event = events.get(task);
    if (event !== undefined) {
      const added: TaskEvent = {
        ...event,
        by: event.by === 'unknown' ? by : event.by,
        actor: event.actor ?? actor,
        ...reopening(event, { changedAt }),
        aliases: [...new Set([...event.aliases, ...aliases])].filter((alias) => alias !== event.task),
        delivery,
      };
      told.push([task, added]);
    } else if (unreached.has(task) && clock.now() - hint.receivedAt < TRIED_FOR) later.push(hint);
    else {
      const why = unread.get(task) ?? unreached.get(task)?.message ?? 'there is no API token for where it is';
      log.warn({ task, delivery }, `${task} changed, and its state could not be told: ${why}`);
    }
  }
  const read = (await withTimes(told, store)).map(([, event]) => event);
  if (later.length === 0) return { events: read };
  const errors = later.flatMap(({ task }) => unreached.get(task) ?? []);
  const retryAt = Math.min(...errors.map((error) => error.retryAt));
  return { events: read, later: { hints: later, retryAt, why: errors[0]?.message ?? '' } };
}
