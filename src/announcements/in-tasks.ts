import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import { markerOf } from '../incident-io/announcement-marker.ts';
import { trackerOf } from '../read-back/reader.ts';
import { restrictedSend } from '../read-back/restricted-send.ts';
import type { Settings } from '../settings/settings.ts';
import type { AnnouncementPlace } from '../store/announcement-records.ts';
import type { Closure } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { CannotCommentError } from '../trackers/comment.ts';
import { TrackerBusyError } from '../trackers/read-back.ts';
import type { Tracker } from '../trackers/tracker.ts';
import { AnnounceLaterError, CannotAnnounceError, COARSE_CLOCK_SKEW, type Post } from './posting.ts';
import { closingText } from './text.ts';

export interface InTasksDeps {
  store: Store;
  clock: Clock;
  http: Http;
  trackers: readonly Tracker[];
  settings: Pick<Settings, 'announceInTasks' | 'trackerAccess' | 'trackerOptions'>;
}

/** The tasks of a closing that can be commented on, where they are now. */
export async function tasksToTell(
  { evidence }: Closure,
  { store, trackers, settings }: Pick<InTasksDeps, 'store' | 'trackers' | 'settings'>,
): Promise<Pick<AnnouncementPlace, 'kind' | 'name' | 'to' | 'shown'>[]> {
  if (!settings.announceInTasks) return [];
  const shown = new Map(evidence.flatMap(({ task, name }) => (task ? [[task, name ?? task] as const] : [])));
  const places = new Map<string, Pick<AnnouncementPlace, 'kind' | 'name' | 'to' | 'shown'>>();
  for (const [task, now] of await store.currentKeysOf(shown.keys())) {
    const found = commented(now, { trackers, settings });
    if (found !== undefined)
      places.set(now, { kind: 'task', name: found.tracker.name, to: now, shown: shown.get(task) ?? now });
  }
  return [...places.values()];
}

/** How a task is commented on; `undefined` if it is not. */
function commented(task: string, { trackers, settings }: Pick<InTasksDeps, 'trackers' | 'settings'>) {
  const tracker = trackers.find(({ name }) => name === trackerOf(task));
  const access = tracker && settings.trackerAccess[tracker.name];
  if (!tracker?.commenting || !tracker.readBack || access === undefined) return undefined;
  if (!(tracker.readBack.covers?.(task, access.urls) ?? true)) return undefined;
  return { tracker, commenting: tracker.commenting, readBack: tracker.readBack, access };
}

/** Comments on a task, in its tracker. */
export function inTasks({ store, clock, http, trackers, settings }: InTasksDeps): Post {
  return async ({ place, closure, incident, mayPost, signal }) => {
    const found = commented(place.to, { trackers, settings });
    if (found === undefined || closure === undefined)
      throw new CannotAnnounceError(`${place.to} cannot be commented on any more with what is set`);
    const { tracker, commenting, readBack, access } = found;
    // A tracker that asked to be left alone is, whoever asked it.
    const { failure } = (await store.trackerStatus.get(tracker.name)) ?? {};
    if (failure?.reason === 'busy' && failure.retryAt > clock.now())
      throw new AnnounceLaterError(failure.words, failure.retryAt);
    const comment = {
      task: place.to,
      closure: closure.id,
      text: closingText(closure, incident),
      ...(incident?.permalink !== undefined && { url: incident.permalink }),
      marker: markerOf(closure.id),
      since: closure.at - COARSE_CLOCK_SKEW,
      mayPost,
    };
    try {
      await commenting.comment(comment, {
        ...access,
        options: settings.trackerOptions[tracker.name] ?? {},
        now: clock.now(),
        send: restrictedSend(http, readBack, access.urls, signal),
      });
    } catch (error) {
      if (error instanceof CannotCommentError) throw new CannotAnnounceError(error.message);
      if (error instanceof TrackerBusyError) throw new AnnounceLaterError(error.message, error.retryAt);
      throw error;
    }
  };
}
