import { z } from 'zod';
import { MAX_CLOCK_SKEW } from '../../clock.ts';
import { formatTime } from '../../format-time.ts';
import { parsedJson } from '../../json.ts';
import type { Store } from '../store.ts';

const LOST = 'store-lost';
/** For how long operators are notified of it, ms. */
const NOTIFIED_FOR = 24 * 3_600_000;

const lostStore = z.object({
  /** When it was noticed, and when a process last found it whole, ms, our clock. */
  at: z.number(),
  wholeAt: z.number(),
});
export type LostStore = z.infer<typeof lostStore>;

/** Remembers, in the store as it is now, that it lost what it held before. What was noticed first stands. */
export async function noteLostStore(lost: LostStore, store: Store): Promise<void> {
  await store.meta.update([LOST], (known) => known ?? JSON.stringify(lost));
}

/** What was lost within the last day; `undefined`: nothing, as far as is known. */
export async function readLostStore(store: Store, now: number): Promise<LostStore | undefined> {
  const text = await store.meta.get(LOST);
  if (text === undefined) return undefined;
  const lost = lostStore.parse(parsedJson(String(text)));
  return now - lost.at < NOTIFIED_FOR && lost.at - now <= MAX_CLOCK_SKEW ? lost : undefined;
}

/** A sentence without a full stop. */
export function describeLostStore({ at, wholeAt }: LostStore): string {
  return `what incident-closer had stored is gone (found out at ${formatTime(at)}; it was there at ${formatTime(wholeAt)}): holds, the history of closings, and what was queued. It goes on as at a first start: what was ready before is backlog, and is not closed. Hold again what is to stay open, and see to it that the store keeps what it is given`;
}
