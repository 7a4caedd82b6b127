import { onTick } from '../aligned-timer.ts';

/** How often the clock is checked, and which change is more than a correction by NTP, ms. */
const CHECK_EVERY = 5_000;
const SET_BACK = 5_000;

/**
 * Calls `setBack` with how far (ms) whenever this machine's clock was set back: BullMQ's times are by that clock, so
 * delayed jobs would be that much later. Returns a function that stops it.
 */
export function watchClock(
  setBack: (ms: number) => void,
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): () => void {
  let ahead = wall() - monotonic();
  return onTick(CHECK_EVERY, () => {
    const now = wall() - monotonic();
    if (ahead - now > SET_BACK) setBack(ahead - now);
    ahead = now;
  });
}
