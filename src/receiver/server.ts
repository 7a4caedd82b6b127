import type { Server, Socket } from 'node:net';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { withDeadline } from '../deadline.ts';
import type { Logger } from '../log.ts';
import { NO_TRACKER } from '../store/delivery-log.ts';
import type { Source } from '../trackers/tracker.ts';
import type { AdmissionLimits } from './admission.ts';
import { busy, refuse, reply as send } from './answers.ts';
import { answerDirectly } from './direct.ts';
import { announcesBody, BODY_LIMIT, Door, discardRest } from './door.ts';
import { failure, pathOf } from './failures.ts';
import type { HostRule } from './host-rule.ts';
import { whyRefused } from './refusal-words.ts';
import { askedOf, webhookRoutes } from './routes.ts';
import { senderBehind } from './sender.ts';
import { Turns } from './turns.ts';
import { deliveriesOf, type WebhookOptions } from './webhooks.ts';

export interface Readiness {
  ok: boolean;
  /** What is wrong and what to do, for people. */
  problems: string[];
}

export interface ProbeOptions {
  log: Logger;
  ready(): Promise<Readiness>;
  timeouts?: Partial<Timeouts>;
  /** Concurrent connections; further ones are dropped. */
  maxConnections?: number;
  inFlight?: AdmissionLimits;
  /** How often (ms) suppressed lines are summed up. */
  sumUpEvery?: number;
  /** Who may read `/readyz`; absent: everybody. */
  mayAsk?: HostRule;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  trustedProxies?: readonly string[];
}

/** In milliseconds, from the start of a request. */
export interface Timeouts {
  headers: number;
  request: number;
  /** How often Node checks for late requests; its default of 30 s would make the other limits meaningless. */
  check: number;
  /** How long an answer may be in flight without the client reading any of it. */
  untaken: number;
}

/** As SECURITY.md says. */
export const TIMEOUTS: Timeouts = { headers: 10_000, request: 20_000, check: 1000, untaken: 20_000 };
/** Longer than the idle timeout of usual load balancers (60 s), which must not reuse a closed connection. */
const KEEP_ALIVE = 65_000;
/** Of a request's first line and all its headers, in bytes; Node's own default, which its command line could change. */
const MAX_HEADER_SIZE = 16 * 1024;
/** More than load balancers keep open, and fewer than the files that a process may usually have open. */
const MAX_CONNECTIONS = 4096;
/** How often (ms) dropped connections are logged. */
const DROPS_SAID_EVERY = 60_000;
const READY_DEADLINE = 2000;

/** The answer to a Host that `HostRule` refuses. */
export const OTHER_HOST =
  'this is only served under names of this machine: use localhost, or add the name to ALLOWED_HOSTS';

/** Health and readiness, for processes that only work. Further routes may be added before it listens. */
export function createProbeServer(options: ProbeOptions): FastifyInstance {
  return probeServer(options, doorFor(options), new Turns());
}

function doorFor({
  log,
  inFlight,
  sumUpEvery,
  onDelivery,
  memory,
}: ProbeOptions & Partial<WebhookOptions>): Door {
  return new Door({
    log,
    ...(inFlight && { limits: inFlight }),
    ...(sumUpEvery !== undefined && { sumUpEvery }),
    ...(onDelivery && { onDelivery }),
    ...(memory && { memory }),
  });
}

