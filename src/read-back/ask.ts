import { LONGEST_CHAIN } from '../store/records.ts';
import type { TaskKey } from '../vocabulary.ts';
import { type TaskReader, type TrackerReading, trackerOf } from './reader.ts';

/** The answers of several trackers, including tasks that these are duplicates of. A task without a token is in none. */
export type AllReadings = TrackerReading;

/**
 * Asks all trackers concurrently, each for its tasks; one that cannot be asked delays no other. A duplicate is as done
 * as its original, so that one is read too, and so on to the end.
 */
export async function ask(
  tasks: Iterable<TaskKey>,
  reader: TaskReader,
  signal?: AbortSignal,
  between?: () => Promise<void>,
): Promise<AllReadings> {
  const asked: AllReadings = {
    events: new Map(),
    unreadable: new Map(),
    failed: new Map(),
    notAsked: new Map(),
  };
  const maps = Object.values(asked);
  const isKnown = (task: TaskKey) => maps.some((map) => map.has(task));
  let next = new Set(tasks);
  for (let hop = 0; hop <= LONGEST_CHAIN && next.size > 0; hop++) {
    await askInto(asked, next, reader, { signal, between });
    const originals = [...asked.events.values()].flatMap(({ canonical }) => canonical ?? []);
    next = new Set(originals.filter((task) => reader.canRead(task) && !isKnown(task)));
  }
  return asked;
}

async function askInto(
  asked: AllReadings,
  tasks: ReadonlySet<TaskKey>,
  reader: TaskReader,
  { signal, between }: { signal?: AbortSignal | undefined; between?: (() => Promise<void>) | undefined },
): Promise<void> {
  const readable = [...tasks].filter((task) => reader.canRead(task));
  const trackers = [...new Set(readable.map(trackerOf))];
  const ended = await Promise.allSettled(
    trackers.map(async (tracker) => {
      const own = readable.filter((task) => trackerOf(task) === tracker);
      const { events, unreadable, failed, notAsked } = await reader.read(tracker, own, signal, between);
      for (const [task, event] of events) asked.events.set(task, event);
      for (const [task, why] of unreadable) asked.unreadable.set(task, why);
      for (const [task, why] of failed) asked.failed.set(task, why);
      for (const [task, error] of notAsked) asked.notAsked.set(task, error);
    }),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
