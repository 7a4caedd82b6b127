import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import type { Policy } from '../policy/policy.ts';
import type { Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import { inSpan } from '../tracing/spans.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';
import { storeBacklog } from './backlog.ts';
import { indexFollowUps } from './index-follow-ups.ts';
import { nextWindow } from './window.ts';

export interface SyncDeps {
  store: Store;
  api: IncidentIoReader;
  waker: Waker;
  clock: Clock;
  log: Logger;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  policy: Policy;
  /** The categories of incidents that may become ready. */
  categories: readonly string[];
}

/** A sync renews its lease with every page; one whose process died is taken over after this, ms. */
const LEASE = 30_000;

export interface Synced {
  followUps: number;
  woken: number;
}

/**
 * Brings links and index up to date: everything the first time, then what was updated since a little before the
 * newest `updated_at` seen (never by our clock). Writes links first, then reads recorded task states, and wakes a review for each incident
 * whose follow-ups are new or changed.
 *
 * `undefined`: another process is at it, or it is not due.
 */
export async function sync(
  deps: SyncDeps,
  needed: (deps: SyncDeps) => Promise<boolean> = async () => true,
): Promise<Synced | undefined> {
  const { store, clock } = deps;
  const holder = randomUUID();
  if (!(await store.lease('sync', holder, clock.now(), LEASE))) return undefined;
  try {
    // Another process may have synced between the look and the lease.
    if (!(await needed(deps))) return undefined;
    const synced = await inSpan('sync', {}, async () =>
      (await store.synced()) ? incremental(deps, holder) : first(deps, holder),
    );
    await store.meta.put('last-sync', clock.now());
    return synced;
  } finally {
    await store.release('sync', holder);
  }
}

/** A sync without being asked for comes after this, one that is wanted not before that, ms. */
const IDLE = 60_000;
const WANTED = 5_000;

/** Syncs where one is due, by what all processes together did last. */
export async function syncIfDue(deps: SyncDeps): Promise<Synced | undefined> {
  return (await isDue(deps)) ? sync(deps, isDue) : undefined;
}

async function isDue({ store, clock }: SyncDeps): Promise<boolean> {
  const known = await store.meta.getMany(['last-sync', 'sync-wanted']);
  const age = clock.now() - Number(known.get('last-sync') ?? 0);
  return age >= IDLE || (age >= WANTED && known.has('sync-wanted'));
}

/** Whether a sync ended so short ago that another one would hardly read anything new. */
export async function isFresh({ store, clock }: SyncDeps): Promise<boolean> {
  const age = clock.now() - Number((await store.meta.get('last-sync')) ?? 0);
  return age < WANTED && (await store.synced());
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
    synced.woken += await takeIn(page, deps);
  }
  synced.woken += await wakeOwed(deps);
  await moveOn(seen, from, deps);
  if (wanted !== undefined) await store.syncDone(wanted);
  return synced;
}

/** Where the next sync begins. Saved last, so that a sync that died is done again. */
async function moveOn(seen: readonly number[], before: number, { store, clock }: SyncDeps): Promise<void> {
  const { from, cut } = nextWindow(seen, before, clock.now());
  await store.meta.put('cursor', from);
  if (!cut) return;
  await store.meta.put('last-cut', clock.now());
  // The first wish stands: steady load must not put the full sync off again and again.
  await store.meta.update(['full-sync-wanted'], (wanted) => wanted ?? clock.now());
}

/** The very first sync. No review acts before it has ended and the backlog is stored. */
async function first(deps: SyncDeps, holder: string): Promise<Synced> {
  const { store, api, log, clock } = deps;
  const started = clock.now();
  const wanted = await store.syncWanted();
  const synced = { followUps: 0, woken: 0 };
  const seen: number[] = [];
  for await (const page of api.followUps()) {
    await keepLease(deps, holder);
    for (const { updatedAt } of page) seen.push(updatedAt);
    const { tasks } = await indexFollowUps(page, deps);
    await store.owe(await incidentsTold(tasks, store), clock.now());
    synced.followUps += page.length;
    if (synced.followUps % 5_000 < page.length) log.info(`first sync: ${synced.followUps} follow-ups read`);
  }
  const backlog = await storeBacklog(started, deps, () => keepLease(deps, holder));
  await moveOn(seen, 0, deps);
  await store.meta.put('first-sync-finished', clock.now());
  await store.meta.put('full-sync-finished', clock.now());
  // An event that was recorded while its link was not there yet was owed nothing then.
  synced.woken = await wakeOwed(deps);
  if (wanted !== undefined) await store.syncDone(wanted);
  log.info(`first sync finished: ${synced.followUps} follow-ups read`);
  if (backlog > 0)
    log.warn(
      { backlog },
      `${backlog} ${backlog === 1 ? 'incident was' : 'incidents were'} ready before incident-closer came. They are left as they are until something about them changes. To close them too: incident-closer sweep --backlog`,
    );
  return synced;
}

/** Takes in one page of follow-ups. Answers how many reviews it woke. */
export async function takeIn(page: readonly FollowUp[], deps: SyncDeps): Promise<number> {
  const { changed } = await indexFollowUps(page, deps, (incidents) =>
    deps.store.owe(incidents, deps.clock.now()),
  );
  return changed.size === 0 ? 0 : wakeOwed(deps);
}

async function incidentsTold(tasks: ReadonlyMap<TaskKey, string[]>, store: Store): Promise<string[]> {
  const places = await store.placesOf(tasks.keys());
  const told = await store.tasks.getMany(places.values());
  return [...tasks].flatMap(([task, incidents]) => (told.has(places.get(task) ?? task) ? incidents : []));
}

async function wakeOwed({ store, waker }: Pick<SyncDeps, 'store' | 'waker'>): Promise<number> {
  let woken = 0;
  for (;;) {
    const incidents = await store.owed(500);
    if (incidents.length === 0) return woken;
    await waker.wake(incidents, 'a follow-up that is new or changed in incident.io');
    await store.paid(incidents);
    woken += incidents.length;
  }
}

async function keepLease({ store, clock }: SyncDeps, holder: string): Promise<void> {
  if (!(await store.lease('sync', holder, clock.now(), LEASE)))
    throw new Error('another process took over the sync: this one was too slow');
}
