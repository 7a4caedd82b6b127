/** Reads task by task, or place by place, so that one that cannot be read does not keep others from being read. */
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { type ReadResult, TrackerAccessError, TrackerBusyError } from './read-back.ts';

/** This many consecutive failures before anything was read mean that the tracker itself is failing. */
const RUN = 3;

/**
 * Reads tasks one by one. `readOne` returns a text if the task cannot be read for a lasting reason, and throws if a retry
 * can help. Throws for a rate limit, for a rejected token, and if nothing is answered.
 */
export async function eachTask(
  tasks: readonly TaskKey[],
  readOne: (task: TaskKey) => Promise<TaskEvent | string>,
): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const failed = new Map<TaskKey, string>();
  for (const task of tasks)
    try {
      const found = await readOne(task);
      if (typeof found === 'string') unreadable.set(task, found);
      else events.set(task, found);
    } catch (error) {
      if (error instanceof TrackerBusyError || error instanceof TrackerAccessError) throw error;
      failed.set(task, messageOf(error));
      // With a single task that cannot be known: the caller reads others.
      if (events.size + unreadable.size === 0 && (failed.size >= RUN || tasks.length === 1)) throw error;
    }
  return { events, unreadable, failed };
}

/** One site, instance or server with the tasks that are there. */
export interface ReadSite {
  tasks: Iterable<TaskKey>;
  read(): Promise<ReadResult>;
}

/** Reads from several places. A problem at one is reported for its tasks; if there is only one, it is thrown. */
export async function eachSite(places: readonly ReadSite[]): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const failed = new Map<TaskKey, string>();
  const errors: unknown[] = [];
  for (const { tasks, read } of places)
    try {
      const reading = await read();
      for (const [task, event] of reading.events) events.set(task, event);
      for (const [task, why] of reading.unreadable) unreadable.set(task, why);
      for (const [task, why] of reading.failed ?? []) failed.set(task, why);
    } catch (error) {
      errors.push(error);
      for (const task of tasks) failed.set(task, messageOf(error));
    }
  if (errors.length > 0 && errors.length === places.length) throw errors[0];
  return { events, unreadable, failed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
