import type { Incident } from '../vocabulary.ts';

/** A follow-up as far as its looks go. */
export interface Looking {
  followUp: { id: string; status: string; completedAt?: number };
  effective?: { counts: string };
  /** What is known of its task. */
  word?: { delivery: string } | { canonical: string };
}

/** How an incident and the follow-ups that matter look, as a text to compare. */
export function looksLike(incident: Pick<Incident, 'status'>, followUps: readonly Looking[]): string {
  const rows = followUps
    // One that may stay open is no news: nothing is closed because it was added.
    .filter(({ followUp, effective }) => followUp.status !== 'deleted' && effective?.counts !== 'exempt')
    .map(({ followUp }) => `${followUp.id}:${followUp.status}`);
  return [incident.status.id, ...rows.sort()].join(' ');
}

/** How everything looked that a later sweep can see without a call for each incident. */
export function looksOf(facts: {
  incident?: Pick<Incident, 'status' | 'updatedAt' | 'hasPostmortem'>;
  followUps: readonly Looking[];
}): string | undefined {
  const { incident, followUps } = facts;
  if (incident === undefined) return undefined;
  const postmortem = incident.hasPostmortem ? ' post-mortem' : '';
  // Set back and completed anew, a follow-up has the same status, and may be the news that an incident waits for.
  const completed = Math.max(0, ...followUps.map(({ followUp }) => followUp.completedAt ?? 0));
  // By what was told, and not by when: an event may be recorded long after it was received.
  const told = followUps
    .flatMap(({ word }) => (word === undefined ? [] : 'delivery' in word ? word.delivery : word.canonical))
    .sort();
  return [`${looksLike(incident, followUps)} ${incident.updatedAt} ${completed}${postmortem}`, ...told].join(
    ' ',
  );
}
