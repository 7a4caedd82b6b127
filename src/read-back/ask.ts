import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { type TaskReader, trackerOf } from './reader.ts';
import { CannotReadError } from './tracker-watch.ts';

/** What several trackers said. A task that no token is for is in none of the three. */
export interface Asked {
  /** By the key that was asked for; also the tasks that these are duplicates of. */
  events: Map<TaskKey, TaskEvent>;
  /** Tasks that their tracker does not show, with its reason. */
  unread: Map<TaskKey, string>;
  /** Tasks whose tracker could not be asked. */
  unreached: Map<TaskKey, CannotReadError>;
}

/** Asks all trackers at once, each for its tasks; one that cannot be asked keeps no other from answering. */
export async function ask(
  tasks: Iterable<TaskKey>,
  reader: TaskReader,
  signal?: AbortSignal,
): Promise<Asked> {
  const asked: Asked = { events: new Map(), unread: new Map(), unreached: new Map() };
  await askInto(asked, new Set(tasks), reader, signal);
  // A duplicate is as done as the task that it repeats, so that one is asked for too.
  const originals = [...asked.events.values()].flatMap(({ canonical }) => canonical ?? []);
  const known = (task: TaskKey) => asked.events.has(task) || asked.unread.has(task);
  await askInto(asked, new Set(originals.filter((task) => !known(task))), reader, signal);
  return asked;
}

async function askInto(
  asked: Asked,
  tasks: ReadonlySet<TaskKey>,
  reader: TaskReader,
  signal?: AbortSignal,
): Promise<void> {
  const readable = [...tasks].filter((task) => reader.canRead(task));
  const trackers = [...new Set(readable.map(trackerOf))];
  const ended = await Promise.allSettled(
    trackers.map(async (tracker) => {
      const own = readable.filter((task) => trackerOf(task) === tracker);
      try {
        const { events, unread } = await reader.read(tracker, own, signal);
        for (const [task, event] of events) asked.events.set(task, event);
        for (const [task, why] of unread) asked.unread.set(task, why);
      } catch (error) {
        if (!(error instanceof CannotReadError)) throw error;
        for (const task of own) asked.unreached.set(task, error);
      }
    }),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
