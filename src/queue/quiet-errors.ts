import type { Logger } from 'pino';
import { isNoAnswer, type Outage } from './outage.ts';

const EVERY = 30_000;

/**
 * A listener for 'error' events. That the server does not answer is told by `outage`, once for all connections; any other
 * message is logged at most every 30 s. Only the message is logged; the error itself can contain the command that failed,
 * with a password in it.
 */
export function quietErrors(log: Logger, of: string, outage: Outage): (error: Error) => void {
  const lastLogged = new Map<string, number>();
  return (error) => {
    const message = wordsOf(error);
    if (isNoAnswer(error)) {
      log.debug({ of }, message);
      return outage.began(message);
    }
    const now = Date.now();
    if (now - (lastLogged.get(message) ?? Number.NEGATIVE_INFINITY) < EVERY) return;
    // Messages with job ids are never the same: forget them rather than keep them all.
    if (lastLogged.size >= 100) lastLogged.clear();
    lastLogged.set(message, now);
    log.warn({ of }, message);
  };
}

/** A host with several addresses fails with one error per address, and without a message of its own. */
export function wordsOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message || first.name : String(first);
}
