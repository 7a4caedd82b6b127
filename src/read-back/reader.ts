import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import type { TrackerAccess } from '../settings.ts';
import type { Access, ReadBack, Reading } from '../trackers/read-back.ts';
import type { Tracker, TrackerOptions } from '../trackers/tracker.ts';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';

export interface ReaderOptions {
  trackers: readonly Tracker[];
  /** By the tracker's name. */
  access: Readonly<Record<string, TrackerAccess>>;
  options: Readonly<Record<string, TrackerOptions>>;
  http: Http;
  clock: Clock;
}

/** Reads the states of tasks from their trackers, as many in one call as the tracker allows. */
export interface TaskReader {
  /** Whether tasks of this tracker can be read: its API has a way to, and its token is set. */
  canRead(tracker: string): boolean;
  /** Reads tasks of one tracker. Throws where the tracker could not be asked. */
  read(tracker: string, tasks: readonly TaskKey[]): Promise<Reading>;
}

export function createTaskReader({ trackers, access, options, http, clock }: ReaderOptions): TaskReader {
  const readBackOf = (name: string) => {
    const readBack = trackers.find((tracker) => tracker.name === name)?.readBack;
    const given = access[name];
    return readBack && given && { readBack, given };
  };
  return {
    canRead: (name) => readBackOf(name) !== undefined,
    async read(name, tasks) {
      const found = readBackOf(name);
      if (found === undefined) throw new Error(`tasks of ${name} cannot be read: it has no API token here`);
      const { readBack, given } = found;
      const events = new Map<TaskKey, TaskEvent>();
      const unread = new Map<TaskKey, string>();
      const asked = [...new Set(tasks)];
      for (let start = 0; start < asked.length; start += readBack.most) {
        const reading = await readBack.read(asked.slice(start, start + readBack.most), {
          token: given.token,
          urls: given.urls,
          options: options[name] ?? {},
          now: clock.now(),
          send: guarded(http, readBack, given.urls),
        });
        for (const [task, event] of reading.events) events.set(task, event);
        for (const [task, why] of reading.unread) unread.set(task, why);
      }
      return { events, unread };
    },
  };
}

/** Sends to where the tracker's API is and nowhere else, whatever address an answer may have named. */
function guarded(http: Http, readBack: ReadBack, urls: readonly string[]): Access['send'] {
  const ours = new Set(urls.flatMap((url) => readBack.apiOrigins?.(url) ?? [new URL(url).origin]));
  return async (request) => {
    const { origin } = new URL(request.url);
    if (!ours.has(origin))
      throw new Error(`a request to ${origin} was not sent: the token is for ${[...ours].join(', ')} alone`);
    return http.send(request);
  };
}
