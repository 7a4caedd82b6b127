import { markFinished, markUnfinished } from '../format.ts';
import { forgetProcesses } from '../process-notes.ts';
import type { Store } from '../store.ts';
import { type Lines, readArchive } from './read.ts';
import type { Seal } from './seal.ts';
import { membersOf, pagesOf } from './write.ts';

/**
 * Fills a store from a file that was read once before. Until it has ended the store is marked, so that nothing uses it.
 * What was there is removed. Returns how many entries the file has.
 */
export async function restore(store: Store, lines: Lines, now: number, seal?: Seal): Promise<number> {
  const { tables } = store;
  await markUnfinished(store, now);
  await removeAll(store);
  const { entries } = await readArchive(
    lines,
    async (batch) => {
      await tables.put(batch.entries);
      const ranks = new Map<string, { member: string; score: number }[]>();
      for (const { rank, member, score } of batch.members)
        ranks.set(rank, [...(ranks.get(rank) ?? []), { member, score }]);
      for (const [rank, members] of ranks) await tables.rank(rank, members);
    },
    seal,
  );
  await forgetProcesses(store);
  await store.beginAnew(now);
  await markFinished(store);
  return entries;
}

/** All but the mark. */
async function removeAll(store: Store): Promise<void> {
  const { tables } = store;
  const names = await tables.names();
  for (const table of names.tables)
    if (table !== store.unfinishedImport.name)
      for await (const page of pagesOf(table, tables))
        await tables.put(page.map(({ id }) => ({ table, id, value: undefined })));
  for (const rank of names.ranks)
    for await (const page of membersOf(rank, tables)) {
      const members = page.map(({ member }) => member);
      if (members.length > 0) await tables.unrank(rank, members);
    }
}
