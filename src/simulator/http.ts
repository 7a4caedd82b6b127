import { setTimeout as delay } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { answerRequest, apiKeyOf, emptyNotFound, faultyReply, type Reply } from './answering.ts';
import { ROUTES, type RouteName } from './call.ts';
import type { ExchangeObserver, LoggedRequest } from './log.ts';
import type { Fault, Misbehaviours } from './misbehaviour.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Switches, World } from './world.ts';

export interface HttpParts {
  world: World;
  limiter: RateLimiter | undefined;
  misbehaviours: Misbehaviours;
  requests: LoggedRequest[];
  onExchange?: ExchangeObserver;
  /** What `onExchange` threw. */
  complaints: unknown[];
  /** Aborts delays when the stand-in is closed. */
  closing: AbortSignal;
}

/** The API over HTTP: every request is logged, may suffer a misbehaviour, and is shown to the observer. */
export function apiServer(parts: HttpParts): FastifyInstance {
  const server = Fastify({
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // Paths that the API does not have are answered with an empty 404, also where they are badly encoded.
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      reply.raw.writeHead(404).end();
    },
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  for (const route of ROUTES) {
    const [method = '', template = ''] = route.split(' ');
    const url = template.replace('{id}', ':id');
    server.route({ method, url, handler: (request, reply) => serve(parts, route, request, reply) });
  }
  server.setNotFoundHandler((request, reply) => serve(parts, undefined, request, reply));
  return server;
}

async function serve(
  parts: HttpParts,
  route: RouteName | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { world } = parts;
  const bodyText = typeof request.body === 'string' ? request.body : '';
  const [path = '', query = ''] = request.url.split('?', 2);
  const entry = logged(parts, route, request, path, query, bodyText);
  const there = route !== undefined && exists(route, world.switches);
  const suffering = parts.misbehaviours.meet(route);

  const finish = async (fault: Fault | undefined, genuine: Reply | undefined): Promise<FastifyReply> => {
    const sent = fault === undefined ? genuine : faultyReply(world, fault, genuine);
    if (sent === undefined) return breakOff(request, reply, fault, genuine);
    entry.status = sent.status;
    observe(parts, { ...entry, bodyText, contentType: request.headers['content-type'] }, sent);
    return reply
      .code(sent.status)
      .headers(sent.headers)
      .send(sent.text === '' ? undefined : sent.text);
  };

  await wait(suffering.delayBeforeMs, parts.closing);
  if (suffering.before !== undefined) return finish(suffering.before, undefined);
  const genuine = there
    ? answerRequest(world, parts.limiter, {
        route,
        authorization: request.headers.authorization,
        id: idOf(request),
        query: new URLSearchParams(query),
        bodyText,
      })
    : emptyNotFound();
  await wait(suffering.delayAfterMs, parts.closing);
  return finish(suffering.after, genuine);
}

function exists(route: RouteName, switches: Switches): boolean {
  if (switches.onlyPatchEdit && route === 'POST /v2/incidents/{id}/actions/edit') return false;
  if (switches.onlyV2FollowUps && route.includes('/v3/follow_ups')) return false;
  return !(switches.onlyV3FollowUps && route.includes('/v2/follow_ups'));
}

/** Faults that leave no whole answer: silence, a reset, half of an answer. */
function breakOff(
  request: FastifyRequest,
  reply: FastifyReply,
  fault: Fault | undefined,
  genuine: Reply | undefined,
): FastifyReply {
  reply.hijack();
  const { socket } = request.raw;
  if (fault?.kind === 'reset') socket.resetAndDestroy();
  if (fault?.kind === 'cut' && genuine !== undefined) {
    const length = Buffer.byteLength(genuine.text);
    reply.raw.writeHead(genuine.status, { ...genuine.headers, 'content-length': String(length + 1) });
    reply.raw.write(genuine.text.slice(0, genuine.text.length / 2), () => socket.destroy());
  }
  return reply;
}

function logged(
  parts: HttpParts,
  route: RouteName | undefined,
  request: FastifyRequest,
  path: string,
  query: string,
  bodyText: string,
): LoggedRequest {
  const entry: LoggedRequest = { at: parts.world.clock.now(), method: request.method, path, query };
  if (route !== undefined) entry.route = route;
  const body = attempt((): unknown => JSON.parse(bodyText));
  if (bodyText !== '') entry.body = body ?? bodyText;
  const key = attempt(() => apiKeyOf(parts.world, request.headers.authorization).name);
  if (key !== undefined) entry.key = key;
  parts.requests.push(entry);
  return entry;
}

function observe(
  parts: HttpParts,
  request: LoggedRequest & { bodyText: string; contentType: string | undefined },
  sent: Reply,
): void {
  const { method, path, route, query, bodyText, contentType } = request;
  const sentType = sent.headers['content-type'];
  try {
    parts.onExchange?.(
      {
        method,
        path,
        ...(route !== undefined && { route }),
        query: new URLSearchParams(query),
        ...(contentType !== undefined && { contentType }),
        bodyText,
      },
      {
        status: sent.status,
        headers: sent.headers,
        ...(sentType !== undefined && { contentType: sentType }),
        bodyText: sent.text,
        genuine: sent.genuine,
      },
    );
  } catch (error) {
    parts.complaints.push(error);
  }
}

async function wait(ms: number, closing: AbortSignal): Promise<void> {
  // A stand-in that is being closed answers at once: its connections are cut anyway.
  if (ms > 0) await delay(ms, undefined, { signal: closing }).catch(() => undefined);
}

function idOf(request: FastifyRequest): string {
  const { params } = request;
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : '';
  return typeof id === 'string' ? id : '';
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
