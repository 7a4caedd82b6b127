import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with an object, or with 304 if the asker has just that already: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 * `now`, if there is one, tells nothing new by itself. Nothing is kept by the browser: names of incidents stay in the page.
 */
export function sendIfChanged(request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  const now = 'now' in body && typeof body.now === 'number' ? body.now : undefined;
  const text = JSON.stringify({ ...body, now: undefined });
  const tag = `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  return sendTagged(request, reply, tag, () => (now === undefined ? text : `{"now":${now},${text.slice(1)}`));
}

/** The same where a tag is known without the text. */
export function sendTagged(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  tag: string,
  textOf: () => string,
): FastifyReply {
  void reply.headers({ etag: tag, 'cache-control': 'no-store' });
  const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim());
  if (known.includes(tag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(textOf());
}
