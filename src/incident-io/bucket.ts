import { z } from 'zod';
import { type Announced, type Limit, rate } from './announced.ts';
import { PAUSE_MAX } from './retry-after.ts';

/**
 * What all processes know together about the pace: pure functions over one small record. Tokens of a bucket
 * are counted up to `limit`, refilled evenly over `window` ms; `at` is when they were counted last.
 */
const bucket = z.object({ limit: z.number(), window: z.number(), tokens: z.number(), at: z.number() });
export const paceState = z.object({
  /** The whole API key's. */
  key: bucket,
  /** Those of endpoints that have a lower limit of their own, by route. */
  routes: z.record(z.string(), bucket),
  /** Set by a 429, and until a probe was answered: nobody calls before, and then the probe first. */
  pausedUntil: z.number().optional(),
  /** The probe that is under way. `until`: its process is taken for dead then, and another may go. */
  probe: z.object({ id: z.string(), until: z.number() }).optional(),
});
type Bucket = z.infer<typeof bucket>;
export type PaceState = z.infer<typeof paceState>;

/** How far clocks of processes may be apart, in ms, before a time is taken for a clock's mistake. */
const SKEW = 5_000;
/** Longer than the deadline of any request. */
const PROBE_LEASE = 30_000;
/** How often it is looked whether another process's probe came back, in ms. */
const PROBE_POLL = 250;

/** Who may go now, by index, and when (in ms) it is worth while to ask again for those who may not. */
export interface Allotment {
  state: PaceState;
  granted: number[];
  wait: number;
  /** The one that was granted is the probe. */
  probe: boolean;
  /** Nobody may go before. */
  pausedUntil?: number;
  /** The state has to be written although nobody goes: it held a count of a clock that was wrong. */
  mended: boolean;
}

export function emptyState(first: Limit, tokens: number, now: number): PaceState {
  return { key: { ...first, tokens, at: now }, routes: {} };
}

/** Gives tokens to those who wait, in their order; nobody stands behind one who waits for another endpoint. */
export function allot(
  before: PaceState,
  waiting: readonly string[],
  now: number,
  probeId: string,
): Allotment {
  const state = refilled(before, now);
  const mended = [before.key, ...Object.values(before.routes)].some((own) => own.at - now > SKEW);
  const nobody = { state, granted: [], probe: false, mended };
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
    mended,
  };
}

/** A 429: everybody pauses until then, and the buckets were emptier than we thought. */
export function paused(before: PaceState, route: string, until: number, now: number): PaceState {
  const state = refilled(before, now);
  state.key.tokens = 0;
  const own = state.routes[route];
  if (own) own.tokens = 0;
  const standing =
    state.pausedUntil !== undefined && believable(state.pausedUntil, now) ? state.pausedUntil : 0;
  return { key: state.key, routes: state.routes, pausedUntil: Math.max(until, standing) };
}

/** A probe came back: answered, everybody may go; else another probe has to. */
export function probed(before: PaceState, id: string, answered: boolean): PaceState | undefined {
  if (before.probe?.id !== id) return undefined;
  const { probe: _, pausedUntil, ...rest } = before;
  return answered ? rest : { ...rest, ...(pausedUntil !== undefined && { pausedUntil }) };
}

/** Takes over what an answer announces; undefined where that is no news. What is left is corrected only downward. */
export function corrected(
  before: PaceState,
  route: string,
  announced: Announced,
  now: number,
): PaceState | undefined {
  const state = refilled(before, now);
  const { [route]: own, ...others } = state.routes;
  // The first word about a limit of an endpoint's own comes after a call was made: `remaining` has counted it.
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

/** A pause longer than any that we make was written by a clock that was wrong. */
function believable(until: number, now: number): boolean {
  return until - now <= PAUSE_MAX + SKEW;
}

function refilled(state: PaceState, now: number): PaceState {
  const routes = Object.entries(state.routes).map(([route, own]) => [route, refill(own, now)] as const);
  return { ...state, key: refill(state.key, now), routes: Object.fromEntries(routes) };
}

function refill(own: Bucket, now: number): Bucket {
  // A count of the near future is another process's: nothing is refilled twice. One of the far future is a mistake.
  if (own.at >= now) return { ...own, at: own.at - now > SKEW ? now : own.at };
  return { ...own, tokens: Math.min(own.limit, own.tokens + (now - own.at) * rate(own)), at: now };
}

/**
 * What is left was counted a moment ago and without the refill since, so a small difference is none (it would
 * cost a write with every answer); close to empty every token counts.
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
