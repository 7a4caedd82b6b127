import type { Logger } from 'pino';

const EVERY = 30_000;

/**
 * A listener for 'error' events that logs each message once in 30 s: a server that is down makes hundreds a
 * minute. Only the message is logged; the error itself can hold the command that failed, with a password in it.
 */
export function quietErrors(log: Logger, of: string): (error: Error) => void {
  const lastLogged = new Map<string, number>();
  return (error) => {
    const message = error.message || error.name;
    const now = Date.now();
    if (now - (lastLogged.get(message) ?? Number.NEGATIVE_INFINITY) < EVERY) return;
    // Messages that hold job ids are never the same: forget them rather than keep them all.
    if (lastLogged.size >= 100) lastLogged.clear();
    lastLogged.set(message, now);
    log.warn({ of }, message);
  };
}
