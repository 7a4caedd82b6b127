import { MAX_CLOCK_SKEW } from '../../clock.ts';
import type { Store } from '../../store/store.ts';

/**
 * The brake, `MAX_CLOSES_PER_HOUR`: each edit takes one of a fixed number of slots, which frees up an hour later.
 * The slots are in the store, so all processes share them.
 */
const SLOTS = 'closings';
const HOUR = 3_600_000;

/** Takes a slot at `now` (ms). `undefined`: taken; otherwise when (ms) the next one frees up. */
export async function takeSlot(max: number, now: number, { times }: Store): Promise<number | undefined> {
  let free: number | undefined;
  await times.update([SLOTS], (current = []) => {
    const recent = recentOf(current, now);
    free = freeAt(recent, max, now);
    return free === undefined ? [...recent, now] : current;
  });
  return free;
}

/** Returns the slot taken at `at` (ms): nothing was edited. */
export async function returnSlot(at: number, { times }: Store): Promise<void> {
  await times.update([SLOTS], (current = []) => {
    const taken = current.indexOf(at);
    return taken === -1 ? current : current.toSpliced(taken, 1);
  });
}

/** When (ms) a slot frees up; `undefined`: now. Takes nothing. */
export async function nextSlot(max: number, now: number, { times }: Store): Promise<number | undefined> {
  return freeAt(recentOf((await times.get(SLOTS)) ?? [], now), max, now);
}

/** Slots taken within the last hour. One in the future dates from before the clock was set back: it is ignored. */
function recentOf(slots: readonly number[], now: number): number[] {
  return slots.filter((at) => at > now - HOUR && at <= now + MAX_CLOCK_SKEW);
}

/** More than `max` may be taken, since the limit may have been lowered: only the last `max` count. */
function freeAt(recent: readonly number[], max: number, now: number): number | undefined {
  return recent.length < max ? undefined : (recent.at(-max) ?? now) + HOUR;
}
