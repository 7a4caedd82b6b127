import { trackers } from '../trackers/index.ts';

interface Given {
  announceInTasks: boolean;
  announceInIncident: boolean;
  outgoingWebhookUrl?: readonly string[] | undefined;
  outgoingWebhookSecret?: readonly string[] | undefined;
}

/** Whether closings are announced anywhere. */
export function announcesClosings({
  announceInTasks,
  announceInIncident,
  outgoingWebhookUrl,
}: Given): boolean {
  return announceInTasks || announceInIncident || outgoingWebhookUrl !== undefined;
}

/** Settings without effect, worded for whoever set them. */
export function idleAnnouncements(
  settings: Given & { trackerAccess: Readonly<Record<string, unknown>> },
): string[] {
  const able = trackers.filter(({ commenting }) => commenting !== undefined);
  const problems: string[] = [];
  if (settings.announceInTasks && !able.some(({ name }) => name in settings.trackerAccess))
    problems.push(
      `ANNOUNCE_IN_TASKS is true, and no task can be commented on: set the API token of ${able.map(({ title }) => title).join(', ')}`,
    );
  if (settings.outgoingWebhookSecret !== undefined && settings.outgoingWebhookUrl === undefined)
    problems.push('OUTGOING_WEBHOOK_SECRET is set, and no webhook is sent: set OUTGOING_WEBHOOK_URL');
  return problems;
}
