import type { FastifyReply } from 'fastify';

/** When (s) a sender should retry. */
const RETRY_AFTER = 5;

/** Every answer is JSON with a `status`; unless all is well, it has a `reason` for people. */
export function answer(
  reply: FastifyReply,
  code: number,
  body: { status: string; reason?: string },
): FastifyReply {
  return reply.code(code).header('content-type', 'application/json').send(JSON.stringify(body));
}

export function refuse(reply: FastifyReply, code: number, reason: string): FastifyReply {
  return answer(reply, code, { status: 'error', reason });
}

/** Asks the sender to retry. */
export function busy(reply: FastifyReply, reason: string): FastifyReply {
  return refuse(reply.header('retry-after', RETRY_AFTER), 503, reason);
}
