import type { Settings } from '../settings.ts';
import type { Tracker } from '../trackers/tracker.ts';

type Given = Pick<
  Settings,
  'announceInTasks' | 'announceInIncident' | 'outgoingWebhookUrl' | 'outgoingWebhookSecret'
>;

/** Whether a closing is told anywhere. */
export function announcesClosings({
  announceInTasks,
  announceInIncident,
  outgoingWebhookUrl,
}: Given): boolean {
  return announceInTasks || announceInIncident || outgoingWebhookUrl !== undefined;
}

/** What is set and comes to nothing, in words for whoever set it. */
export function idleAnnouncements(
  settings: Given & Pick<Settings, 'trackerAccess'>,
  trackers: readonly Tracker[],
): string[] {
  const able = trackers.filter(({ commenting }) => commenting !== undefined);
  const words: string[] = [];
  if (settings.announceInTasks && !able.some(({ name }) => name in settings.trackerAccess))
    words.push(
      `ANNOUNCE_IN_TASKS is true, and no task can be commented on: set the API token of ${able.map(({ title }) => title).join(', ')}`,
    );
  if (settings.outgoingWebhookSecret !== undefined && settings.outgoingWebhookUrl === undefined)
    words.push('OUTGOING_WEBHOOK_SECRET is set, and no webhook is sent: set OUTGOING_WEBHOOK_URL');
  return words;
}
