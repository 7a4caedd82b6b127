import type { IndexedFollowUp } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';

/** The indexed follow-ups of each incident. */
export async function indexedRowsOf(
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

/** The indexed follow-ups of these incidents, as follow-ups. */
export async function followUpsOf(incidents: readonly string[], store: Store): Promise<FollowUp[]> {
  const rows = await indexedRowsOf(incidents, store);
  return [...rows.values()].flatMap((list) => list.map(({ id, row }) => indexedFollowUpOf(id, row)));
}

/** An index row as a follow-up. Its reference has the task key, made by the sync already, as its provider. */
export function indexedFollowUpOf(id: string, row: IndexedFollowUp): FollowUp {
  const { incident, status, task, title = '', name, url, createdAt, updatedAt, completedAt } = row;
  const { labels = [], priority, owner } = row;
  const inTracker = task !== undefined || url !== undefined;
  return {
    id,
    incidentId: incident,
    title,
    status,
    ...(inTracker && { reference: { provider: task ?? '', name: name ?? task ?? '', permalink: url ?? '' } }),
    ...(row.malformedReference !== undefined && { malformedReference: row.malformedReference }),
    createdAt,
    updatedAt,
    completedAt,
    priority,
    ...(owner !== undefined && { owner }),
    writable: { title, labels },
  };
}

/** The task key of such a follow-up. */
export function indexedTaskKey(provider: string): TaskKey | undefined {
  return provider === '' ? undefined : provider;
}
