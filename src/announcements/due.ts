import type { Announcement } from '../store/records.ts';

/** The rank of what is to be told, by when (ms) it is tried next. Its members name the entries of `announcements`. */
export const ANNOUNCEMENTS_DUE = 'announcements-due';

/** The name of what is told of a closing. */
export function memberOfClosing(incident: string, closure: string): string {
  return `incident.closed/${incident}/${closure}`;
}

/** The closing that a name stands for. */
export function closingOf(member: string): { incident: string; closure: string } | undefined {
  const [type, incident, closure] = member.split('/');
  return type === 'incident.closed' && incident && closure ? { incident, closure } : undefined;
}

/** When something of it is to be tried next, ms; `undefined`: nothing is due any more. */
export function nextTry({ places }: Announcement): number | undefined {
  const times = places.flatMap(({ state, nextAt }) => (state === 'due' ? nextAt : []));
  return times.length === 0 ? undefined : Math.min(...times);
}
