import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { standingAfter } from '../events/standing-state.ts';
import { standingChange } from '../events/unread-changes.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import type { Policy } from '../policy/policy.ts';
import { depends, type IncidentAbout, type Rule, ruleFor } from '../policy/rule.ts';
import { asRecord } from '../store/incident-record.ts';
import {
  type IncidentRecord,
  LONGEST_CHAIN,
  type StatusHistory,
  type TaskRecord,
  type UnreadChange,
} from '../store/records.ts';
import { isDone, knownDoneBefore, nextHistory } from '../store/status-history.ts';
import type { Store } from '../store/store.ts';
import type { UnreadTask } from '../store/tracker-records.ts';
import type { FollowUp, Incident, TaskEvent, TaskKey } from '../vocabulary.ts';
import {
  type Chain,
  canonicalOf,
  chainFrom,
  countedTaskOf,
  isDuplicateChain,
  type StandingTask,
} from './duplicates.ts';
import { effectiveState, type KnownHistory } from './effective-state.ts';
import type { CountedFollowUp } from './sentences.ts';

/** Incident modes that lists include by default. */
const DEFAULT_MODES = ['standard', 'retrospective'];

export interface GatherDeps {
  store: Store;
  api: IncidentIoReader;
  clock: Clock;
  policy: Policy;
  /** The task that a follow-up's reference names; `undefined` if it belongs to no tracker we know. */
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  /** The key, if its roles are known. */
  key?: { roles: readonly string[] };
  /** Indexes what was read, with its links; absent if nothing may be changed. */
  index?(followUps: readonly FollowUp[]): Promise<void>;
}

/** incident.io does not show this incident to this key: it is private, or gone. */
export class NotVisibleError extends Error {
  override readonly name = 'NotVisibleError';
}

export interface Gathered {
  followUps: CountedFollowUp[];
  /** By the key that the follow-ups' references give. */
  records: Map<TaskKey, TaskRecord>;
}

/** What is known about an incident, by which its follow-ups are judged. */
export type AboutIncident = { rule: Rule } & Pick<KnownHistory, 'releasedAt' | 'incidentUpdatedAt' | 'roles'>;

/** Reads an incident's follow-ups, and then (never before) what is known about their tasks. Throws if any read fails. */
export async function gather(incidentId: string, rule: Rule, deps: GatherDeps): Promise<Gathered> {
  const followUps = await readFollowUps(incidentId, deps);
  // Links before the states of tasks, as in the sync: an event that arrives meanwhile finds its incident.
  await deps.index?.(followUps);
  const releasedAt = await deps.store.released.get(incidentId);
  const about = { rule, releasedAt, roles: deps.key?.roles };
  const gathered = await countFollowUps(followUps, () => about, deps);
  const isRefused = gathered.followUps.some(
    ({ effective }) => effective.countsAs === 'blocks' && effective.why === 'write-refused',
  );
  if (!isRefused) return gathered;
  // Whether a write is retried depends on the incident, too, and nothing else reads an incident that is blocked.
  const { updatedAt: incidentUpdatedAt } = await deps.api.incident(incidentId);
  return countFollowUps(followUps, () => ({ ...about, incidentUpdatedAt }), deps);
}

/**
 * What follow-ups count as, given what the store knows about their tasks and what the trackers just answered (by the
 * key asked for). Makes no call to incident.io.
 */
