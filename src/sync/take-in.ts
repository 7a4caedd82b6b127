import type { FollowUp } from '../vocabulary.ts';
import type { SyncDeps } from './deps.ts';
import { indexFollowUps } from './index-follow-ups.ts';

/** Indexes follow-ups. Returns the incidents for which that was news, and how many reviews it woke. */
export async function takeIn(
  page: readonly FollowUp[],
  deps: Pick<SyncDeps, 'store' | 'clock' | 'taskKeyOf' | 'waker'>,
): Promise<{ changed: Set<string>; woken: number }> {
  const { changed } = await indexFollowUps(page, deps, (incidents) =>
    deps.store.owe(incidents, deps.clock.now()),
  );
  return { changed, woken: changed.size === 0 ? 0 : await wakeOwed(deps) };
}

/** Wakes the reviews that are owed. Returns how many. */
export async function wakeOwed({ store, waker }: Pick<SyncDeps, 'store' | 'waker'>): Promise<number> {
  let woken = 0;
  for (;;) {
    const incidents = await store.owed(500);
    if (incidents.length === 0) return woken;
    await waker.wake(incidents, 'a follow-up that is new or changed in incident.io');
    await store.paid(incidents);
    woken += incidents.length;
  }
}
