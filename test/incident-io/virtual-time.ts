import type { Clock } from '../../src/clock.ts';
import type { Sleep } from '../../src/sleep.ts';

/** Time that passes only when told to, and then at once. */
export interface VirtualTime extends Clock {
  sleep: Sleep;
  /** Lets `ms` pass; everybody whose sleep ends in it wakes in order, and does what it wants to. */
  pass(ms: number): Promise<void>;
}

export function virtualTime(start = Date.UTC(2026, 0, 1)): VirtualTime {
  let now = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async pass(ms) {
      const end = now + ms;
      await settled();
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        next.wake();
        await settled();
      }
      now = end;
    },
  };
}

/** Whoever sleeps wakes at once, and time has passed. `slept` tells how long each sleep was, ms. */
export function hastyTime(start = Date.UTC(2026, 0, 1)): Clock & { sleep: Sleep; slept: number[] } {
  let now = start;
  const slept: number[] = [];
  return {
    now: () => now,
    slept,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
}

/** Whatever is ready to go on has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
