import { z } from 'zod';
import { Table } from '../store/table.ts';
import type { Tables } from '../store/tables.ts';

/** When (ms) the last delivery of each source came; absent where none is remembered. */
export async function lastDeliveries(
  sources: readonly string[],
  tables: Tables,
): Promise<Map<string, number>> {
  const table = new Table(tables, 'deliveries', z.object({ at: z.number() }));
  const found = await table.getMany(sources);
  return new Map([...found].map(([source, { at }]) => [source, at]));
}
