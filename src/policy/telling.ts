import { announcesClosings } from '../settings/announcements.ts';
import { notifiesAnybody } from '../settings/notifications.ts';
import type { Settings } from '../settings/settings.ts';
import type { Policy } from './policy.ts';

/** Whether closings are told anywhere: announced by the settings, or, where a rule says so, to operators. */
export function tellsOfClosings(settings: Settings, { rules }: Pick<Policy, 'rules'>): boolean {
  return announcesClosings(settings) || (notifiesAnybody(settings) && rules.some(({ notify }) => notify));
}
