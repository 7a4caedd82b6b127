import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { ask } from './ask.ts';
import { type TaskReader, trackerOf } from './reader.ts';
import { withTimes } from './with-times.ts';

/**
 * The sweep's share of each tracker's rate limit. 10,000 outstanding tasks and a sweep every 10 minutes: 2,000 of
 * them each time, so all within the hour, in 120 calls an hour where a call takes a hundred; GitHub allows 5,000
 * points an hour, Linear 2,500 calls. Where a call takes one task, 600 calls an hour ask for 600 tasks.
 */
const TASKS_AT_MOST = 2_000;
const CALLS_AT_MOST = 100;
/** Calls keep this distance, ms. */
const BETWEEN_CALLS = 500;
/** The regular sweep leaves a tracker alone that one asked less than this ago, ms, however often it comes. */
export const NOT_AGAIN_WITHIN = 5 * 60_000;

export interface OutstandingDeps {
  reader: TaskReader;
  store: Store;
  clock: Clock;
  log: Logger;
  /** Takes what a tracker said, as if a webhook had. */
  tell(events: TaskEvent[]): Promise<void>;
  /** ms; 0 where a person asks. */
  notAgainWithin: number;
  signal?: AbortSignal;
  wait?: Sleep;
}

/**
 * Asks the trackers for these tasks, each tracker in the order of their keys from where the last sweep stopped, so
 * that those not read for longest come first. `goOn` is asked before every call. A tracker that cannot be asked is
 * left for the next sweep. Answers how many tasks were read.
 */
export async function readOutstanding(
  tasks: Iterable<TaskKey>,
  goOn: () => Promise<boolean>,
  deps: OutstandingDeps,
): Promise<number> {
  const places = await deps.store.placesOf(tasks);
  const readable = [...new Set(places.values())].filter((task) => deps.reader.canRead(task));
  const trackers = [...new Set(readable.map(trackerOf))];
  const ended = await Promise.allSettled(
    trackers.map((tracker) =>
      readOne(
        tracker,
        readable.filter((task) => trackerOf(task) === tracker),
        goOn,
        deps,
      ),
    ),
  );
  let read = 0;
  for (const end of ended) {
    if (end.status === 'rejected') throw end.reason;
    read += end.value;
  }
  return read;
}

async function readOne(
  tracker: string,
  tasks: readonly TaskKey[],
  goOn: () => Promise<boolean>,
  deps: OutstandingDeps,
): Promise<number> {
  const { reader, store, clock, log, tell, notAgainWithin, signal, wait = sleep } = deps;
  const status = await store.trackerStatus.get(tracker);
  if (clock.now() - (status?.sweptAt ?? -Infinity) < notAgainWithin) return 0;

  const size = reader.most(tracker);
  const share = inTurn(tasks, status?.sweptTo).slice(0, Math.min(TASKS_AT_MOST, CALLS_AT_MOST * size));
  let read = 0;
  let hidden = 0;
  for (let start = 0; start < share.length; start += size) {
    if (start > 0) await wait(BETWEEN_CALLS, signal);
    if (signal?.aborted || !(await goOn())) break;
    const batch = share.slice(start, start + size);
    const { events, unread, unreached } = await ask(batch, reader, signal);
    if (batch.some((task) => unreached.has(task))) break;
    const told = await withTimes([...events], store);
    if (told.length > 0) await tell(told.map(([, event]) => event));
    for (const [task, why] of unread) log.debug({ task }, `${task} could not be read: ${why}`);
    read += events.size;
    hidden += unread.size;
    const sweptTo = batch.at(-1);
    await store.trackerStatus.update([tracker], (current) => ({
      ...current,
      sweptTo,
      sweptAt: clock.now(),
    }));
  }
  log.info(
    { tracker, outstanding: tasks.length, read, unread: hidden },
    `asked ${tracker} for the tasks of outstanding follow-ups`,
  );
  return read;
}

/** In the order of their keys, beginning after the one that was asked for last. */
function inTurn(tasks: readonly TaskKey[], last: TaskKey | undefined): TaskKey[] {
  const sorted = [...tasks].sort();
  const next = last === undefined ? 0 : sorted.findIndex((task) => task > last);
  return next <= 0 ? sorted : [...sorted.slice(next), ...sorted.slice(0, next)];
}
