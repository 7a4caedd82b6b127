import { timingSafeEqual } from 'node:crypto';
import { need, type RouteName, type SimCall } from './call.ts';
import type { Fault } from './misbehaviour.ts';
import { badRequest, Problem, plainProblem, tooManyRequests, unauthenticated } from './problems.ts';
import type { RateLimiter } from './rate-limit.ts';
import { routes } from './routes/index.ts';
import type { ApiKey } from './types.ts';
import type { World } from './world.ts';

/** Statuses of errors that the schema describes for every route; others come from what stands in front of the API. */
export const DESCRIBED = [400, 401, 403, 404, 409, 422, 429, 500];

/** What goes over the wire. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  text: string;
  genuine: boolean;
}

export interface Arrival {
  route: RouteName;
  authorization: string | undefined;
  id: string;
  query: URLSearchParams;
  bodyText: string;
}

/** incident.io's answer to a request: who asks, at what pace, may they, and then what they asked for. */
export function answerRequest(world: World, limiter: RateLimiter | undefined, arrival: Arrival): Reply {
  const headers: Record<string, string> = {};
  try {
    const key = apiKeyOf(world, arrival.authorization);
    const ticket = limiter?.take(key.id, arrival.route);
    Object.assign(headers, ticket?.headers);
    if (ticket?.allowed === false)
      throw tooManyRequests(ticket.retryAt, { name: key.name, limit: ticket.limit });
    const route = routes[arrival.route];
    need(key, route.role, route.scope);
    const call: SimCall = { key, id: arrival.id, query: arrival.query, body: parsed(arrival.bodyText) };
    const { status, body } = route.handle(world, call);
    return body === undefined
      ? { status, headers, text: '', genuine: true }
      : json(status, JSON.stringify(body), headers);
  } catch (error) {
    if (error instanceof Problem) return problem(world, error, headers);
    throw error;
  }
}

/** The key that an `Authorization` header gives, if any. */
export function apiKeyOf(world: World, authorization: string | undefined): ApiKey {
  if (authorization === undefined || authorization === '') {
    throw unauthenticated('missing_authorization_material', 'No authorization material provided in request');
  }
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1] ?? '';
  const key = world.keys.find((candidate) => sameText(candidate.token, token));
  if (key === undefined) throw unauthenticated('access_token_invalid', 'The access token is not a valid one');
  return key;
}

/** The answer of a server that misbehaves; undefined for a fault that leaves no answer. */
export function faultyReply(world: World, fault: Fault, genuine: Reply | undefined): Reply | undefined {
  switch (fault.kind) {
    case 'status':
      return faultyStatus(world, fault);
    case 'html':
      return {
        status: fault.status ?? 200,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        text: '<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>',
        genuine: false,
      };
    case 'truncated':
      return { ...json(200, genuine?.text.slice(0, genuine.text.length / 2) ?? ''), genuine: false };
    case 'garbage':
      return { ...json(200, '{"unexpected":[null,{"id":7}]}'), genuine: false };
    case 'empty-404':
      return emptyNotFound();
    default:
      return undefined;
  }
}

/** What an unknown path, and a known one with the wrong method, are answered with. */
export function emptyNotFound(): Reply {
  return { status: 404, headers: {}, text: '', genuine: false };
}

function faultyStatus(world: World, fault: Extract<Fault, { kind: 'status' }>): Reply {
  const headers: Record<string, string> = {};
  const wait = fault.retryAfterSeconds ?? (fault.status === 429 ? 1 : undefined);
  const retryAt = world.clock.now() + (wait ?? 0) * 1000;
  if (wait !== undefined) {
    headers['retry-after'] = fault.retryAfterAs === 'date' ? new Date(retryAt).toUTCString() : String(wait);
  }
  if (fault.status !== 429) {
    const reply = problem(world, plainProblem(fault.status), headers);
    return { ...reply, genuine: DESCRIBED.includes(fault.status) };
  }
  return problem(world, tooManyRequests(retryAt, { name: 'stand-in', limit: 1200 }), headers);
}

function problem(world: World, error: Problem, headers: Record<string, string>): Reply {
  return json(error.status, JSON.stringify({ ...error.body, request_id: world.newId() }), headers);
}

function json(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { ...headers, 'content-type': 'application/json' }, text, genuine: true };
}

function parsed(bodyText: string): unknown {
  if (bodyText === '') return undefined;
  try {
    return JSON.parse(bodyText);
  } catch {
    throw badRequest('The body is not JSON');
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
