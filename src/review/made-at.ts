import { timeOfId } from '../incident-io/ulid.ts';
import type { FollowUp } from '../vocabulary.ts';

/** When (ms, incident.io's clock) a follow-up was made: `created_at` is the if that was from a link, its id is not. */
export function madeAt({ id, createdAt }: Pick<FollowUp, 'id' | 'createdAt'>): number {
  return Math.max(createdAt, timeOfId(id) ?? -Infinity);
}
