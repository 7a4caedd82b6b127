import type { FastifyReply } from 'fastify';

/** When (s) a sender should retry. */
const RETRY_AFTER = '5';

/** What a request is answered. The body is JSON with a `status`; unless all is well, it has a `reason` for people. */
export interface Answer {
  code: number;
  body: { status: string; reason?: string };
  headers?: Readonly<Record<string, string>>;
}

export function refusal(code: number, reason: string): Answer {
  return { code, body: { status: 'error', reason } };
}

/** Asks the sender to retry. */
export function busyNow(reason: string): Answer {
  return { ...refusal(503, reason), headers: { 'retry-after': RETRY_AFTER } };
}

export function reply(to: FastifyReply, { code, body, headers }: Answer): FastifyReply {
  if (headers !== undefined) to.headers(headers);
  return to.code(code).header('content-type', 'application/json').send(JSON.stringify(body));
}

export function refuse(to: FastifyReply, code: number, reason: string): FastifyReply {
  return reply(to, refusal(code, reason));
}

export function busy(to: FastifyReply, reason: string): FastifyReply {
  return reply(to, busyNow(reason));
}
