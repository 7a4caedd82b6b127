import { randomUUID } from 'node:crypto';
import { lastEverNoted } from './process-notes.ts';
import { NOTHING_OBSERVED, type SourceKind, sourceOf } from './sources.ts';
import type { ObservedSince } from './start-records.ts';
import type { Store } from './store.ts';

export async function readObservedSince(store: Store): Promise<ObservedSince> {
  return (await store.observedSince.get(HERE)) ?? NOTHING_OBSERVED;
}

/** There is one entry: all of it changes together. */
const HERE = 'here';

/** Remembers when (ms) the first process started here, unless that is known. */
export async function noteFirstStart(store: Store, now: number): Promise<number> {
  const noted = await store.observedSince.update([HERE], (known = NOTHING_OBSERVED) =>
    known.first === undefined ? { ...known, first: now } : known,
  );
  return noted.get(HERE)?.first ?? now;
}

/** A first start that was interrupted so long ago, ms, and that no process has followed since, is none. */
const INTERRUPTED = 3_600_000;

/**
 * Before a start is noted: where no first sync has ended, and no process has run for long, what changed since the first
 * start was not waited for. The one that starts now is the first.
 */
export async function forgetInterruptedStart(store: Store, now: number): Promise<void> {
  if (await store.synced()) return;
  const lastRan = await lastEverNoted(store);
  const isForgotten = ({ first = now }: ObservedSince) => now - Math.max(first, lastRan) > INTERRUPTED;
  await store.observedSince.update([HERE], (known) => (known && isForgotten(known) ? undefined : known));
}

/** So far ahead (ms) a time of ours is from before the clock was set back, and no difference between two machines. */
const AHEAD = 5 * 60_000;

/**
 * Takes times that are ahead of our clock (`now`, ms) back along with it: by what it was set back just now (ms), or, if
 * that happened while nobody ran, to now. Else whatever changes until the clock has caught up would be backlog.
 */
export async function setObservedSinceBack(store: Store, now: number, setBackBy?: number): Promise<void> {
  const back = (at: number) =>
    setBackBy !== undefined && at > now ? at - setBackBy : at > now + AHEAD ? now : at;
  await store.observedSince.update([HERE], (known) => {
    if (known === undefined) return known;
    const { first, added } = known;
    const isAhead = [first ?? 0, ...Object.values(added)].some((at) => back(at) !== at);
    if (!isAhead) return known;
    return {
      ...known,
      ...(first !== undefined && { first: back(first) }),
      added: Object.fromEntries(Object.entries(added).map(([source, at]) => [source, back(at)])),
    };
  });
}

export async function noteFirstSynced(store: Store, now: number): Promise<void> {
  await store.observedSince.update([HERE], (known = NOTHING_OBSERVED) => ({ ...known, synced: now }));
}

/**
 * Remembers which sources of one kind there are here. One that was not there before begins now; one that is not there
 * any more begins anew if it comes back. Webhooks stay: several receivers may each serve other trackers.
 */
export async function noteSources(
  kind: SourceKind,
  names: readonly string[],
  store: Store,
  now: number,
): Promise<void> {
  const synced = await store.meta.get('first-sync-finished');
  const here = new Set(names.map((name) => sourceOf(name, kind)));
  await store.observedSince.update([HERE], (known) => {
    const byEarlierRelease = known === undefined && synced !== undefined;
    const before: ObservedSince = byEarlierRelease
      ? { first: 0, synced: Number(synced), added: {} }
      : (known ?? NOTHING_OBSERVED);
    const { added, noted = [] } = before;
    const isKept = (source: string) =>
      kind === 'webhooks' || !source.endsWith(` ${kind}`) || here.has(source);
    const fresh = [...here].filter((source) => added[source] === undefined);
    const isGone = Object.keys(added).some((source) => !isKept(source));
    if (known !== undefined && fresh.length === 0 && !isGone && noted.includes(kind)) return known;
    // What an earlier release could see was seen all along.
    const since = before.first === 0 && !noted.includes(kind) ? 0 : now;
    return {
      ...before,
      added: Object.fromEntries([
        ...Object.entries(added).filter(([source]) => isKept(source)),
        ...fresh.map((source) => [source, since] as const),
      ]),
      noted: [...new Set([...noted, kind])],
    };
  });
}

/** Sets free what is backlog now, and what turns out to have been ready by now. */
export async function releaseBacklog(store: Store, now: number): Promise<void> {
  await store.observedSince.update([HERE], (known = NOTHING_OBSERVED) => ({
    ...known,
    backlogReleasedAt: now,
  }));
}

const STORE_ID = 'store-id';

/**
 * The store's own id, made by whoever asks first: a store that was emptied, or replaced by an empty one, has no longer the
 * one that a process found there at its start. Only services ask, and they do so before anything else is stored.
 */
export async function claimStoreId(store: Store): Promise<string> {
  const claimed = await store.meta.update([STORE_ID], (known) => known ?? randomUUID());
  return String(claimed.get(STORE_ID));
}

/** Changes when the store is emptied or replaced, whoever uses it then. */
export async function readStoreId(store: Store): Promise<string | undefined> {
  const known = await store.meta.get(STORE_ID);
  return known === undefined ? undefined : String(known);
}

/** Whether it holds what the process that knows it by `id` found there: neither it nor the time of the first start is lost. */
export async function isWhole(store: Store, id: string): Promise<boolean> {
  const [found, { first }] = await Promise.all([readStoreId(store), readObservedSince(store)]);
  return found === id && first !== undefined;
}

/**
 * The store lost what it held. Where that is the time of the first start, while the first sync is still said to have
 * ended, nothing would be backlog: that sync is made again.
 */
export async function beginAfterLoss(store: Store): Promise<void> {
  if ((await readObservedSince(store)).first === undefined) await store.meta.remove('first-sync-finished');
}
