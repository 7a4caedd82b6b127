import { randomUUID } from 'node:crypto';
import { isOver } from '../clock.ts';
import { askedMode } from '../review/gather.ts';
import type { IndexedFollowUp } from '../store/records.ts';
import type { SyncDeps } from './deps.ts';
import { forgetFollowUps, freeIncidents } from './index-follow-ups.ts';
import { takeIn } from './take-in.ts';

/** How often everything is read again, ms: `updated_at` does not move for every change, and deleted rows have none. */
export const FULL_SYNC_EVERY = 24 * 3_600_000;
/** The pause between pages of the full sync, ms, so that it is hardly noticed. */
const BETWEEN_PAGES = 2_000;
/** Rows that appear late have appeared by then, ms. */
const LATE_ROWS = 10 * 60_000;
const LEASE = 120_000;

/**
 * Reads all follow-ups slowly, indexes what differs, and forgets what is no longer listed. Does nothing if the last
 * full sync is recent or another process is running one. `pause` waits ms.
 */
export async function fullSync(
  deps: SyncDeps & { pause(ms: number): Promise<void> },
): Promise<{ followUps: number; forgotten: number } | undefined> {
  const { store, api, clock, log, pause } = deps;
  const started = clock.now();
  if (!(await isDue(deps))) return undefined;
  const holder = randomUUID();
  if (!(await store.takeLease('full-sync', holder, started, LEASE))) return undefined;
  try {
    // Another process may have finished one between the check and the lease.
    if (!(await isDue(deps))) return undefined;
    const listed = new Set<string>();
    for await (const page of api.followUps()) {
      if (!(await store.takeLease('full-sync', holder, clock.now(), LEASE))) return undefined;
      for (const { id } of page) listed.add(id);
      await takeIn(page, { ...deps, mendsLinks: true });
      await pause(BETWEEN_PAGES);
    }
    let forgotten = 0;
    for await (const rows of store.followUps.all()) {
      const missing = rows.filter(({ id, value }) => !listed.has(id) && value.indexedAt < started);
      const incidents = await store.incidents.getMany(missing.map(({ value }) => value.incident));
      // Lists leave out incidents of some modes: these were found by reviews.
      const gone = missing.filter(
        ({ value }) => askedMode(incidents.get(value.incident)?.mode) === undefined,
      );
      forgotten += gone.length;
      await forget(new Map(gone.map(({ id, value }) => [id, value])), deps);
    }
    await store.meta.put('full-sync-finished', clock.now());
    // Rows of a late cut may have appeared after their page was read.
    const lastCut = await store.meta.get('last-cut');
    await store.meta.update(['full-sync-wanted'], () =>
      Number(lastCut) > started - LATE_ROWS ? lastCut : undefined,
    );
    log.info({ followUps: listed.size, forgotten }, 'all follow-ups were read again');
    return { followUps: listed.size, forgotten };
  } finally {
    await store.releaseLease('full-sync', holder);
  }
}

async function isDue({ store, clock }: SyncDeps): Promise<boolean> {
  const known = await store.meta.getMany(['full-sync-finished', 'full-sync-wanted']);
  const wanted = known.get('full-sync-wanted');
  const now = clock.now();
  // If no full sync was ever done, the first sync is responsible.
  if (!known.has('full-sync-finished')) return false;
  return (
    isOver(Number(known.get('full-sync-finished')), FULL_SYNC_EVERY, now) ||
    (wanted !== undefined && isOver(Number(wanted), LATE_ROWS, now))
  );
}

/** An incident that lost a follow-up may be ready now. */
async function forget(gone: Map<string, IndexedFollowUp>, { store, clock, waker }: SyncDeps): Promise<void> {
  if (gone.size === 0) return;
  const incidents = [...new Set([...gone.values()].map(({ incident }) => incident))];
  await store.addPendingWakes(incidents, clock.now());
  await forgetFollowUps(gone, store);
  await freeIncidents(incidents, store, clock.now());
  await waker.wake(incidents, 'a follow-up that is not listed any more');
  await store.removePendingWakes(incidents);
}
