import type { Clock } from '../clock.ts';
import { linked } from '../events/unlinked.ts';
import type { IndexedFollowUp } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';

export interface IndexDeps {
  store: Store;
  clock: Clock;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
}

/**
 * Writes follow-ups to the index, and their links. `beforeChange` is given the incidents of those that are new
 * or changed before any of it is written, so that a crash in between loses none of them.
 */
export async function indexFollowUps(
  page: readonly FollowUp[],
  { store, clock, taskKeyOf }: IndexDeps,
  beforeChange: (incidents: string[]) => Promise<void> = async () => {},
): Promise<{ changed: Set<string>; tasks: Map<TaskKey, string[]> }> {
  const known = await store.followUps.getMany(page.map(({ id }) => id));
  const now = clock.now();
  const tasks = new Map<TaskKey, string[]>();
  const fresh: { id: string; row: IndexedFollowUp; before?: IndexedFollowUp }[] = [];
  for (const followUp of page) {
    const { id, reference, incidentId } = followUp;
    const task = reference && taskKeyOf(reference.provider, reference.permalink);
    if (task !== undefined) tasks.set(task, [...(tasks.get(task) ?? []), incidentId]);
    const before = known.get(id);
    // A review and a sync read at the same time: the older copy changes nothing.
    if (before !== undefined && before.updatedAt > followUp.updatedAt) continue;
    const row: IndexedFollowUp = {
      incident: incidentId,
      status: followUp.status,
      task,
      title: followUp.title,
      name: reference?.name,
      url: reference?.permalink,
      createdAt: followUp.createdAt,
      updatedAt: followUp.updatedAt,
      completedAt: followUp.completedAt,
      ...(followUp.writable.labels.length > 0 && { labels: followUp.writable.labels }),
      priority: followUp.priority,
      indexedAt: before?.indexedAt ?? now,
    };
    if (
      before === undefined ||
      before.status !== row.status ||
      before.task !== row.task ||
      before.incident !== row.incident
    )
      fresh.push({ id, row, before });
    else if (before.updatedAt < row.updatedAt || before.title !== row.title || before.name !== row.name)
      await store.followUps.put(id, row);
  }
  const changed = new Set(fresh.map(({ row }) => row.incident));
  if (fresh.length === 0) return { changed, tasks };

  await beforeChange([...changed]);
  await writeLinks(fresh, store);
  await store.tables.put(fresh.map(({ id, row }) => store.followUps.change(id, row)));
  return { changed, tasks };
}

async function writeLinks(
  fresh: readonly { id: string; row: IndexedFollowUp; before?: IndexedFollowUp }[],
  store: Store,
): Promise<void> {
  const added = groupBy(
    fresh.filter(({ row }) => row.task !== undefined),
    ({ row }) => row.task ?? '',
  );
  const left = groupBy(
    fresh.filter(({ before, row }) => before?.task !== undefined && before.task !== row.task),
    ({ before }) => before?.task ?? '',
  );
  await store.links.update([...added.keys(), ...left.keys()], (current = [], task) => {
    const gone = new Set([...(left.get(task) ?? []), ...(added.get(task) ?? [])].map(({ id }) => id));
    const kept = current.filter(([followUp]) => !gone.has(followUp));
    for (const { id, row } of added.get(task) ?? []) kept.push([id, row.incident]);
    return kept.length > 0 ? kept : undefined;
  });
  await linked([...added.keys()], store);

  const ofIncident = groupBy(fresh, ({ row }) => row.incident);
  await store.followUpsOf.update(ofIncident.keys(), (current = [], incident) => {
    const missing = (ofIncident.get(incident) ?? [])
      .map(({ id }) => id)
      .filter((id) => !current.includes(id));
    return missing.length === 0 && current.length > 0 ? current : [...current, ...missing];
  });
  const moved = groupBy(
    fresh.filter(({ before, row }) => before !== undefined && before.incident !== row.incident),
    ({ before }) => before?.incident ?? '',
  );
  await forgetOf(new Map([...moved].map(([incident, rows]) => [incident, rows.map(({ id }) => id)])), store);
}

/** Takes follow-ups out of the index: incident.io does not list them any more. */
export async function forgetFollowUps(
  gone: ReadonlyMap<string, IndexedFollowUp>,
  store: Store,
): Promise<void> {
  const tasks = groupBy(
    [...gone].filter(([, row]) => row.task !== undefined),
    ([, row]) => row.task ?? '',
  );
  await store.links.update(tasks.keys(), (current = []) => {
    const kept = current.filter(([followUp]) => !gone.has(followUp));
    return kept.length > 0 ? kept : undefined;
  });
  const incidents = groupBy([...gone], ([, row]) => row.incident);
  await forgetOf(
    new Map([...incidents].map(([incident, rows]) => [incident, rows.map(([id]) => id)])),
    store,
  );
  await store.tables.put([...gone.keys()].map((id) => store.followUps.change(id, undefined)));
}

async function forgetOf(gone: ReadonlyMap<string, readonly string[]>, store: Store): Promise<void> {
  await store.followUpsOf.update(gone.keys(), (current = [], incident) => {
    const kept = current.filter((id) => !gone.get(incident)?.includes(id));
    return kept.length > 0 ? kept : undefined;
  });
}

function groupBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}
