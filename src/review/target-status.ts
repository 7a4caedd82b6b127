import type { IncidentStatus, Target } from '../vocabulary.ts';

/** The status to move an incident to: the one that was asked for by id or name, else the one of lowest rank. */
export function chooseStatus(
  statuses: readonly IncidentStatus[],
  to: Target,
  wanted: string | undefined,
): IncidentStatus | undefined {
  const fitting = statuses
    .filter(({ category }) => category === (to === 'closed' ? 'closed' : 'learning'))
    .sort((a, b) => a.rank - b.rank);
  return wanted === undefined
    ? fitting[0]
    : fitting.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase());
}

export function noStatus(to: Target, wanted: string | undefined): string {
  const variable = to === 'closed' ? 'CLOSED_STATUS' : 'RESOLVED_STATUS';
  return wanted === undefined
    ? `the organisation has no ${to} status to move it to`
    : `${variable} is “${wanted}”, which is the id or name of no ${to} status in incident.io`;
}
