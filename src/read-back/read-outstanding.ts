import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Waker } from '../queue/queues.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { type AllReadings, ask } from './ask.ts';
import { type TaskReader, trackerOf } from './reader.ts';
import { keepUnreadOfLinked, READABLE_CHANGED } from './unread-tasks.ts';
import { withTimes } from './with-times.ts';

/**
 * The sweep's share of each tracker's rate limit. 10,000 outstanding tasks and a sweep every 10 minutes: 2,000 of
 * them per sweep, so all within the hour, in 120 calls an hour if a call takes a hundred; GitHub allows 5,000
 * points an hour, Linear 2,500 calls. If a call takes one task, 600 calls an hour read 600 tasks.
 */
const TASKS_AT_MOST = 2_000;
const CALLS_AT_MOST = 100;
/** How many are read in a row if a call takes one task. */
const ONE_BY_ONE = 10;
/** The interval between calls, ms. */
const BETWEEN_CALLS = 500;
/** A regular sweep skips a tracker that a sweep asked less than this ago, ms. */
export const NOT_AGAIN_WITHIN = 5 * 60_000;

export interface OutstandingDeps {
  reader: TaskReader;
  store: Store;
  clock: Clock;
  log: Logger;
  /** Records a tracker's answers like webhooks. */
  record(events: TaskEvent[]): Promise<void>;
  /** Called with the incidents whose tasks could not be read, or can be read again, so that people learn of it. */
  waker: Pick<Waker, 'wake'>;
  /** ms; 0 if a person asks. */
  notAgainWithin: number;
  signal?: AbortSignal;
  wait?: Sleep;
}

/**
 * Reads these tasks from their trackers, each tracker's in the order of their keys from where the last sweep stopped, so
 * that those not read for longest come first. `goOn` is called before every call, or every few. If a tracker cannot be
 * asked, the next sweep continues after the last task tried; a task that could not be read is retried at growing
 * intervals. Returns how many tasks were read.
 */
export async function readOutstanding(
  tasks: Iterable<TaskKey>,
  goOn: () => Promise<boolean>,
  deps: OutstandingDeps,
): Promise<number> {
  const currentKeys = await deps.store.currentKeysOf(tasks);
  const readable = [...new Set(currentKeys.values())].filter((task) => deps.reader.canRead(task));
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
  const { reader, store, clock, log, record, notAgainWithin, signal, wait = sleep } = deps;
  const status = await store.trackerStatus.get(tracker);
  if (clock.now() - (status?.sweptAt ?? -Infinity) < notAgainWithin) return 0;

  const size = reader.most(tracker);
  const due = notAgainWithin === 0 ? tasks : await notResting(tasks, deps);
  const share = inTurn(due, status?.sweptTo).slice(0, Math.min(TASKS_AT_MOST, CALLS_AT_MOST * size));
  let read = 0;
  let hidden = 0;
  const between = () => wait(BETWEEN_CALLS, signal);
  // If a call takes one task, it takes several to see whether a task or the tracker fails.
  const step = size === 1 ? ONE_BY_ONE : size;
  for (let start = 0; start < share.length; start += step) {
    if (start > 0) await between();
    if (signal?.aborted || !(await goOn())) break;
    const batch = share.slice(start, start + step);
    const asked = await ask(batch, reader, signal, between);
    const events = await withTimes([...asked.events], store);
    if (events.length > 0) await record(events.map(([, event]) => event));
    await storeUnread(asked, deps);
    read += asked.events.size;
    hidden += asked.unreadable.size + asked.failed.size;
    const tried = batch.filter((task) => !asked.notAsked.has(task));
    const sweptTo = tried.at(-1);
    if (sweptTo !== undefined)
      await store.trackerStatus.update([tracker], (current) => ({
        ...current,
        sweptTo,
        sweptAt: clock.now(),
      }));
    if (tried.length < batch.length) break;
  }
  log.info(
    { tracker, outstanding: tasks.length, read, unread: hidden },
    `asked ${tracker} for the tasks of outstanding follow-ups`,
  );
  return read;
}

async function notResting(
  tasks: readonly TaskKey[],
  { store, clock }: OutstandingDeps,
): Promise<readonly TaskKey[]> {
  const known = await store.unreadTasks.getMany(tasks);
  return tasks.filter((task) => (known.get(task)?.retryAt ?? 0) <= clock.now());
}

/** Stores what could not be read, and wakes the incidents for which that is news. */
async function storeUnread(asked: AllReadings, { store, clock, waker, log }: OutstandingDeps): Promise<void> {
  for (const [task, why] of [...asked.unreadable, ...asked.failed])
    log.debug({ task }, `${task} could not be read: ${why}`);
  const incidents = await keepUnreadOfLinked(asked, { store, now: clock.now() });
  if (incidents.length > 0) await waker.wake(incidents, READABLE_CHANGED, { behind: true });
}

/** In the order of their keys, starting after the one read last. */
function inTurn(tasks: readonly TaskKey[], last: TaskKey | undefined): TaskKey[] {
  const sorted = [...tasks].sort();
  const next = last === undefined ? 0 : sorted.findIndex((task) => task > last);
  return next <= 0 ? sorted : [...sorted.slice(next), ...sorted.slice(0, next)];
}
