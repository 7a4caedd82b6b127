import { randomUUID } from 'node:crypto';
import { askedMode } from '../review/gather.ts';
import type { IndexedFollowUp } from '../store/records.ts';
import { forgetFollowUps } from './index-follow-ups.ts';
import { type SyncDeps, takeIn } from './sync.ts';

/** How often everything is read anew, ms: `updated_at` does not move for every change, and a deleted follow-up has none. */
export const FULL_SYNC_EVERY = 24 * 3_600_000;
/** Pages of the full sync keep this distance, ms, so that it is hardly noticed. */
const BETWEEN_PAGES = 2_000;
/** Rows that appear late have appeared by then, ms. */
const LATE_ROWS = 10 * 60_000;
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
  if (!(await isDue(deps))) return undefined;
  const holder = randomUUID();
  if (!(await store.lease('full-sync', holder, started, LEASE))) return undefined;
  try {
    // Another process may have done it between the look and the lease.
    if (!(await isDue(deps))) return undefined;
    const listed = new Set<string>();
    for await (const page of api.followUps()) {
      if (!(await store.lease('full-sync', holder, clock.now(), LEASE))) return undefined;
      for (const { id } of page) listed.add(id);
      await takeIn(page, deps);
      await pause(BETWEEN_PAGES);
    }
    let forgotten = 0;
    for await (const rows of store.followUps.all()) {
      const missing = rows.filter(({ id, value }) => !listed.has(id) && value.indexedAt < started);
      const incidents = await store.incidents.getMany(missing.map(({ value }) => value.incident));
      // Of some modes lists show nothing: those a review has found.
      const gone = missing.filter(
        ({ value }) => askedMode(incidents.get(value.incident)?.mode) === undefined,
      );
      forgotten += gone.length;
      await forget(new Map(gone.map(({ id, value }) => [id, value])), deps);
    }
    await store.meta.put('full-sync-finished', clock.now());
    // Rows of a late cut may have appeared after they were passed here.
    const lastCut = await store.meta.get('last-cut');
    await store.meta.update(['full-sync-wanted'], () =>
      Number(lastCut) > started - LATE_ROWS ? lastCut : undefined,
    );
    log.info({ followUps: listed.size, forgotten }, 'all follow-ups were read anew');
    return { followUps: listed.size, forgotten };
  } finally {
    await store.release('full-sync', holder);
  }
}

async function isDue({ store, clock }: SyncDeps): Promise<boolean> {
  const known = await store.meta.getMany(['full-sync-finished', 'full-sync-wanted']);
  const wanted = known.get('full-sync-wanted');
  const now = clock.now();
  // A full sync that was never done is the first sync's.
  if (!known.has('full-sync-finished')) return false;
  return (
    now - Number(known.get('full-sync-finished')) >= FULL_SYNC_EVERY ||
    (wanted !== undefined && now - Number(wanted) >= LATE_ROWS)
  );
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
