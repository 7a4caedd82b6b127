import { randomUUID } from 'node:crypto';
import { isOver } from '../clock.ts';
import { inSpan } from '../spans.ts';
import { noteFirstStart, noteFirstSynced, readObservedSince, readStoreId } from '../store/observed-since.ts';
import type { Store } from '../store/store.ts';
import type { TaskKey } from '../vocabulary.ts';
import { storeBacklog } from './backlog.ts';
import type { SyncDeps } from './deps.ts';
import { indexFollowUps } from './index-follow-ups.ts';
import { lookForLinks } from './late-links.ts';
import { takeIn, wakePending } from './take-in.ts';
import { nextWindow } from './window.ts';

/** A sync renews its lease with every page; if its process dies, another one takes over after this, ms. */
const LEASE = 30_000;

export interface Synced {
  followUps: number;
  woken: number;
}

/**
 * Brings links and index up to date: everything the first time, then what was updated since shortly before the newest
 * `updated_at` seen (never by our clock). Writes links first, then reads recorded task states, and wakes a review for
 * each incident whose follow-ups are new or changed.
 *
 * `undefined`: another process is syncing, or no sync is due.
 */
export async function sync(
  deps: SyncDeps,
  needed: (deps: SyncDeps) => Promise<boolean> = async () => true,
): Promise<Synced | undefined> {
  const { store, clock } = deps;
  const holder = randomUUID();
  if (!(await store.takeLease('sync', holder, clock.now(), LEASE))) return undefined;
  try {
    // Another process may have synced between the check and the lease.
    if (!(await needed(deps))) return undefined;
    const synced = await inSpan('sync', {}, async () =>
      (await store.synced()) ? incremental(deps, holder) : first(deps, holder),
    );
    await store.meta.put('last-sync', clock.now());
    return synced;
  } finally {
    await store.releaseLease('sync', holder);
  }
}

/** The interval of regular syncs, and the minimum one for syncs on request, ms. */
const IDLE = 60_000;
const WANTED = 5_000;

/** Syncs if one is due, given what all processes together did last. */
export async function syncIfDue(deps: SyncDeps): Promise<Synced | undefined> {
  return (await isDue(deps)) ? syncOnce(deps) : undefined;
}

/** Syncs, unless another process has done so meanwhile. */
export async function syncOnce(deps: SyncDeps): Promise<Synced | undefined> {
  return sync(deps, isDue);
}

async function isDue(deps: SyncDeps): Promise<boolean> {
  return (await untilSync(deps)) === 0;
}

/** How long (ms) until a sync is due, as things stand; 0: it is. */
export async function untilSync({ store, clock }: Pick<SyncDeps, 'store' | 'clock'>): Promise<number> {
  const known = await store.meta.getMany(['last-sync', 'sync-wanted']);
  const last = Number(known.get('last-sync') ?? 0);
  const every = known.has('sync-wanted') ? WANTED : IDLE;
  const now = clock.now();
  return isOver(last, every, now) ? 0 : last + every - now;
}

/** Whether a sync ended so recently that another one would hardly read anything new. */
export async function isFresh({ store, clock }: SyncDeps): Promise<boolean> {
  const last = Number((await store.meta.get('last-sync')) ?? 0);
  return !isOver(last, WANTED, clock.now()) && (await store.synced());
}

async function incremental(deps: SyncDeps, holder: string): Promise<Synced> {
  const { store, api } = deps;
  const wanted = await store.syncWanted();
  const from = Number((await store.meta.get('cursor')) ?? 0);
  const synced = { followUps: 0, woken: 0 };
  const seen: number[] = [];
  for await (const page of api.followUps(from > 0 ? from : undefined)) {
    await keepLease(deps, holder);
    for (const { updatedAt } of page) seen.push(updatedAt);
    synced.followUps += page.length;
    synced.woken += (await takeIn(page, deps)).woken;
  }
  synced.woken += await wakePending(deps);
  await moveOn(seen, from, deps);
  if (wanted !== undefined) await store.syncDone(wanted);
  synced.woken += await lookForLinks(deps, () => keepLease(deps, holder));
  return synced;
}

/** Stores where the next sync begins. Done last, so that an interrupted sync is repeated. */
async function moveOn(seen: readonly number[], before: number, { store, clock }: SyncDeps): Promise<void> {
  const { from, cut } = nextWindow(seen, before, clock.now());
  await store.meta.put('cursor', from);
  if (!cut) return;
  await store.meta.put('last-cut', clock.now());
  // The first request keeps its time: steady load must not postpone the full sync again and again.
  await store.meta.update(['full-sync-wanted'], (wanted) => wanted ?? clock.now());
}

/** The very first sync. No review acts before it has ended and the backlog is stored. */
async function first(deps: SyncDeps, holder: string): Promise<Synced> {
  const { store, api, log, clock } = deps;
  const started = clock.now();
  await noteFirstStart(store, started);
  const id = await readStoreId(store);
  const wanted = await store.syncWanted();
  const synced = { followUps: 0, woken: 0 };
  const seen: number[] = [];
  for await (const page of api.followUps()) {
    await keepLease(deps, holder);
    for (const { updatedAt } of page) seen.push(updatedAt);
    const { tasks } = await indexFollowUps(page, { ...deps, mendsLinks: true });
    await store.addPendingWakes(await incidentsOfReported(tasks, store), clock.now());
    synced.followUps += page.length;
    if (synced.followUps % 5_000 < page.length) log.info(`first sync: ${synced.followUps} follow-ups read`);
  }
  const backlog = await storeBacklog(started, deps, () => keepLease(deps, holder));
  // Else part of the index would be missing, and with the time of the first start nothing would be backlog.
  if ((await readStoreId(store)) !== id || (await readObservedSince(store)).first === undefined)
    throw new Error('the store lost what it held while follow-ups were read for the first time');
  await moveOn(seen, 0, deps);
  await noteFirstSynced(store, clock.now());
  await store.meta.put('first-sync-finished', clock.now());
  await store.meta.put('full-sync-finished', clock.now());
  // An event recorded before its link existed woke no review: wake it now.
  synced.woken = await wakePending(deps);
  if (wanted !== undefined) await store.syncDone(wanted);
  log.info(`first sync finished: ${synced.followUps} follow-ups read`);
  if (backlog > 0)
    log.warn(
      { backlog },
      `${backlog} ${backlog === 1 ? 'incident was' : 'incidents were'} ready before incident-closer came. They are left as they are until something about them changes. To close them too: incident-closer sweep --backlog`,
    );
  return synced;
}

async function incidentsOfReported(tasks: ReadonlyMap<TaskKey, string[]>, store: Store): Promise<string[]> {
  const currentKeys = await store.currentKeysOf(tasks.keys());
  const known = await store.tasks.getMany(currentKeys.values());
  return [...tasks].flatMap(([task, incidents]) =>
    known.has(currentKeys.get(task) ?? task) ? incidents : [],
  );
}

async function keepLease({ store, clock }: SyncDeps, holder: string): Promise<void> {
  if (!(await store.takeLease('sync', holder, clock.now(), LEASE)))
    throw new Error('another process took over the sync: this one was too slow');
}
