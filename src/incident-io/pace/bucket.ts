import { z } from 'zod';
import { type Announced, type Limit, rate } from './announced-limit.ts';
import { PAUSE_MAX } from './retry-after.ts';

/**
 * What all processes know together about the pace: pure functions over one small record. A bucket holds up to `limit`
 * tokens, refilled evenly over `window` ms; `at` is when they were last counted.
 */
const bucket = z.object({ limit: z.number(), window: z.number(), tokens: z.number(), at: z.number() });
export const paceState = z.object({
  /** The whole API key's. */
  key: bucket,
  /** Buckets of endpoints with a lower limit of their own, by route. */
  routes: z.record(z.string(), bucket),
  /** Set by a 429 until a probe was answered: nobody calls before then, and the probe goes first. */
  pausedUntil: z.number().optional(),
  /** The probe in flight. `until`: after that its process is presumed dead, and another probe may go. */
  probe: z.object({ id: z.string(), until: z.number() }).optional(),
});
type Bucket = z.infer<typeof bucket>;
export type PaceState = z.infer<typeof paceState>;

/** How far the clocks of processes may differ, ms, before a time is considered wrong. */
const SKEW = 5_000;
/** Longer than the timeout of any request. */
const PROBE_LEASE = 30_000;
/** How often to check whether another process's probe was answered, ms. */
const PROBE_POLL = 250;

/** Who may go now, by index, and when (in ms) to try again for the others. */
export interface Allotment {
  state: PaceState;
  granted: number[];
  wait: number;
  /** The one that was granted is the probe. */
  probe: boolean;
  /** Nobody may go before then. */
  pausedUntil?: number;
  /** The state has to be written although nobody goes: it contained a count from a wrong clock. */
  corrected: boolean;
}

export function emptyState(first: Limit, tokens: number, now: number): PaceState {
  return { key: { ...first, tokens, at: now }, routes: {} };
}

/** Grants tokens to the waiting callers in order; nobody queues behind a caller of another endpoint. */
export function allot(
  before: PaceState,
  waiting: readonly string[],
  now: number,
  probeId: string,
): Allotment {
  const state = refilled(before, now);
  const corrected = [before.key, ...Object.values(before.routes)].some((own) => own.at - now > SKEW);
  const nobody = { state, granted: [], probe: false, corrected };
  const pause = pauseOf(state, now);
  if (pause.kind === 'until') return { ...nobody, wait: pause.at - now, pausedUntil: pause.at };
  if (pause.kind === 'probe out') return { ...nobody, wait: pause.poll };

  const probe = pause.kind === 'probe first';
  const granted: number[] = [];
  let wait = Number.POSITIVE_INFINITY;
  for (const [i, route] of waiting.entries()) {
    const own = state.routes[route];
    const short = Math.max(timeToToken(state.key), own ? timeToToken(own) : 0);
    if (short > 0) {
      wait = Math.min(wait, short);
      continue;
    }
    if (probe && granted.length > 0) {
      wait = PROBE_POLL;
      break;
    }
    state.key.tokens -= 1;
    if (own) own.tokens -= 1;
    granted.push(i);
    if (probe) state.probe = { id: probeId, until: now + PROBE_LEASE };
  }
  return {
    state,
    granted,
    wait: Number.isFinite(wait) ? wait : 0,
    probe: probe && granted.length > 0,
    corrected,
  };
}

/** A 429: everybody pauses until then, and the buckets were emptier than assumed. */
export function pausedState(before: PaceState, route: string, until: number, now: number): PaceState {
  const state = refilled(before, now);
  state.key.tokens = 0;
  const own = state.routes[route];
  if (own) own.tokens = 0;
  const standing =
    state.pausedUntil !== undefined && believable(state.pausedUntil, now) ? state.pausedUntil : 0;
  return { key: state.key, routes: state.routes, pausedUntil: Math.max(until, standing) };
}

