import type { Incident } from '../vocabulary.ts';

/** The part of a follow-up that goes into a fingerprint. */
export interface FingerprintedFollowUp {
  followUp: { id: string; status: string; completedAt?: number };
  effective?: { countsAs: string };
  history?: { setBacks: number };
  /** What is known about its task. */
  taskState?: { delivery: string };
}

/** The state of an incident and the follow-ups that matter, as a text to compare. */
export function fingerprint(
  incident: Pick<Incident, 'status'>,
  followUps: readonly FingerprintedFollowUp[],
): string {
  const rows = followUps
    // One that may stay open is no news: nothing is closed because it was added.
    .filter(({ followUp, effective }) => followUp.status !== 'deleted' && effective?.countsAs !== 'exempt')
    .map(({ followUp }) => `${followUp.id}:${followUp.status}`);
  return [incident.status.id, ...rows.sort()].join(' ');
}

/** The part of it that a later sweep can see without a call per incident. */
export function fingerprintOf(facts: {
  incident?: Pick<Incident, 'status' | 'updatedAt' | 'hasPostmortem' | 'roles'>;
  followUps: readonly FingerprintedFollowUp[];
}): string | undefined {
  const { incident, followUps } = facts;
  if (incident === undefined) return undefined;
  const postmortem = incident.hasPostmortem ? ' post-mortem' : '';
  // Whether `updated_at` moves with an assignment is not documented.
  const filled = (incident.roles ?? []).filter(({ isFilled }) => isFilled).map(({ id }) => id);
  // A follow-up that was set back and completed again has the same status, yet may be the news an incident waits for.
  const completed = Math.max(0, ...followUps.map(({ followUp }) => followUp.completedAt ?? 0));
  const setBacks = followUps.reduce((sum, { history }) => sum + (history?.setBacks ?? 0), 0);
  // By what was reported, not by when: an event may be recorded long after it was received.
  const deliveries = followUps.flatMap(({ taskState }) => taskState?.delivery ?? []).sort();
  return [
    `${fingerprint(incident, followUps)} ${incident.updatedAt} ${completed}/${setBacks}${postmortem}`,
    ...filled.sort(),
    ...deliveries,
  ].join(' ');
}
