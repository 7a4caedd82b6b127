/**
 * Work that comes again and again, at common ticks: a process that has nothing to do wakes once for all that run as often,
 * and work of other intervals meets theirs.
 */

/** ms until the next tick of `every` ms; `now`: of `performance`. */
export function untilNextTick(every: number, now: number = performance.now()): number {
  const left = every - (now % every);
  // A timer may be a moment early.
  return Math.ceil(left < every / 10 ? left + every : left);
}

/** Calls `fn` at each tick of `every` ms. Keeps no process alive. Returns a function that ends it. */
export function onTick(every: number, fn: () => void): () => void {
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(() => {
      next();
      fn();
    }, untilNextTick(every)).unref();
  };
  next();
  return () => clearTimeout(timer);
}
