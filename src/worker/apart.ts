import { PutBack } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';

/**
 * Two looks at one incident keep this distance, ms, so that a burst of events costs few reads. It is far below any
 * pause that a review can be put back for, and what is woken meanwhile is seen by the later look.
 */
const APART = 750;

/** Puts the review back where the incident was looked at a moment ago. `now` in ms, by the store's clock. */
export async function keepApart(incidentId: string, store: Store, now: number): Promise<void> {
  const last = (await store.outcomes.get(incidentId))?.at;
  // A time ahead of ours is that of a clock that was wrong: it holds nobody up.
  if (last !== undefined && last <= now && now - last < APART)
    throw new PutBack('it was looked at a moment ago', APART - (now - last));
}
