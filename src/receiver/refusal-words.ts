import { distance } from 'fastest-levenshtein';
import { secretVariable } from '../settings/rows.ts';
import type { RefusalReason, RefusedDelivery } from '../store/delivery-records.ts';

/** Why deliveries were refused, for the log, `deliveries`, `doctor` and the board alike. */

/** `it is not signed with GITHUB_WEBHOOK_SECRET`; `tracker`: the one in the address. */
export function whyRefused(reason: RefusalReason, tracker: string, known: readonly string[] = []): string {
  switch (reason) {
    case 'signature':
      return `it is not signed with ${secretVariable(tracker)}`;
    case 'unset':
      return `${secretVariable(tracker)} is not set here`;
    case 'no-tracker':
      return noTracker(tracker, known);
    case 'too-large':
      return 'its body is over 5 MiB';
    case 'no-room':
      return 'too many were in flight at once';
    case 'no-answer':
      return 'the store, which has its secret, did not answer';
  }
}

/** `there is no tracker "githob": did you mean github?` */
export function noTracker(name: string, known: readonly string[]): string {
  const nearest = nearestOf(name.toLowerCase(), known);
  return `there is no tracker "${name}"${nearest === undefined ? `: the address ends in one of ${known.join(', ')}` : `: did you mean ${nearest}?`}`;
}

const TYPOS = 2;

function nearestOf(name: string, known: readonly string[]): string | undefined {
  const near = known.map((one) => ({ one, typos: distance(name, one) }));
  const [nearest] = near.sort((a, b) => a.typos - b.typos);
  return nearest !== undefined && nearest.typos <= TYPOS ? nearest.one : undefined;
}

/** `delivery 5f0c-1, webhook 4711`: what a person finds it by in its tracker. */
export function namedBy({ id, hook }: Pick<RefusedDelivery, 'id' | 'hook'>): string {
  const names = [
    ...(id === undefined ? [] : [`delivery ${id}`]),
    ...(hook === undefined ? [] : [`webhook ${hook}`]),
  ];
  return names.join(', ');
}