/** A probe returned: if answered, everybody may go; otherwise another probe has to. */
export function probedState(before: PaceState, id: string, answered: boolean): PaceState | undefined {
  if (before.probe?.id !== id) return undefined;
  const { probe: _, pausedUntil, ...rest } = before;
  return answered ? rest : { ...rest, ...(pausedUntil !== undefined && { pausedUntil }) };
}

/** Applies what an answer announces; undefined if that is no news. What is left is only corrected downward. */
export function correctedState(
  before: PaceState,
  route: string,
  announced: Announced,
  now: number,
): PaceState | undefined {
  const state = refilled(before, now);
  const { [route]: own, ...others } = state.routes;
  // The first report of an endpoint's own limit comes after a call: `remaining` includes it.
  const next = announced.route && (own ?? { ...announced.route, tokens: announced.route.limit, at: now });
  const left = announced.remaining ?? Number.POSITIVE_INFINITY;
  const key = adjusted(
    state.key,
    announced.key,
    announced.binding === 'key' ? left : Number.POSITIVE_INFINITY,
  );
  const routes =
    next && announced.route
      ? {
          ...others,
          [route]: adjusted(
            next,
            announced.route,
            announced.binding === 'route' ? left : Number.POSITIVE_INFINITY,
          ),
        }
      : others;
  const news =
    !same(key, state.key) ||
    (routes[route] === undefined ? own !== undefined : own === undefined || !same(routes[route], own));
  return news ? { ...state, key, routes } : undefined;
}

type Pause =
  | { kind: 'none' }
  | { kind: 'until'; at: number }
  | { kind: 'probe first' }
  | { kind: 'probe out'; poll: number };

function pauseOf({ pausedUntil, probe }: PaceState, now: number): Pause {
  if (pausedUntil === undefined) return { kind: 'none' };
  if (pausedUntil > now && believable(pausedUntil, now)) return { kind: 'until', at: pausedUntil };
  const out = (probe?.until ?? 0) - now;
  if (out <= 0 || out > PROBE_LEASE + SKEW) return { kind: 'probe first' };
  return { kind: 'probe out', poll: Math.min(out, PROBE_POLL) };
}

/** How many calls could be made at once, of how many at most, and for how long (ms) nobody may make any. */
export function roomIn(state: PaceState, now: number): { calls: number; most: number; pausedFor: number } {
  const { key, pausedUntil } = refilled(state, now);
  const paused = pausedUntil !== undefined && believable(pausedUntil, now) ? pausedUntil - now : 0;
  return { calls: paused > 0 ? 0 : Math.floor(key.tokens), most: key.limit, pausedFor: Math.max(0, paused) };
}

/** A pause longer than any we set was written by a wrong clock. */
function believable(until: number, now: number): boolean {
  return until - now <= PAUSE_MAX + SKEW;
}

function refilled(state: PaceState, now: number): PaceState {
  const routes = Object.entries(state.routes).map(([route, own]) => [route, refill(own, now)] as const);
  return { ...state, key: refill(state.key, now), routes: Object.fromEntries(routes) };
}

function refill(own: Bucket, now: number): Bucket {
  // A count in the near future is another process's: nothing is refilled twice. One in the far future is wrong.
  if (own.at >= now) return { ...own, at: own.at - now > SKEW ? now : own.at };
  return { ...own, tokens: Math.min(own.limit, own.tokens + (now - own.at) * rate(own)), at: now };
}

/**
 * What is left was counted a moment ago, without the refill since, so a small difference is ignored (it would cost a
 * write per answer); close to empty, every token counts.
 */
function adjusted(own: Bucket, to: Limit, left: number): Bucket {
  const margin = Math.max(2, to.limit / 20);
  const news = left < margin || left < own.tokens - margin;
  return { ...own, ...to, tokens: Math.min(own.tokens, to.limit, news ? left : own.tokens) };
}

function same(a: Bucket, b: Bucket): boolean {
  return a.limit === b.limit && a.window === b.window && a.tokens === b.tokens;
}

function timeToToken(own: Bucket): number {
  return own.tokens >= 1 ? 0 : Math.ceil((1 - own.tokens) / rate(own));
}
