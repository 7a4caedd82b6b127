import type { Clock } from '../clock.ts';
import type { Http } from '../http.ts';
import { type Notification, NotTakenError } from '../notifications/destination.ts';
import { type DestinationSettings, destinationsOf } from '../notifications/destinations.ts';
import type { AnnouncementPlace } from '../store/announcement-records.ts';
import {
  AnnounceLaterError,
  CannotAnnounceError,
  NotForThisPlaceError,
  type Post,
  type Posting,
} from './posting.ts';
import { closingText, reopenedText } from './text.ts';

export interface ByNotificationDeps {
  http: Http;
  clock: Clock;
  settings: DestinationSettings;
}

/** How grave it is what operators are told of an incident. */
export const SEVERITIES = { closed: 'info', reopened: 'warning' } as const;

/** Where operators are notified of such a thing: PagerDuty is told of no closing. */
export function notificationsToTell(
  settings: DestinationSettings,
  what: keyof typeof SEVERITIES,
): Pick<AnnouncementPlace, 'kind' | 'name' | 'to' | 'shown'>[] {
  const about = { state: 'news', severity: SEVERITIES[what] } as const;
  return destinationsOf(settings, UNUSED)
    .filter(({ wants }) => wants?.(about) ?? true)
    .map(({ name, to, shown }) => ({ kind: 'notification', ...{ name, to, shown } }));
}

/** Who is told is known without telling anybody. */
const UNUSED: Http = {
  send: () => Promise.reject(new TypeError('nothing is sent here')),
  close: async () => {},
};

/** Tells operators of an incident. Of a private one it has the reference alone. */
export function byNotification({ http, clock, settings }: ByNotificationDeps): Post {
  const destinations = destinationsOf(settings, http);
  return async (posting) => {
    const { place, signal } = posting;
    const destination = destinations.find(({ to }) => to === place.to);
    if (destination === undefined)
      throw new CannotAnnounceError('it is not among those that the settings have notified any more');
    const notification = notificationOf(posting);
    if (!(destination.wants?.(notification) ?? true))
      throw new NotForThisPlaceError(`${place.name} is told of troubles alone`);
    try {
      await destination.send(notification, signal);
    } catch (error) {
      if (!(error instanceof NotTakenError)) throw error;
      if (error.pause === undefined) throw error;
      throw new AnnounceLaterError(error.message, clock.now() + error.pause);
    }
  };
}

function notificationOf({ member, announcement, closure, incident, isPrivate }: Posting): Notification {
  const { reopened, at } = announcement;
  const reference = incident?.reference ?? announcement.incident;
  const about = {
    key: `incident-closer ${member}`,
    state: 'news' as const,
    ...(!isPrivate && incident?.permalink !== undefined && { url: incident.permalink }),
    at,
  };
  if (reopened !== undefined)
    return {
      ...about,
      severity: SEVERITIES.reopened,
      title: `a task of ${reference} was opened again after the incident had been closed`,
      lines: isPrivate ? [] : [reopenedText(reopened)],
    };
  if (closure === undefined) throw new CannotAnnounceError('it is about no closing');
  return {
    ...about,
    severity: SEVERITIES.closed,
    title: `${reference} was closed`,
    lines: isPrivate ? [] : closingText(closure, incident).split('\n'),
  };
}
