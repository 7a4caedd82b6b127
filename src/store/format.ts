import type { Store } from './store.ts';

/**
 * How entries are written, in Redis and in SQL alike. New fields and tables leave it as it is: they are optional, and an
 * older release passes over them. It is raised where an older release would read something wrongly.
 */
export const FORMAT = 1;

/** Nothing may read or write this store as it is. */
export class RefusedStoreError extends Error {
  override readonly name: string = 'RefusedStoreError';
}

/** A newer release wrote to this store what this one would misread. */
export class NewerStoreError extends RefusedStoreError {
  override readonly name = 'NewerStoreError';
}

/** An import did not come to its end, so that part of what is known is missing. */
export class UnfinishedStoreError extends RefusedStoreError {
  override readonly name = 'UnfinishedStoreError';
}

/** Marks a store that is being written by an import: nothing else may use it until that has ended. */
export async function markUnfinished({ unfinishedImport }: Marked, now: number): Promise<void> {
  await unfinishedImport.put(HERE, now);
}

export async function isUnfinished({ unfinishedImport }: Marked): Promise<boolean> {
  return (await unfinishedImport.get(HERE)) !== undefined;
}

export async function markFinished({ unfinishedImport }: Marked): Promise<void> {
  await unfinishedImport.remove(HERE);
}

type Marked = Pick<Store, 'unfinishedImport'>;
const HERE = 'here';

/** Throws a `RefusedStoreError` where this release must not touch the store. */
export async function refuseUnusable(store: Pick<Store, 'meta' | 'unfinishedImport'>): Promise<void> {
  await refuseNewer(store);
  if (await isUnfinished(store))
    throw new UnfinishedStoreError(
      'An import into this store did not come to its end, so part of what it should know is missing. Run `incident-closer import` again, with the same file or another: it starts over.',
    );
}

/** Throws a `NewerStoreError` where a newer release wrote it. */
export async function refuseNewer({ meta }: Pick<Store, 'meta'>): Promise<void> {
  const found = Number((await meta.get('format')) ?? 0);
  if (found > FORMAT)
    throw new NewerStoreError(
      `A newer release of incident-closer wrote to this store (its format is ${found}, this release knows ${FORMAT}): run that release, or choose another QUEUE_PREFIX.`,
    );
}

/** Notes that this release writes here, for older ones. */
export async function markFormat({ meta }: Pick<Store, 'meta'>): Promise<void> {
  await meta.update(['format'], (found) => (Number(found ?? 0) >= FORMAT ? found : FORMAT));
}
