import type { Table } from '../table.ts';
import type { Tables } from '../tables.ts';

export interface Keep {
  /** What is older is forgotten, ms. */
  since: number;
  /** How many stay at most: the oldest go first. */
  most: number;
  /** How many are forgotten in one call, so that it takes no long time. */
  atOnce: number;
}

/**
 * Forgets entries of a table whose rank has them by time (ms): those that are too old, and the oldest of too many. Returns
 * how many.
 */
export async function forgetRanked<T>(
  { tables, rank, table }: { tables: Tables; rank: string; table: Table<T> },
  { since, most, atOnce }: Keep,
): Promise<number> {
  const over = Math.max(0, (await tables.rankSize(rank)) - most);
  const old = await tables.ranked(rank, {
    min: -Infinity,
    max: over > 0 ? Infinity : since,
    limit: over > 0 ? Math.min(over, atOnce) : atOnce,
  });
  if (old.length === 0) return 0;
  const ids = old.map(({ member }) => member);
  await tables.put(ids.map((id) => table.change(id, undefined)));
  await tables.unrank(rank, ids);
  return ids.length;
}