export async function countFollowUps(
  followUps: readonly FollowUp[],
  about: (incidentId: string) => AboutIncident,
  { store, clock, taskKeyOf }: Pick<GatherDeps, 'store' | 'clock' | 'taskKeyOf'>,
  reported: ReadonlyMap<TaskKey, TaskEvent> = new Map(),
): Promise<Gathered> {
  const taskOf = new Map<string, TaskKey>();
  for (const { id, reference } of followUps) {
    const key = reference === undefined ? undefined : taskKeyOf(reference.provider, reference.permalink);
    if (key !== undefined) taskOf.set(id, key);
  }
  const ids = followUps.map(({ id }) => id);
  const standing = await standingOf([...taskOf.values()], store, reported);
  const [lastWrites, refusals, rows, doneThen, unreadTasks, unreadChanges] = await Promise.all([
    store.lastWrites.getMany(ids),
    store.writeRefusals.getMany(ids),
    store.followUps.getMany(ids),
    doneWhenClosed(followUps, store),
    store.unreadTasks.getMany([...standing.values()].map(({ currentKey }) => currentKey)),
    store.unreadChanges.getMany([...standing.values()].map(({ currentKey }) => currentKey)),
  ]);
  const now = clock.now();
  const historyOf = (followUp: FollowUp): StatusHistory => {
    const lastWrite = lastWrites.get(followUp.id);
    const history = nextHistory(rows.get(followUp.id), followUp, lastWrite, now);
    const wasDone = followUp.status === 'outstanding' && doneThen.has(followUp.id);
    return wasDone ? knownDoneBefore(history, followUp) : history;
  };

  const counted = followUps.map((followUp) => {
    const task = taskOf.get(followUp.id);
    const { rule, ...incident } = about(followUp.incidentId);
    const chain = task === undefined ? undefined : chainFrom(task, standing);
    const taskState = chain && countedTaskOf(chain, incident.releasedAt);
    const refusal = refusals.get(followUp.id);
    const unreadChange = chain && unreadChangeOf(chain, standing, unreadChanges);
    const history = historyOf(followUp);
    const known = {
      ...incident,
      task: taskState,
      unreadChange,
      history,
      row: rows.get(followUp.id),
      lastWrite: lastWrites.get(followUp.id),
      refusal,
      now,
    };
    return {
      followUp,
      task,
      taskState,
      ...(chain && isDuplicateChain(chain) && { chain }),
      unreadChange,
      history,
      row: rows.get(followUp.id),
      readFailure: chain && readFailureOf(chain, standing, unreadTasks),
      ...(refusal && { refusal }),
      effective: effectiveState(followUp, known, rule),
    };
  });
  const records = [...taskOf.values()].flatMap((task) => {
    const record = standing.get(task)?.record;
    return record === undefined ? [] : [[task, record] as const];
  });
  return { followUps: counted, records: new Map(records) };
}

/** The outstanding follow-ups that were done in incident.io when we closed their incident. */
async function doneWhenClosed(followUps: readonly FollowUp[], store: Store): Promise<ReadonlySet<string>> {
  const outstanding = followUps.filter(({ status }) => status === 'outstanding');
  const closures = await store.closures.getMany(outstanding.map(({ incidentId }) => incidentId));
  return new Set(
    [...closures.values()].flatMap((list) =>
      list.flatMap(({ outcome, evidence }) =>
        outcome !== 'confirmed'
          ? []
          : evidence.flatMap(({ followUp, status }) => (isDone(status) ? [followUp] : [])),
      ),
    ),
  );
}

/**
 * The rule for an incident, from what is stored about it; the incident is read if nothing is stored and a rule depends
 * on it. `decide` checks again once the incident has been read. `undefined`: incident.io does not show it.
 */
export async function likelyRule(
  incidentId: string,
  { store, api, policy }: Pick<GatherDeps, 'store' | 'api' | 'policy'>,
): Promise<Rule | undefined> {
  const remembered = storedRule(await store.incidents.get(incidentId), policy);
  if (remembered !== undefined) return remembered;
  try {
    const incident = await api.incident(incidentId);
    await storeIncidents([incident], store);
    return ruleFor(policy.rules, incident);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The rule for what is stored about an incident; `undefined` if that is not enough to choose. */
export function storedRule(record: IncidentRecord | undefined, { rules }: Policy): Rule | undefined {
  if (!depends(rules)) return ruleFor(rules, UNKNOWN);
  const known = aboutOf(record);
  return known && ruleFor(rules, known);
}

/** An incident about which nothing is known. */
export const UNKNOWN: IncidentAbout = { mode: '', visibility: '', customFields: [] };

function aboutOf(record: IncidentRecord | undefined): IncidentAbout | undefined {
  return record?.about && { mode: record.mode, ...record.about };
}

async function readFollowUps(incidentId: string, deps: GatherDeps): Promise<FollowUp[]> {
  const { store, api } = deps;
  const known = await store.incidents.get(incidentId);
  const followUps = await api.followUpsOf(incidentId, askedMode(known?.mode));
  if (followUps.length > 0 || known !== undefined) return followUps;
  // Lists leave out incidents of some modes: an empty list says nothing until the mode is known.
  const incident = await api.incident(incidentId).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotVisibleError(error.message, { cause: error }) : error;
  });
  await storeIncidents([incident], store);
  const mode = askedMode(incident.mode);
  return mode === undefined ? followUps : api.followUpsOf(incidentId, mode);
}

