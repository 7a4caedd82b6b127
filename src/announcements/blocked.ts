import { overdueIncidents } from '../operations/overdue.ts';
import { announceEvent, type EventDeps } from './event.ts';
import { blockedBody } from './message.ts';

/** Announces each incident that should have been closed for `blockedAfter` ms and is not, once until that has changed. */
export async function announceBlocked(deps: EventDeps & { blockedAfter: number }): Promise<void> {
  const { store, clock } = deps;
  for (const { incident, since, announced, late } of await overdueIncidents(deps)) {
    if (late && !announced) {
      const [outcome, record] = await Promise.all([
        store.outcomes.get(incident),
        store.incidents.get(incident),
      ]);
      const now = clock.now();
      const body = blockedBody(incident, { since, at: now }, outcome, record);
      const member = `incident.blocked/${incident}/${since}`;
      await announceEvent(member, { type: 'incident.blocked', incident, at: now, body }, deps);
    }
    if (late !== announced) await store.blocked.put(incident, { since, announced: late });
  }
}
