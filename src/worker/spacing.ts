import { PutBack } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';

/**
 * The minimum interval between two reviews of an incident, ms, so that a burst of events costs few reads. It is far
 * below any delay a review can be put back for, and the later review sees whatever was woken meanwhile.
 */
const SPACING = 750;

/** Puts the review back if the incident was reviewed a moment ago. `now` in ms, by the store's clock. */
export async function spaceReviews(incidentId: string, store: Store, now: number): Promise<void> {
  const last = (await store.outcomes.get(incidentId))?.at;
  // A time ahead of ours comes from a clock that was wrong: ignored.
  if (last !== undefined && last <= now && now - last < SPACING)
    throw new PutBack('it was looked at a moment ago', SPACING - (now - last));
}