/** `taken`: the sources of webhooks, where any are taken. */
function probeServer(
  options: ProbeOptions,
  door: Door,
  turns: Turns,
  taken?: readonly Source[],
): FastifyInstance {
  const { log, ready, maxConnections = MAX_CONNECTIONS } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const { mayAsk, trustedProxies = [] } = options;
  // However many ask at once, the store is asked once.
  let looking: Promise<Readiness> | undefined;
  const late = (): Error => new Error(`no answer within ${READY_DEADLINE} ms`);
  const look = (): Promise<Readiness> => {
    looking ??= withDeadline(ready(), READY_DEADLINE, late).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    requestTimeout: timeouts.request,
    keepAliveTimeout: KEEP_ALIVE,
    // While draining, requests on open connections are still accepted: the queue outlives the server.
    return503OnClosing: false,
    http: {
      headersTimeout: timeouts.headers,
      connectionsCheckingInterval: timeouts.check,
      maxHeaderSize: MAX_HEADER_SIZE,
    },
    clientErrorHandler: hangUp,
    frameworkErrors: (error, request, reply) => failed(error, request, reply),
    // No route has a schema, and loading the compiler for them would take a tenth of the startup.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  limitConnections(app.server, maxConnections, log);
  // Bodies are read only by routes that ask for them.
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', ({ raw }, reply, next) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    turns.take(raw.socket, reply.raw, next);
  });
  app.addHook('onSend', (request, reply, _, next) => {
    reply.raw.setTimeout(timeouts.untaken);
    // Node itself would read on until the request times out.
    if (!request.raw.complete && announcesBody(request.raw)) discardRest(request.raw, reply);
    next();
  });
  app.setErrorHandler<FastifyError>(failed);
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url);
    if (request.method !== 'POST' && app.hasRoute({ method: 'POST', url: path }))
      return refuse(reply.header('allow', 'POST'), 405, 'only POST is served here');
    const name = /^\/webhooks\/([^/]{1,60})\/?$/.exec(path)?.[1];
    return name === undefined ? refuse(reply, 404, 'not found') : noRoute(name, request, reply);
  });

  app.get('/healthz', (_, reply) => send(reply, { code: 200, body: { status: 'ok' } }));
  app.get('/readyz', async (request, reply) => {
    if (mayAsk?.(request.headers) === false) return refuse(reply, 403, OTHER_HOST);
    const { ok, problems } = await look().catch((err: unknown): Readiness => {
      log.error({ err }, 'readiness could not be found out');
      return { ok: false, problems: ['readiness could not be found out: see the log'] };
    });
    return reply.code(ok ? 200 : 503).send({ status: ok ? 'ok' : 'unavailable', problems });
  });
  return app;

  /** A delivery for which there is no route. */
  function noRoute(name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (taken === undefined)
      return refuse(
        reply,
        404,
        'this process takes no webhooks: send them to one that runs start or receive',
      );
    const source = taken.find((one) => one.name === name);
    const known = taken.map((one) => one.name);
    const reason = source === undefined ? 'no-tracker' : 'unset';
    const why = whyRefused(reason, name, known);
    door.refused({ source: name, from: request.ip, reason: why }, reason);
    if (request.method === 'POST')
      door.remember(
        reason,
        askedOf(request),
        source === undefined ? { source: NO_TRACKER, tracker: name } : { source: name },
      );
    if (source === undefined) return refuse(reply, 404, why);
    const words = `${name} is not configured here: its secret is not set`;
    return source.answers?.unset === 503 ? busy(reply, words) : refuse(reply, 404, words);
  }

  function failed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const answer = failure(error, askedOf(request), { door, log });
    if (answer.code === 413 || answer.code === 503) discardRest(request.raw, reply);
    return send(reply, answer);
  }
}

/** Also accepts webhooks and puts their events on the queue. */
export function createServer(options: ProbeOptions & WebhookOptions): FastifyInstance {
  const door = doorFor(options);
  const ready = async (): Promise<Readiness> => {
    const { ok, problems } = await options.ready();
    const problem = door.problem();
    return problem === undefined ? { ok, problems } : { ok: false, problems: [...problems, problem] };
  };
  const turns = new Turns();
  const app = probeServer({ ...options, ready }, door, turns, options.sources);
  const routes = deliveriesOf({ ...options, door });
  void app.register(webhookRoutes, { routes, door });
  const { untaken } = { ...TIMEOUTS, ...options.timeouts };
  const senderOf = senderBehind(options.trustedProxies ?? []);
  const leaveToFastify = answerDirectly(app.server, {
    routes,
    door,
    turns,
    senderOf,
    untaken,
    log: options.log,
  });
  // It tells senders to end their connections.
  app.addHook('preClose', async () => leaveToFastify());
  return app;
}

function noSchemas(): never {
  throw new Error('a route has a schema, and nothing here compiles schemas');
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

/** The answer to input that never became a request, by the code of its error. */
const HANG_UPS: Readonly<Record<string, readonly [line: string, reason: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are over 16 KiB'],
};
const UNREADABLE = ['400 Bad Request', 'the request cannot be read'] as const;

/** Answers input that never became a request: late, too large or malformed headers. */
function hangUp({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  const [line, reason] = HANG_UPS[code] ?? UNREADABLE;
  const body = JSON.stringify({ status: 'error', reason });
  // Once an answer has begun, another one would only confuse.
  if (socket.writable && socket.bytesWritten === 0)
    socket.write(
      `HTTP/1.1 ${line}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  socket.destroy();
}
