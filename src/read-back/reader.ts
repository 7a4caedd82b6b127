import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import type { TrackerAccess } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import type { TrackerOptions } from '../trackers/options.ts';
import { TrackerBusyError } from '../trackers/read-back.ts';
import type { Tracker } from '../trackers/tracker.ts';
import type { TaskKey } from '../vocabulary.ts';
import { type BatchReading, readInBatches } from './batches.ts';
import { restrictedSend } from './restricted-send.ts';
import { honoringRetryAfter } from './retry-after.ts';
import { type CannotReadError, TrackerWatch } from './tracker-watch.ts';

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

/** The result of asking a tracker. Each task asked for is in one of the four. */
export interface TrackerReading extends BatchReading {
  /** Tasks that were not asked for, or no longer, because the tracker cannot be asked now. */
  notAsked: Map<TaskKey, CannotReadError>;
}

/** Reads the states of tasks from their trackers, as many per call as the tracker allows. */
export interface TaskReader {
  /** Whether this task can be read: its tracker has an API, and a token for where the task is. */
  canRead(task: TaskKey): boolean;
  /** How many tasks of a tracker one call takes. */
  most(tracker: string): number;
  /**
   * Reads tasks of one tracker, all of which `canRead` allowed. One that cannot be read does not keep others from being
   * read. Throws the reason if the signal is aborted. `between` is awaited between two calls.
   */
  read(
    tracker: string,
    tasks: readonly TaskKey[],
    signal?: AbortSignal,
    between?: () => Promise<void>,
  ): Promise<TrackerReading>;
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
    async read(name, tasks, signal, between) {
      const tracker = known(name);
      const { readBack, token, urls } = tracker;
      const asked = [...new Set(tasks)];
      const found: BatchReading = { events: new Map(), unreadable: new Map(), failed: new Map() };
      const stoppedBy = (error: CannotReadError): TrackerReading => {
        const left = asked.filter((task) => !isIn(found, task));
        return { ...found, notAsked: new Map(left.map((task) => [task, error])) };
      };
      const rest = await watch.restOf(tracker);
      if (rest !== undefined) return stoppedBy(rest);

      const began = clock.now();
      const honored = honoringRetryAfter(restrictedSend(http, readBack, urls, signal), clock, signal);
      const call = (batch: readonly TaskKey[]) =>
        readBack.read(batch, {
          token,
          urls,
          options: options[name] ?? {},
          now: clock.now(),
          send: honored.send,
        });
      const busy = () => {
        const until = honored.until() ?? 0;
        return until > clock.now() ? new TrackerBusyError(ASKS_FOR_REST, until) : undefined;
      };
      try {
        await readInBatches(asked, readBack.most, call, found, { signal, between });
      } catch (error) {
        if (signal?.aborted) throw error;
        hideToken(found, token);
        // If the tracker said when to come again, that matters more than the error.
        return stoppedBy(await watch.failed(tracker, busy() ?? error, began));
      }
      hideToken(found, token);
      if (found.events.size + found.unreadable.size > 0) await watch.answered(tracker, began);
      const pause = busy();
      if (pause !== undefined) await watch.failed(tracker, pause, began);
      return { ...found, notAsked: new Map() };
    },
  };
}

const ASKS_FOR_REST = 'it asks to be left alone for a while (Retry-After)';

function isIn({ events, unreadable, failed }: BatchReading, task: TaskKey): boolean {
  return events.has(task) || unreadable.has(task) || failed.has(task);
}

/** Without the token, whatever an error's message contains. */
function hideToken({ failed }: BatchReading, token: string): void {
  for (const [task, why] of failed) failed.set(task, why.replaceAll(token, '(token)'));
}
