import type { Announcement } from './announcement-records.ts';

/** The rank of announcements, by when (ms) they are next attempted. Its members name the entries of `announcements`. */
export const ANNOUNCEMENTS_DUE = 'announcements-due';

/** The name of the announcement of a closing. */
export function memberOfClosing(incident: string, closure: string): string {
  return `incident.closed/${incident}/${closure}`;
}

/** The closing that a name stands for. */
export function closingOf(member: string): { incident: string; closure: string } | undefined {
  const [type, incident, closure] = member.split('/');
  return type === 'incident.closed' && incident && closure ? { incident, closure } : undefined;
}

/** When something of it is next attempted, ms; `undefined`: nothing is due any more. */
export function nextTry({ places }: Announcement): number | undefined {
  const times = places.flatMap(({ state, nextAt }) => (state === 'due' ? nextAt : []));
  return times.length === 0 ? undefined : Math.min(...times);
}
