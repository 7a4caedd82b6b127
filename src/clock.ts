/** Time and randomness come in as parameters, so that every schedule can be tested. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A time this far ahead of ours, ms, may be from another machine whose clock is right. */
export const MAX_CLOCK_SKEW = 5_000;

/** Whether `ms` have passed since `last` (ms). A time ahead of ours is from before the clock was set back: passed. */
export function isOver(last: number, ms: number, now: number): boolean {
  return now - last >= ms || last - now > MAX_CLOCK_SKEW;
}
