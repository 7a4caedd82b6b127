import type { Backend } from '../queue/backend.ts';
import { GIVE_UP_AFTER } from './announce.ts';
import { announceEvent, type EventDeps } from './event.ts';
import { failedBody } from './message.ts';

const MOST = 1_000;

/** Announces reviews that failed permanently, as long as that is news. */
export async function announceFailedReviews(
  deps: EventDeps & { backend: Pick<Backend, 'failed'> },
): Promise<void> {
  const { store, backend, clock } = deps;
  for (const job of await backend.failed(MOST)) {
    const { incident, at } = job;
    if (job.queue !== 'reviews' || incident === undefined || clock.now() - at > GIVE_UP_AFTER) continue;
    const body = failedBody(job, incident, await store.incidents.get(incident));
    await announceEvent(`review.failed/${job.id}/${at}`, { type: 'review.failed', incident, at, body }, deps);
  }
}
