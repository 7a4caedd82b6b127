import type { InForce } from './start-records.ts';
import type { Store } from './store.ts';

/** There is one entry: all of it changes together. */
const HERE = 'here';

export async function readInForce(store: Store): Promise<InForce | undefined> {
  return store.inForce.get(HERE);
}

/**
 * Whether this store's service is a dry run, whatever the settings of the process that asks are; those of it, `own`,
 * count where no worker has started yet.
 */
export async function isDryRun(store: Store, own: boolean): Promise<boolean> {
  return (await readInForce(store))?.dryRun ?? own;
}

/**
 * Remembers what a worker decides by, at its start and when that changes. If that differs from what was noted before,
 * verdicts older than now are out of date; if that was a dry run and this is none, what it found ready has to be listed
 * before it is closed. `changed`: this worker decided otherwise until now, even if another one has noted the same before.
 * Returns whether verdicts that there were are out of date.
 */
export async function noteInForce(
  { dryRun, digest, policy }: Omit<InForce, 'since'>,
  store: Store,
  now: number,
  { changed = false }: { changed?: boolean } = {},
): Promise<boolean> {
  const before = await readInForce(store);
  const isSame = before !== undefined && before.dryRun === dryRun && before.digest === digest;
  if (isSame && !changed && before.policy === policy) return false;
  const wasDryRun = before === undefined ? await leftByDryRun(store) : before.dryRun;
  // First, so that a start which is killed in between does all of it again.
  await store.observedSince.update([HERE], (known) => {
    if (dryRun) return known && { ...known, real: undefined };
    return wasDryRun ? { ...(known ?? { added: {} }), real: { since: now } } : known;
  });
  const since = isSame && !changed ? before.since : now;
  await store.inForce.put(HERE, { dryRun, digest, since, ...(policy !== undefined && { policy }) });
  return before !== undefined && since === now;
}

/** Whether an earlier release, which did not remember this, left verdicts of a dry run. */
async function leftByDryRun(store: Store): Promise<boolean> {
  for await (const page of store.outcomes.all())
    if (page.some(({ value }) => value.dryRun === true)) return true;
  return false;
}

/** What the dry run found ready has been listed: it is closed once it has settled from now on. */
export async function noteListed(store: Store, now: number): Promise<void> {
  await store.observedSince.update([HERE], (known) =>
    known?.real === undefined ? known : { ...known, real: { ...known.real, listedAt: now } },
  );
}
