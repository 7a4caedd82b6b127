import type { Server, Socket } from 'node:net';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from '../log.ts';
import { answer, refuse } from './answers.ts';
import { BODY_LIMIT, type WebhookOptions, webhooks } from './webhooks.ts';
import { within } from './within.ts';

export interface Readiness {
  ok: boolean;
  /** What is wrong and what to do, for people. */
  problems: string[];
}

export interface ProbeOptions {
  log: Logger;
  ready(): Promise<Readiness>;
  timeouts?: Timeouts;
  /** Open at once; what comes above is dropped unanswered. */
  maxConnections?: number;
}

/** In milliseconds, from the start of a request. */
export interface Timeouts {
  headers: number;
  request: number;
  /** How often Node looks for requests that are late; its default of 30 s would make the others meaningless. */
  check: number;
}

const TIMEOUTS: Timeouts = { headers: 10_000, request: 20_000, check: 1000 };
/** Longer than the idle timeout of usual load balancers (60 s), which must not meet a closed connection. */
const KEEP_ALIVE = 65_000;
/** Of all headers of a request and its first line, in bytes; Node's own default, which its command line could change. */
const MAX_HEADER_SIZE = 16 * 1024;
/** More than load balancers keep open, and less than the files that a process may usually have open. */
const MAX_CONNECTIONS = 4096;
/** How often (ms) it is said that connections are dropped. */
const DROPS_SAID_EVERY = 60_000;
const READY_DEADLINE = 2000;
/** How long (ms) the rest of a body that is too large is discarded: hanging up at once would lose the answer. */
const LINGER = 2000;

/** Health and readiness, for processes that only work. Further routes may be added before it listens. */
export function createProbeServer(options: ProbeOptions): FastifyInstance {
  const { log, ready, timeouts = TIMEOUTS, maxConnections = MAX_CONNECTIONS } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: timeouts.request,
    keepAliveTimeout: KEEP_ALIVE,
    // While it drains, what comes over open connections is still taken: the queue outlives the server.
    return503OnClosing: false,
    http: {
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: timeouts.check,
      maxHeaderSize: MAX_HEADER_SIZE,
    },
    clientErrorHandler: hangUp,
    frameworkErrors: (error, request, reply) => failed(error, request, reply),
    // No route has a schema, and to load what compiles them would take a tenth of a start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  limitConnections(app.server, maxConnections, log);
  // Bodies are read only by routes that ask for them.
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', (_, reply, next) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    next();
  });
  app.setErrorHandler<FastifyError>(failed);
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    if (request.method !== 'POST' && app.hasRoute({ method: 'POST', url: path }))
      return refuse(reply.header('allow', 'POST'), 405, 'only POST is served here');
    const tracker = /^\/webhooks\/([a-z-]{1,40})$/.exec(path)?.[1];
    if (tracker !== undefined)
      log.warn({ source: tracker, from: request.ip }, 'delivery refused: its secret is not set here');
    return refuse(
      reply,
      404,
      tracker ? `${tracker} is not configured here: its secret is not set` : 'not found',
    );
  });

  app.get('/healthz', (_, reply) => answer(reply, 200, { status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const late = (): Error => new Error(`no answer within ${READY_DEADLINE} ms`);
    const { ok, problems } = await within(ready(), READY_DEADLINE, late).catch((err: unknown): Readiness => {
      log.error({ err }, 'readiness could not be found out');
      return { ok: false, problems: ['readiness could not be found out: see the log'] };
    });
    return reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'unavailable', problems });
  });
  return app;

  function failed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const code = error.statusCode ?? 500;
    if (code === 413) {
      discardRest(request, reply);
      log.warn(
        { path: pathOf(request), from: request.ip, bytes: request.headers['content-length'] },
        'request refused: its body is over 5 MiB',
      );
      return refuse(reply, 413, 'the body is over 5 MiB');
    }
    if (code < 500) return refuse(reply, 400, 'the request cannot be read');
    log.error({ err: error, path: pathOf(request) }, 'a request failed');
    return refuse(reply, 500, 'it failed here: see the log');
  }
}

/** Also takes webhooks and puts what they say on the queue. */
export function createServer(options: ProbeOptions & WebhookOptions): FastifyInstance {
  const app = createProbeServer(options);
  void app.register(webhooks, options);
  return app;
}

function noSchemas(): never {
  throw new Error('a route has a schema, and nothing here compiles schemas');
}

/** Without the query, which may hold a secret. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

function discardRest({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  const timer = setTimeout(() => raw.socket.destroy(), LINGER);
  raw.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
  raw.resume();
}

function limitConnections(server: Server, most: number, log: Logger): void {
  server.maxConnections = most;
  let said = Number.NEGATIVE_INFINITY;
  server.on('drop', (from) => {
    const now = performance.now();
    if (now - said < DROPS_SAID_EVERY) return;
    said = now;
    log.warn(
      { from: from?.remoteAddress },
      `connections are dropped: ${most} are open, and no more are taken. Find out who holds them; a proxy in front may limit them by sender.`,
    );
  });
}

/** What is answered to what never became a request, by the code of its error. */
const HANG_UPS: Readonly<Record<string, readonly [line: string, reason: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are over 16 KiB'],
};
const UNREADABLE = ['400 Bad Request', 'the request cannot be read'] as const;

/** Answers what never became a request: late, too large or broken headers. */
function hangUp({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  const [line, reason] = HANG_UPS[code] ?? UNREADABLE;
  const body = JSON.stringify({ status: 'error', reason });
  // After an answer has begun, another one would only confuse.
  if (socket.writable && socket.bytesWritten === 0)
    socket.write(
      `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  socket.destroy();
}
