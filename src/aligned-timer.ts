/**
 * Looks that come again and again, on one beat: a process that has nothing to do wakes once for all that look as often,
 * and looks of other times meet theirs.
 */

/** ms until the next beat of `every` ms; `now`: of `performance`. */
export function untilBeat(every: number, now: number = performance.now()): number {
  const left = every - (now % every);
  // A timer may be a moment early.
  return Math.ceil(left < every / 10 ? left + every : left);
}

/** Calls `look` on each beat of `every` ms. Keeps no process alive. Returns a function that ends it. */
export function onBeat(every: number, look: () => void): () => void {
  let timer: NodeJS.Timeout;
  const next = () => {
    timer = setTimeout(() => {
      next();
      look();
    }, untilBeat(every)).unref();
  };
  next();
  return () => clearTimeout(timer);
}
