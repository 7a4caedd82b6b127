import type { IndexedFollowUp } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp } from '../vocabulary.ts';

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

/** A row of the index in the shape of a follow-up; its reference is the task key that the sync made. */
export function asFollowUp(
  id: string,
  { incident, status, task, createdAt, updatedAt, completedAt, labels = [], priority }: IndexedFollowUp,
): FollowUp {
  const reference = task === undefined ? undefined : { provider: '', name: task, permalink: task };
  return {
    id,
    incidentId: incident,
    title: '',
    status,
    reference,
    createdAt,
    updatedAt,
    completedAt,
    priority,
    writable: { title: '', labels },
  };
}
