import type { IndexedFollowUp } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';

/** The index's follow-ups of each incident. */
export async function rowsOf(
  incidents: readonly string[],
  store: Store,
): Promise<Map<string, { id: string; row: IndexedFollowUp }[]>> {
  const idsOf = await store.followUpsOf.getMany(incidents);
  const rows = await store.followUps.getMany([...idsOf.values()].flat());
  const found = new Map<string, { id: string; row: IndexedFollowUp }[]>();
  for (const [incident, ids] of idsOf)
    found.set(
      incident,
      ids.flatMap((id) => {
        const row = rows.get(id);
        return row === undefined ? [] : [{ id, row }];
      }),
    );
  return found;
}

/** The index's follow-ups of these incidents, in the shape of follow-ups. */
export async function followUpsOf(incidents: readonly string[], store: Store): Promise<FollowUp[]> {
  const rows = await rowsOf(incidents, store);
  return [...rows.values()].flatMap((list) => list.map(({ id, row }) => asFollowUp(id, row)));
}

/** A row of the index in the shape of a follow-up. The provider of its reference is the key that the sync made already. */
export function asFollowUp(id: string, row: IndexedFollowUp): FollowUp {
  const { incident, status, task, title = '', name, url, createdAt, updatedAt, completedAt } = row;
  const { labels = [], priority } = row;
  const inTracker = task !== undefined || url !== undefined;
  return {
    id,
    incidentId: incident,
    title,
    status,
    ...(inTracker && { reference: { provider: task ?? '', name: name ?? task ?? '', permalink: url ?? '' } }),
    createdAt,
    updatedAt,
    completedAt,
    priority,
    writable: { title, labels },
  };
}

/** The task key of such a follow-up. */
export function indexedTaskKey(provider: string): TaskKey | undefined {
  return provider === '' ? undefined : provider;
}
