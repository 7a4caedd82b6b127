import type { Clock } from '../clock.ts';
import { takeReportedEarly } from '../events/reported-early.ts';
import { forgetUnlinked } from '../events/unlinked.ts';
import type { IndexedFollowUp, LastWrite } from '../store/records.ts';
import { isStale, nextHistory } from '../store/status-history.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, TaskKey } from '../vocabulary.ts';

export interface IndexDeps {
  store: Store;
  clock: Clock;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  /** Also writes the links of rows that are known: a store that was lost in the middle of a write may lack them. */
  mendsLinks?: boolean;
}

/**
 * Writes follow-ups to the index, and their links. `beforeChange` gets the incidents of new or changed follow-ups before
 * any of it is written, so that a crash in between loses none of them.
 */
export async function indexFollowUps(
  page: readonly FollowUp[],
  { store, clock, taskKeyOf, mendsLinks = false }: IndexDeps,
  beforeChange: (incidents: string[]) => Promise<void> = async () => {},
): Promise<{ changed: Set<string>; tasks: Map<TaskKey, string[]> }> {
  const ids = page.map(({ id }) => id);
  const [known, lastWrites] = await Promise.all([
    store.followUps.getMany(ids),
    store.lastWrites.getMany(ids),
  ]);
  const now = clock.now();
  const tasks = new Map<TaskKey, string[]>();
  const fresh: ChangedRow[] = [];
  const unchanged: ChangedRow[] = [];
  const written = new Map<string, FollowUp>();
  const former = page.flatMap(({ id, reference }) => {
    const before = known.get(id)?.task ?? known.get(id)?.lastTask;
    return before === (reference && taskKeyOf(reference.provider, reference.permalink)) ? [] : (before ?? []);
  });
  const currentKeys = await store.currentKeysOf(former);
  const rowOf = (before: IndexedFollowUp | undefined, followUp: FollowUp) =>
    indexedRow(before, followUp, lastWrites.get(followUp.id), { now, taskKeyOf, currentKeys });
  for (const followUp of page) {
    const { id, reference, incidentId } = followUp;
    const task = reference && taskKeyOf(reference.provider, reference.permalink);
    if (task !== undefined) tasks.set(task, [...(tasks.get(task) ?? []), incidentId]);
    const before = known.get(id);
    const row = rowOf(before, followUp);
    const isFresh =
      before === undefined ||
      before.status !== row.status ||
      (before.history?.setBack ?? false) !== (row.history?.setBack ?? false) ||
      before.task !== row.task ||
      before.malformedReference !== row.malformedReference ||
      before.incident !== row.incident;
    (isFresh ? fresh : unchanged).push({ id, row, before });
    if (isFresh || !isSameRow(before, row)) written.set(id, followUp);
  }
  // A write that incident.io refused may be allowed now: an owner was assigned, perhaps.
  const rewritten = [...written.values()].filter(({ id }) => fresh.every((one) => one.id !== id));
  const retried = await refusedOf(rewritten, store);
  // One that went to another incident may have blocked the former one.
  const left = fresh.flatMap(({ before, row }) =>
    before !== undefined && before.incident !== row.incident ? [before.incident] : [],
  );
  await freeIncidents(left, store, now);
  const changed = new Set([...fresh.map(({ row }) => row.incident), ...left, ...retried]);
  if (changed.size > 0) await beforeChange([...changed]);
  const linked = mendsLinks ? [...fresh, ...unchanged] : fresh;
  if (linked.length > 0) await writeLinks(linked, store);
  // Merged with the current row: what a webhook or a write of ours added to the history meanwhile is kept.
  await store.followUps.update(written.keys(), (current, id) => {
    const followUp = written.get(id);
    return followUp === undefined ? current : rowOf(current, followUp);
  });
  const added = fresh.flatMap(({ id, before }) => (before === undefined ? id : []));
  if (added.length > 0) await takeReportedEarly(added, { store, clock });
  return { changed, tasks };
}

