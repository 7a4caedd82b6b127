import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { bounded } from '../outside-text.ts';
import type { JobContext } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import { updateSections } from './sections.ts';

const LONGEST_WHY = 500;

/**
 * Stores that the review of an incident failed, and when it is tried again, for board and `check`; the next outcome
 * removes it. What the review before decided stands.
 */
export async function storeFailing(
  incidentId: string,
  error: unknown,
  { retryIn }: Pick<JobContext, 'retryIn'>,
  { store, clock, log }: { store: Store; clock: Clock; log: Logger },
): Promise<void> {
  const at = clock.now();
  const why = bounded(error instanceof Error ? error.message : String(error), LONGEST_WHY);
  try {
    await store.failing.update([incidentId], (known) => ({
      why,
      since: known?.since ?? at,
      at,
      tries: (known?.tries ?? 0) + 1,
      ...(retryIn !== undefined && { retryAt: at + retryIn }),
    }));
    await updateSections([incidentId], store);
  } catch (err) {
    // Most likely the review failed for the same reason: the queue keeps it anyway.
    log.debug({ err, incident: incidentId }, 'that a review failed could not be stored');
  }
}
