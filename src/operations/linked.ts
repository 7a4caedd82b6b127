import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';

export const linkedAsks = z.object({
  tasks: z.array(z.string()),
  followUps: z.array(z.string()),
  /** Full ids or references. */
  incidents: z.array(z.string()),
});
export const linkedResult = z.object({
  /** References of these incidents, and of those with one of the follow-ups or with one for one of the tasks. */
  incidents: z.array(z.string()),
  /** Why they are not known. */
  unknown: z.string().optional(),
});

/** Which incidents tasks and follow-ups belong to, as far as the store knows. */
export async function linked(
  { tasks, followUps, incidents }: z.infer<typeof linkedAsks>,
  { store, backend: { missing } }: Pick<StoreContext, 'store' | 'backend'>,
): Promise<z.infer<typeof linkedResult>> {
  if (missing !== undefined) return { incidents: [], unknown: missing };
  const currentKeys = await store.currentKeysOf(tasks);
  const found = await store.incidentsOf([...tasks, ...currentKeys.values()]);
  const rows = await store.followUps.getMany(followUps);
  const ids = new Set([
    ...incidents,
    ...[...found.values()].flatMap((of) => [...of]),
    ...[...rows.values()].map((row) => row.incident),
  ]);
  const known = await store.incidents.getMany(ids);
  return { incidents: [...new Set([...ids].map((id) => known.get(id)?.reference ?? id))].sort() };
}
