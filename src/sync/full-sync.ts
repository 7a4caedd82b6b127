import { randomUUID } from 'node:crypto';
import type { IndexedFollowUp } from '../store/records.ts';
import { forgetFollowUps } from './index-follow-ups.ts';
import { type SyncDeps, takeIn } from './sync.ts';

/** How often everything is read anew, ms: `updated_at` does not move for every change, and a deleted follow-up has none. */
export const FULL_SYNC_EVERY = 24 * 3_600_000;
/** Pages of the full sync keep this distance, ms, so that it is hardly noticed. */
const BETWEEN_PAGES = 2_000;
const LEASE = 120_000;

/**
 * Reads all follow-ups slowly, takes in what differs from the index, and forgets what is not listed any more.
 * Does nothing where the last one is recent or another process is at it. `pause` waits ms.
 */
export async function fullSync(
  deps: SyncDeps & { pause(ms: number): Promise<void> },
): Promise<{ followUps: number; forgotten: number } | undefined> {
  const { store, api, clock, log, pause } = deps;
  const started = clock.now();
  const last = Number((await store.meta.get('full-sync-finished')) ?? 0);
  if (started - last < FULL_SYNC_EVERY) return undefined;
  const holder = randomUUID();
  if (!(await store.lease('full-sync', holder, started, LEASE))) return undefined;
  try {
    const listed = new Set<string>();
    for await (const page of api.followUps()) {
      if (!(await store.lease('full-sync', holder, clock.now(), LEASE))) return undefined;
      for (const { id } of page) listed.add(id);
      await takeIn(page, deps);
      await pause(BETWEEN_PAGES);
    }
    let forgotten = 0;
    for await (const rows of store.followUps.all()) {
      const gone = rows.filter(({ id, value }) => !listed.has(id) && value.indexedAt < started);
      forgotten += gone.length;
      await forget(new Map(gone.map(({ id, value }) => [id, value])), deps);
    }
    await store.meta.put('full-sync-finished', clock.now());
    log.info({ followUps: listed.size, forgotten }, 'all follow-ups were read anew');
    return { followUps: listed.size, forgotten };
  } finally {
    await store.release('full-sync', holder);
  }
}

/** An incident that lost a follow-up may be ready now. */
async function forget(gone: Map<string, IndexedFollowUp>, { store, clock, waker }: SyncDeps): Promise<void> {
  if (gone.size === 0) return;
  const incidents = [...new Set([...gone.values()].map(({ incident }) => incident))];
  await store.owe(incidents, clock.now());
  await forgetFollowUps(gone, store);
  await waker.wake(incidents, 'a follow-up that is not listed any more');
  await store.paid(incidents);
}
