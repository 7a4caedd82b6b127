import type { FastifyReply } from 'fastify';
import type { Logger } from '../log.ts';
import type { Access } from './access.ts';
import { inPlainWords } from './plain-words.ts';

/** `unknown`: whether its session was ended cannot be read now. */
export type Admitted = Access | { granted: false; why: 'unknown' };

export const TOO_MANY = 'Too many wrong tokens. Wait a minute.';

const KEY_UNREAD = 'nothing can be changed now: the store does not answer';
const SESSION_UNREAD = 'whether your session still stands cannot be read: the store does not answer';

export function denied(reply: FastifyReply, { why }: Admitted & { granted: false }): FastifyReply {
  if (why === 'unknown') return reply.code(503).send({ error: SESSION_UNREAD });
  if (why === 'too-many') return reply.code(429).send({ error: TOO_MANY });
  if (why === 'no-role')
    return reply.code(403).send({ error: 'you are neither an operator nor a viewer here' });
  return reply.code(401).send({ error: 'the board is not open to you: reload it' });
}

/** What tells that a change comes from the board's own page is in the store, which does not answer. */
export function unprovable(reply: FastifyReply): FastifyReply {
  return reply.code(503).send({ error: KEY_UNREAD });
}

export function starting(reply: FastifyReply): FastifyReply {
  return reply.code(503).send({ error: 'incident-closer is still starting: its store was not reached yet' });
}

export function unknownIncident(reply: FastifyReply, name: string): FastifyReply {
  return reply
    .code(404)
    .send({ error: `${name} is not known here: it has no follow-up that was ever looked at` });
}

/** What keeps the service from working, as `/readyz` says it. */
export type Problems = () => Promise<readonly string[]>;

/** Why the store cannot be read, as `/readyz` says it and in nobody's codes. */
export async function unavailableWords(problems: Problems): Promise<string> {
  const [words = 'the store cannot be read'] = await problems();
  return inPlainWords(words);
}

/** The store did not answer while something was changed: a late command may still reach it. */
export async function unsure(
  reply: FastifyReply,
  error: unknown,
  log: Logger,
  problems: Problems,
): Promise<FastifyReply> {
  log.warn({ err: error }, 'a change on the board could not be made, or not be confirmed');
  const words = await unavailableWords(problems);
  return reply.code(503).send({ error: `whether this was done is not known. ${words}` });
}

/** The store did not answer. The page polls again soon, so nothing is lost, and nothing is logged as an error. */
export async function storeUnavailable(
  reply: FastifyReply,
  error: unknown,
  log: Logger,
  problems: Problems,
): Promise<FastifyReply> {
  log.debug({ err: error }, 'the board could not be read');
  return reply.code(503).send({ error: await unavailableWords(problems) });
}
