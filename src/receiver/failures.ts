import type { Logger } from '../log.ts';
import { type Answer, busyNow, refusal } from './answers.ts';
import type { Asked, Door } from './door.ts';
import { BodyError } from './read-body.ts';

/** The answer to a request that could not be read, or whose handling failed. */
export function failure(error: unknown, asked: Asked, { door, log }: { door: Door; log: Logger }): Answer {
  const code = codeOf(error);
  const path = pathOf(asked.raw.url);
  if (code === 413) {
    door.remember('too-large', asked);
    door.tooLarge({ path, from: asked.from, bytes: asked.raw.headers['content-length'] });
    return refusal(413, 'the body is over 5 MiB');
  }
  if (code === 503) {
    if (!(error instanceof BodyError)) return busyNow('too much at once');
    door.turnedAway(asked, error.message);
    return busyNow(error.message);
  }
  if (error instanceof BodyError) return refusal(code, error.message);
  if (code < 500) return refusal(400, 'the request cannot be read');
  log.error({ err: error, path }, 'a request failed');
  const reason = 'it failed here: see the log';
  // Most senders retry after a 503 and not after a 500.
  return path.startsWith('/webhooks/') ? busyNow(reason) : refusal(500, reason);
}

/** Without the query, which may contain a secret. */
export function pathOf(url = ''): string {
  return url.split('?', 1)[0] ?? '';
}

function codeOf(error: unknown): number {
  const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof code === 'number' ? code : 500;
}
