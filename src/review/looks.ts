import type { Incident } from '../vocabulary.ts';

/** How an incident and its follow-ups look, as a text to compare. */
export function looksLike(
  incident: Pick<Incident, 'status'>,
  followUps: readonly { followUp: { id: string; status: string } }[],
): string {
  const rows = followUps
    .filter(({ followUp }) => followUp.status !== 'deleted')
    .map(({ followUp }) => `${followUp.id}:${followUp.status}`);
  return [incident.status.id, ...rows.sort()].join(' ');
}

/** How everything looked that a later sweep can see without a call for each incident. */
export function looksOf(facts: {
  incident?: Pick<Incident, 'status' | 'updatedAt'>;
  followUps: readonly { followUp: { id: string; status: string } }[];
}): string | undefined {
  return facts.incident && `${looksLike(facts.incident, facts.followUps)} ${facts.incident.updatedAt}`;
}
