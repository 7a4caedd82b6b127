import type { Category } from './types.ts';

const ACTIVE: readonly Category[] = ['live', 'triage'];

/**
 * Whether the API lets an incident go from one category of status to another: within a category, from active
 * or triage to post-incident or closed, from post-incident to closed, and nowhere else.
 * https://docs.incident.io/api-reference/incidents-v2/edit (`incident_status_id`)
 */
export function mayMove(from: Category, to: Category): boolean {
  if (from === to) return true;
  if (ACTIVE.includes(from)) return to === 'learning' || to === 'closed';
  return from === 'learning' && to === 'closed';
}
