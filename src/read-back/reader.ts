import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import type { TrackerAccess } from '../settings.ts';
import type { Store } from '../store/store.ts';
import type { Reading } from '../trackers/read-back.ts';
import type { Tracker, TrackerOptions } from '../trackers/tracker.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { guarded } from './guarded.ts';
import { TrackerWatch } from './tracker-watch.ts';

export interface ReaderOptions {
  trackers: readonly Tracker[];
  /** By the tracker's name. */
  access: Readonly<Record<string, TrackerAccess>>;
  options: Readonly<Record<string, TrackerOptions>>;
  http: Http;
  store: Store;
  clock: Clock;
  log: Logger;
}

/** Reads the states of tasks from their trackers, as many in one call as the tracker allows. */
export interface TaskReader {
  /** Whether this task can be asked for: its tracker has an API for it, and a token for where the task is. */
  canRead(task: TaskKey): boolean;
  /** How many tasks of a tracker one call asks for. */
  most(tracker: string): number;
  /**
   * Reads tasks of one tracker, which `canRead` all allowed. Throws `CannotReadError` where the tracker could not be
   * asked, or is to be left alone; whatever stopped it where the signal is aborted.
   */
  read(tracker: string, tasks: readonly TaskKey[], signal?: AbortSignal): Promise<Reading>;
}

/** The tracker that a task is in, by its key. */
export function trackerOf(task: TaskKey): string {
  return task.slice(0, Math.max(0, task.indexOf(':')));
}

export function createTaskReader(deps: ReaderOptions): TaskReader {
  const { trackers, access, options, http, clock } = deps;
  const watch = new TrackerWatch(deps);
  const find = (name: string) => {
    const tracker = trackers.find((one) => one.name === name);
    const given = access[name];
    const readBack = tracker?.readBack;
    return readBack && given && { name, title: tracker.title, readBack, ...given };
  };
  const known = (name: string) => {
    const found = find(name);
    if (found === undefined) throw new Error(`tasks of ${name} cannot be read: it has no API token here`);
    return found;
  };
  return {
    canRead(task) {
      const found = find(trackerOf(task));
      return found !== undefined && (found.readBack.covers?.(task, found.urls) ?? true);
    },
    most: (name) => known(name).readBack.most,
    async read(name, tasks, signal) {
      const tracker = known(name);
      const { readBack, token, urls } = tracker;
      await watch.mayAsk(tracker);
      const began = clock.now();
      const asked = [...new Set(tasks)];
      const events = new Map<TaskKey, TaskEvent>();
      const unread = new Map<TaskKey, string>();
      try {
        for (let start = 0; start < asked.length; start += readBack.most) {
          const reading = await readBack.read(asked.slice(start, start + readBack.most), {
            token,
            urls,
            options: options[name] ?? {},
            now: clock.now(),
            send: guarded(http, readBack, urls, signal),
          });
          for (const [task, event] of reading.events) events.set(task, event);
          for (const [task, why] of reading.unread) unread.set(task, why);
        }
        const forgotten = asked.find((task) => !events.has(task) && !unread.has(task));
        if (forgotten !== undefined) throw new Error(`its answer says nothing of ${forgotten}`);
      } catch (error) {
        if (signal?.aborted) throw error;
        throw await watch.failed(tracker, error, began);
      }
      await watch.answered(tracker, began);
      return { events, unread };
    },
  };
}