/** They lost a follow-up: no date tells of that change, so it is remembered that they are no backlog any more. */
export async function freeIncidents(incidents: readonly string[], store: Store, now: number): Promise<void> {
  await store.backlog.update(incidents, (known = { at: 0 }) => ({ ...known, releasedAt: now }));
}

/** The incidents of follow-ups with a write that incident.io refused. */
async function refusedOf(followUps: readonly FollowUp[], store: Store): Promise<string[]> {
  if (followUps.length === 0) return [];
  const [writes, edits] = await Promise.all([
    store.writeRefusals.getMany(followUps.map(({ id }) => id)),
    store.refusals.getMany(followUps.map(({ incidentId }) => incidentId)),
  ]);
  return followUps.flatMap(({ id, incidentId }) =>
    writes.has(id) || edits.has(incidentId) ? [incidentId] : [],
  );
}

/**
 * The row after a follow-up was read. Returns the very row that was known if what was read is older: a review and a sync
 * read concurrently, and lists lag behind our writes.
 */
function indexedRow(
  before: IndexedFollowUp | undefined,
  followUp: FollowUp,
  lastWrite: LastWrite | undefined,
  {
    now,
    taskKeyOf,
    currentKeys,
  }: { now: number; currentKeys: ReadonlyMap<TaskKey, TaskKey> } & Pick<IndexDeps, 'taskKeyOf'>,
): IndexedFollowUp {
  if (before !== undefined && (before.updatedAt > followUp.updatedAt || isStale(followUp, lastWrite, now)))
    return before;
  const { reference } = followUp;
  const task = reference && taskKeyOf(reference.provider, reference.permalink);
  // A link that was gone for a while is no new one, and that of a task that only moved is its new place.
  const isSame = before?.incident === followUp.incidentId;
  const last = before?.task ?? before?.lastTask;
  const isMove = last !== undefined && (currentKeys.get(last) ?? last) === task;
  const isConnected = before !== undefined && task !== undefined && last !== task && !isMove;
  const connectedAt = isConnected ? now : before?.connectedAt;
  return {
    incident: followUp.incidentId,
    status: followUp.status,
    task,
    title: followUp.title,
    name: reference?.name,
    url: reference?.permalink,
    malformedReference: followUp.malformedReference,
    createdAt: followUp.createdAt,
    updatedAt: followUp.updatedAt,
    completedAt: followUp.completedAt,
    ...(followUp.writable.labels.length > 0 && { labels: followUp.writable.labels }),
    priority: followUp.priority,
    owner: followUp.owner,
    indexedAt: (isSame ? before?.indexedAt : undefined) ?? now,
    ...(task === undefined && last !== undefined && { lastTask: last }),
    ...(connectedAt !== undefined && { connectedAt }),
    history: nextHistory(before, followUp, lastWrite, now),
  };
}

/** Whether a row that links nothing else, and has the same status, need not be written again. */
function isSameRow(before: IndexedFollowUp, row: IndexedFollowUp): boolean {
  const { updatedAt, title, name, owner, history } = row;
  return (
    before.updatedAt === updatedAt &&
    before.title === title &&
    before.name === name &&
    before.owner === owner &&
    before.history?.setBacks === history?.setBacks
  );
}

interface ChangedRow {
  id: string;
  row: IndexedFollowUp;
  before?: IndexedFollowUp;
}

async function writeLinks(fresh: readonly ChangedRow[], store: Store): Promise<void> {
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
    const isThere = ({ id, row }: ChangedRow) =>
      current.some(([followUp, incident]) => followUp === id && incident === row.incident);
    if (!left.has(task) && added.get(task)?.every(isThere)) return current;
    const kept = current.filter(([followUp]) => !gone.has(followUp));
    for (const { id, row } of added.get(task) ?? []) kept.push([id, row.incident]);
    return kept.length > 0 ? kept : undefined;
  });
  await forgetUnlinked([...added.keys()], store);

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

/** Removes follow-ups from the index that incident.io no longer lists. */
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
