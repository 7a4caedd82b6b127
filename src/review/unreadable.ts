import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { ForbiddenError, NotFoundError, RefusedError } from '../incident-io/errors.ts';
import type { Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import { DUE, updateSections } from './sections.ts';

/** It is reviewed again after the first, then with the interval doubling up to the last, ms. */
const FIRST = 5_000;
const LAST = 60 * 60_000;

/** incident.io refused the read for a reason that no retry fixes: a person has to. */
export function isFinal(error: unknown): error is ForbiddenError | NotFoundError | RefusedError {
  return error instanceof ForbiddenError || error instanceof NotFoundError || error instanceof RefusedError;
}

/**
 * Stores incident.io's answer as what the incident waits for. It is reviewed again when something happens, and
 * otherwise at growing intervals. Nothing is concluded from it.
 */
export async function storeUnreadable(
  incidentId: string,
  error: ForbiddenError | NotFoundError | RefusedError,
  why: string,
  { store, waker, clock, log }: { store: Store; waker: Waker; clock: Clock; log: Logger },
): Promise<void> {
  const before = await store.outcomes.get(incidentId);
  const rest = before?.reason === 'unreadable' ? 2 * ((before.until ?? before.at) - before.at) : FIRST;
  const now = clock.now();
  const until = now + Math.min(LAST, Math.max(FIRST, rest));
  const reference = (await store.incidents.get(incidentId))?.reference;
  await store.ready.remove(incidentId);
  await waker.wakeAt(incidentId, until, now);
  await store.failing.remove(incidentId);
  await store.outcomes.put(incidentId, {
    incident: incidentId,
    reference,
    verdict: 'wait',
    reason: 'unreadable',
    words: error.message,
    blockers: [{ why: error.message }],
    until,
    at: now,
    wokenBy: why,
  });
  await store.tables.unrank(DUE, [incidentId]);
  await updateSections([incidentId], store);
  const isKnown = before?.reason === 'unreadable' && before.words === error.message;
  log[isKnown ? 'debug' : 'warn'](
    { incident: incidentId, reference, requestId: error.requestId },
    `${reference ?? incidentId}: wait, ${error.message}`,
  );
}
