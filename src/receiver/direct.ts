import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import type { Answer } from './answers.ts';
import { type Asked, BODY_LIMIT, type Door, discardRest } from './door.ts';
import { failure } from './failures.ts';
import { arrivedBody, readBody } from './read-body.ts';
import type { SenderOf } from './sender.ts';
import type { Turns } from './turns.ts';
import type { DeliveryRoute } from './webhooks.ts';

export interface DirectOptions {
  routes: readonly DeliveryRoute[];
  door: Door;
  log: Logger;
  turns: Turns;
  senderOf: SenderOf;
  /** How long (ms) an answer may be in flight without the client reading any of it. */
  untaken: number;
}

/**
 * Has deliveries of the usual form answered without Fastify, which takes all else and answers it the same: it would cost
 * as much as verifying and reading them. Returns a function that leaves them to Fastify again.
 */
export function answerDirectly(server: Server, options: DirectOptions): () => void {
  const { turns } = options;
  const byPath = new Map(options.routes.map((one) => [one.path, one]));
  const others = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const route = isUsual(request) ? byPath.get(request.url ?? '') : undefined;
    if (route === undefined) {
      for (const other of others) Reflect.apply(other, server, [request, response]);
      return;
    }
    const begin = () =>
      answer(route, request, response, options).catch((err: unknown) => {
        options.log.error({ err }, 'an answer could not be sent');
        response.destroy();
      });
    turns.take(request.socket, response, () => void begin());
  });
  return () => byPath.clear();
}

const JSON_TYPE = /^application\/json(; ?charset=utf-8)?$/i;

/** With a body of JSON whose length is known, as all trackers send it. */
function isUsual({ method, headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length']);
  return (
    method === 'POST' &&
    length > 0 &&
    length <= BODY_LIMIT &&
    JSON_TYPE.test(headers['content-type'] ?? '') &&
    headers['transfer-encoding'] === undefined &&
    headers.expect === undefined
  );
}

async function answer(
  { source, deliver }: DeliveryRoute,
  request: IncomingMessage,
  response: ServerResponse,
  { door, log, senderOf, untaken }: DirectOptions,
): Promise<void> {
  const from = senderOf(request);
  const asked: Asked = { raw: request, from, source };
  const entered = door.enter(asked);
  if ('code' in entered) {
    discardRest(request, response);
    send(response, entered, untaken);
    return;
  }
  let isRead = false;
  let given: Answer;
  try {
    await arrival();
    const body = arrivedBody(request, entered) ?? (await readBody(request, entered, BODY_LIMIT));
    isRead = true;
    given = await deliver({ headers: request.headers, body, from });
  } catch (error) {
    given = failure(error, asked, { door, log });
  }
  // An answer that nobody reads holds a connection, but no place.
  entered.leave();
  if (!isRead) discardRest(request, response);
  send(response, given, untaken);
}

/** What came along with the headers, usually all of the body, is parsed right after them. */
function arrival(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const SAME_FOR_ALL = ['x-content-type-options', 'nosniff', 'cache-control', 'no-store'];

function send(response: ServerResponse, { code, body, headers = {} }: Answer, untaken: number): void {
  const text = JSON.stringify(body);
  response.setTimeout(untaken);
  response
    .writeHead(code, [
      ...SAME_FOR_ALL,
      ...Object.entries(headers).flat(),
      ...[
        'content-type',
        'application/json; charset=utf-8',
        'content-length',
        String(Buffer.byteLength(text)),
      ],
    ])
    .end(text);
}
