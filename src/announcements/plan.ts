import type { DestinationSettings } from '../notifications/destinations.ts';
import type { Policy } from '../policy/policy.ts';
import { storedRule } from '../review/gather.ts';
import type { Settings } from '../settings/settings.ts';
import type { Announcement, AnnouncementPlace } from '../store/announcement-records.ts';
import type { Closure, IncidentRecord } from '../store/records.ts';
import { notificationsToTell } from './by-notification.ts';
import { webhooksToTell } from './by-webhook.ts';
import { type InTasksDeps, tasksToTell } from './in-tasks.ts';
import { closedBody } from './message.ts';

export interface PlanDeps extends Pick<InTasksDeps, 'store' | 'trackers'> {
  settings: InTasksDeps['settings'] &
    DestinationSettings &
    Pick<Settings, 'announceInIncident' | 'outgoingWebhookUrl' | 'outgoingWebhookSecret'>;
  policy: Policy;
}

export type AnnouncementTarget = Pick<AnnouncementPlace, 'kind' | 'name' | 'to' | 'shown'>;

/** Where a closing is announced, by the current settings. */
export async function planOfClosing(
  incidentId: string,
  closure: Closure,
  incident: IncidentRecord | undefined,
  deps: PlanDeps,
): Promise<Announcement> {
  const inIncident: AnnouncementTarget[] = deps.settings.announceInIncident
    ? [{ kind: 'incident', name: 'incident-io', to: incidentId, shown: incident?.reference ?? incidentId }]
    : [];
  return {
    type: 'incident.closed',
    incident: incidentId,
    closure: closure.id,
    at: closure.confirmedAt ?? closure.at,
    body: closedBody(incidentId, closure, incident),
    places: duePlaces([
      ...(await tasksToTell(closure, deps)),
      ...inIncident,
      ...webhooksToTell(deps.settings),
      // Only where a rule asks for it: the settings alone notify of what goes wrong.
      ...(storedRule(incident, deps.policy)?.notify ? notificationsToTell(deps.settings, 'closed') : []),
    ]),
  };
}

export function duePlaces(places: readonly AnnouncementTarget[]): AnnouncementPlace[] {
  return places.map((place) => ({ ...place, state: 'due', tries: 0, nextAt: 0 }));
}
