import type { FollowUp } from '../vocabulary.ts';
import type { SyncDeps } from './deps.ts';
import { type IndexDeps, indexFollowUps } from './index-follow-ups.ts';

/** Indexes follow-ups. Returns the incidents for which that was news, and how many reviews it woke. */
export async function takeIn(
  page: readonly FollowUp[],
  deps: IndexDeps & Pick<SyncDeps, 'waker'>,
): Promise<{ changed: Set<string>; woken: number }> {
  const { changed } = await indexFollowUps(page, deps, (incidents) =>
    deps.store.addPendingWakes(incidents, deps.clock.now()),
  );
  return { changed, woken: changed.size === 0 ? 0 : await wakePending(deps) };
}

/** Wakes the reviews that are pending. Returns how many. */
export async function wakePending({ store, waker }: Pick<SyncDeps, 'store' | 'waker'>): Promise<number> {
  let woken = 0;
  for (;;) {
    const incidents = await store.pendingWakes(500);
    if (incidents.length === 0) return woken;
    await waker.wake(incidents, 'a follow-up that is new or changed in incident.io');
    await store.removePendingWakes(incidents);
    woken += incidents.length;
  }
}
