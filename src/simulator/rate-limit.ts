import type { Clock } from '../clock.ts';
import type { RouteName } from './call.ts';

/** A bucket of `capacity` requests, refilled with `perSecond` a second. */
export interface RateLimit {
  capacity: number;
  perSecond: number;
}

/**
 * incident.io refills 20 a second; how many may come at once is less than the 1200 a minute that it names,
 * to be careful. https://docs.incident.io/api-reference/introduction
 */
export const DEFAULT_RATE_LIMIT: RateLimit = { capacity: 60, perSecond: 20 };

export interface Ticket {
  allowed: boolean;
  headers: Record<string, string>;
  /** The limit that binds, in requests, and when it allows the next one, in ms since 1970. */
  limit: number;
  retryAt: number;
}

interface Bucket extends RateLimit {
  tokens: number;
  at: number;
}

/** One token bucket for each API key, and one more for each of its routes that has a limit of its own. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #routeLimits: Partial<Record<RouteName, RateLimit>>;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, clock: Clock, routeLimits: Partial<Record<RouteName, RateLimit>> = {}) {
    this.#limit = limit;
    this.#clock = clock;
    this.#routeLimits = routeLimits;
  }

  /** Takes one request from all buckets that it falls under, or from none where one of them is empty. */
  take(keyId: string, route: RouteName): Ticket {
    const now = this.#clock.now();
    const own = this.#routeLimits[route];
    const buckets = [this.#refilled(keyId, this.#limit, now)];
    if (own !== undefined) buckets.push(this.#refilled(`${keyId} ${route}`, own, now));
    const allowed = buckets.every((bucket) => bucket.tokens >= 1);
    if (allowed) for (const bucket of buckets) bucket.tokens -= 1;

    const binding = buckets.reduce((least, bucket) => (bucket.tokens < least.tokens ? bucket : least));
    const waitMs = binding.tokens >= 1 ? 0 : Math.ceil(((1 - binding.tokens) / binding.perSecond) * 1000);
    const fullAt = now + ((binding.capacity - binding.tokens) / binding.perSecond) * 1000;
    const remaining = Math.floor(binding.tokens);
    const headers: Record<string, string> = {
      'x-ratelimit-limit': [String(binding.capacity), ...buckets.map(announced)].join(', '),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-used': String(binding.capacity - remaining),
      'x-ratelimit-reset': String(Math.ceil(fullAt / 1000)),
    };
    if (!allowed) headers['retry-after'] = String(Math.max(1, Math.ceil(waitMs / 1000)));
    return { allowed, headers, limit: binding.capacity, retryAt: now + waitMs };
  }

  #refilled(name: string, limit: RateLimit, now: number): Bucket {
    const bucket = this.#buckets.get(name) ?? { ...limit, tokens: limit.capacity, at: now };
    const gained = (Math.max(0, now - bucket.at) / 1000) * limit.perSecond;
    bucket.tokens = Math.min(limit.capacity, bucket.tokens + gained);
    bucket.at = now;
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

/** A bucket as the headers tell it: what it holds, and the seconds in which that much is refilled. */
function announced({ capacity, perSecond }: RateLimit): string {
  return `${capacity};window=${Math.max(1, Math.ceil(capacity / perSecond))}`;
}