/** The mode to ask lists for, unless they include it by default. */
export function askedMode(mode: string | undefined): string | undefined {
  return mode === undefined || DEFAULT_MODES.includes(mode) ? undefined : mode;
}

/** Stores incidents as they were just read or listed, if that changed. */
export async function storeIncidents(incidents: readonly Incident[], store: Store): Promise<void> {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]));
  await store.incidents.update(byId.keys(), (current, id) => {
    const incident = byId.get(id);
    if (incident === undefined) return current;
    // A list may be older than what was read meanwhile.
    if (current?.seen !== undefined && current.seen.updatedAt > incident.updatedAt) return current;
    const record = asRecord(incident);
    return isDeepStrictEqual(record, current) ? current : record;
  });
  const byReference = new Map(incidents.map(({ id, reference }) => [reference.toUpperCase(), id]));
  await store.references.update(
    byReference.keys(),
    (current, reference) => byReference.get(reference) ?? current,
  );
}

/**
 * The standing states of tasks and of everything they are duplicates of, to the end of each chain. In the end all are
 * read at once, so that no two follow-ups of a task see different states.
 */
async function standingOf(
  tasks: readonly TaskKey[],
  store: Store,
  reported: ReadonlyMap<TaskKey, TaskEvent>,
): Promise<Map<TaskKey, StandingTask>> {
  const asked = new Set(tasks);
  for (let hop = 0; ; hop++) {
    const standing = await readStanding(asked, store, reported);
    const further = [...standing.values()]
      .flatMap(({ record }) => canonicalOf(record) ?? [])
      .filter((task) => !asked.has(task));
    if (further.length === 0 || hop === LONGEST_CHAIN) return standing;
    for (const task of further) asked.add(task);
  }
}

/** The first task of a chain that could not be read when its tracker was last asked. */
function readFailureOf(
  { links }: Chain,
  standing: ReadonlyMap<TaskKey, StandingTask>,
  unreadTasks: ReadonlyMap<TaskKey, UnreadTask>,
): CountedFollowUp['readFailure'] {
  for (const { task } of links) {
    const readFailure = unreadTasks.get(standing.get(task)?.currentKey ?? task);
    if (readFailure !== undefined) return { task, why: readFailure.why, since: readFailure.since };
  }
  return undefined;
}

/** The first change in a chain that a payload named but whose result could not be read. */
function unreadChangeOf(
  { links }: Chain,
  standing: ReadonlyMap<TaskKey, StandingTask>,
  unreadChanges: ReadonlyMap<TaskKey, UnreadChange>,
): UnreadChange | undefined {
  for (const { task, record } of links) {
    const change = standingChange(unreadChanges.get(standing.get(task)?.currentKey ?? task), record);
    if (change !== undefined) return change;
  }
  return undefined;
}

async function readStanding(
  tasks: Iterable<TaskKey>,
  store: Store,
  reported: ReadonlyMap<TaskKey, TaskEvent>,
): Promise<Map<TaskKey, StandingTask>> {
  const currentKeys = await store.currentKeysOf(tasks);
  const records = await store.tasks.getMany(currentKeys.values());
  const found = new Map<TaskKey, StandingTask>();
  for (const [task, currentKey] of currentKeys) {
    const event = reported.get(currentKey);
    const record =
      event === undefined ? records.get(currentKey) : standingAfter(records.get(currentKey), event);
    found.set(task, { currentKey, ...(record && { record }) });
  }
  return found;
}
