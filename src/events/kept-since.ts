import type { Store } from '../store/store.ts';

/** What no follow-up is known for is kept for this long, ms. */
const KEPT = 24 * 3_600_000;

/**
 * Before when (ms) something may be forgotten that no follow-up is known for: a day before the last sync. While incident.io
 * cannot be read, nobody knows whose follow-ups these are.
 */
export async function keptSince(store: Store, now: number): Promise<number> {
  const lastSync = Number((await store.meta.get('last-sync')) ?? -Infinity);
  return Math.min(now, lastSync) - KEPT;
}
