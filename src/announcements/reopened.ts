import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Settings } from '../settings/settings.ts';
import type { ReopenedTask } from '../store/notices/reopened.ts';
import type { Closure } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { notificationsToTell } from './by-notification.ts';
import { webhooksToTell } from './by-webhook.ts';
import { announceEvent } from './event.ts';
import { reopenedBody } from './message.ts';
import type { AnnouncementTarget } from './plan.ts';

export interface AnnounceReopenedDeps {
  store: Store;
  clock: Clock;
  settings: Settings;
}

/** A UUID for one task of one closing: it identifies what we post about it. */
export function reopeningId(closure: string, task: string): string {
  const hex = createHash('sha256').update(`${closure} ${task}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/**
 * Makes it due to be told that a task was opened again after we had closed its incident: as `ON_REOPENED` says, in the
 * incident, where operators are notified, by webhook, and with a follow-up of its own. Again, it changes nothing.
 */
export async function announceReopened(
  incident: string,
  closure: Pick<Closure, 'id'>,
  reopened: ReopenedTask,
  { store, clock, settings }: AnnounceReopenedDeps,
): Promise<void> {
  if (settings.onReopened === 'nothing') return;
  const record = await store.incidents.get(incident);
  const inIncident = { name: 'incident-io', to: incident, shown: record?.reference ?? incident };
  const places: AnnouncementTarget[] = [
    { kind: 'incident', ...inIncident },
    ...(settings.onReopened === 'follow-up' ? [{ kind: 'follow-up' as const, ...inIncident }] : []),
    ...notificationsToTell(settings, 'reopened'),
    ...webhooksToTell(settings),
  ];
  const body = reopenedBody(incident, closure.id, reopened, record);
  const event = {
    type: 'incident.reopened' as const,
    incident,
    closure: closure.id,
    reopened,
    at: clock.now(),
    body,
  };
  const member = `incident.reopened/${incident}/${reopeningId(closure.id, reopened.task)}`;
  await announceEvent(member, event, { store, clock, settings }, places);
}
