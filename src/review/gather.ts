import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { stand } from '../events/stand.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import type { Policy } from '../policy/policy.ts';
import { depends, type IncidentAbout, type Rule, ruleFor } from '../policy/rule.ts';
import type { IncidentRecord, TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { FollowUp, Incident, TaskEvent, TaskKey } from '../vocabulary.ts';
import { effective, type TaskWord } from './word.ts';
import type { Counted } from './words.ts';

/** Incident modes that lists show without being asked. */
const DEFAULT_MODES = ['standard', 'retrospective'];

export interface GatherDeps {
  store: Store;
  api: IncidentIoReader;
  clock: Clock;
  policy: Policy;
  /** The task that a follow-up's reference names; `undefined` where no tracker of ours knows it. */
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  /** Takes what was read into the index, with its links; absent where nothing may be changed. */
  index?(followUps: readonly FollowUp[]): Promise<void>;
}

/** incident.io shows no such incident to this key: it is private, or gone. */
export class NotVisibleError extends Error {
  override readonly name = 'NotVisibleError';
}

export interface Gathered {
  followUps: Counted[];
  /** By the key that the follow-ups' references give. */
  records: Map<TaskKey, TaskRecord>;
}

/** Reads an incident's follow-ups, and then (never before) what is known of their tasks. Throws where anything could not be read. */
export async function gather(incidentId: string, rule: Rule, deps: GatherDeps): Promise<Gathered> {
  const followUps = await readFollowUps(incidentId, deps);
  // Links before the states of tasks, as in the sync: an event that comes meanwhile finds its incident.
  await deps.index?.(followUps);
  const releasedAt = await deps.store.released.get(incidentId);
  return count(followUps, () => ({ rule, releasedAt }), deps);
}

/**
 * What follow-ups count as, by what the store knows of their tasks, and by what the trackers told just now (by the
 * key that was asked for). No call to incident.io.
 */
export async function count(
  followUps: readonly FollowUp[],
  about: (incidentId: string) => { rule: Rule; releasedAt: number | undefined },
  { store, clock, taskKeyOf }: Pick<GatherDeps, 'store' | 'clock' | 'taskKeyOf'>,
  told: ReadonlyMap<TaskKey, TaskEvent> = new Map(),
): Promise<Gathered> {
  const taskOf = new Map<string, TaskKey>();
  for (const { id, reference } of followUps) {
    const key = reference === undefined ? undefined : taskKeyOf(reference.provider, reference.permalink);
    if (key !== undefined) taskOf.set(id, key);
  }
  const ids = followUps.map(({ id }) => id);
  const { records, canonical } = await wordsOf([...taskOf.values()], store, told);
  const [marks, refusals] = await Promise.all([store.marks.getMany(ids), store.writeRefusals.getMany(ids)]);
  const now = clock.now();

  const counted = followUps.map((followUp) => {
    const task = taskOf.get(followUp.id);
    const record = task === undefined ? undefined : records.get(task);
    const word = record && wordOfTask(record, canonical);
    const refusal = refusals.get(followUp.id);
    const { rule, releasedAt } = about(followUp.incidentId);
    const known = {
      task: word,
      mark: marks.get(followUp.id),
      refusal,
      releasedAt,
      now,
    };
    return {
      followUp,
      task,
      word,
      refusedWith: refusal?.words,
      effective: effective(followUp, known, rule),
    };
  });
  return { followUps: counted, records };
}

/**
 * The rule that fits an incident, by what is remembered of it; the incident is read where nothing is and a rule
 * looks at incidents. `decide` looks again once the incident has been read. `undefined`: incident.io shows no such
 * incident.
 */
export async function likelyRule(
  incidentId: string,
  { store, api, policy }: Pick<GatherDeps, 'store' | 'api' | 'policy'>,
): Promise<Rule | undefined> {
  const remembered = rememberedRule(await store.incidents.get(incidentId), policy);
  if (remembered !== undefined) return remembered;
  try {
    const incident = await api.incident(incidentId);
    await rememberIncidents([incident], store);
    return ruleFor(policy.rules, incident);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The rule that fits by what is remembered of an incident; `undefined` where that does not tell. */
export function rememberedRule(record: IncidentRecord | undefined, { rules }: Policy): Rule | undefined {
  if (!depends(rules)) return ruleFor(rules, UNKNOWN);
  const known = aboutOf(record);
  return known && ruleFor(rules, known);
}

/** An incident of which nothing is known. */
export const UNKNOWN: IncidentAbout = { mode: '', visibility: '', customFields: [] };

function aboutOf(record: IncidentRecord | undefined): IncidentAbout | undefined {
  return record?.about && { mode: record.mode, ...record.about };
}

async function readFollowUps(incidentId: string, deps: GatherDeps): Promise<FollowUp[]> {
  const { store, api } = deps;
  const known = await store.incidents.get(incidentId);
  const followUps = await api.followUpsOf(incidentId, askedMode(known?.mode));
  if (followUps.length > 0 || known !== undefined) return followUps;
  // Lists leave out the incidents of some modes: an empty one says nothing before the mode is known.
  const incident = await api.incident(incidentId).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotVisibleError(error.message, { cause: error }) : error;
  });
  await rememberIncidents([incident], store);
  const mode = askedMode(incident.mode);
  return mode === undefined ? followUps : api.followUpsOf(incidentId, mode);
}

/** The mode that lists have to be asked for, where they do not show it by themselves. */
export function askedMode(mode: string | undefined): string | undefined {
  return mode === undefined || DEFAULT_MODES.includes(mode) ? undefined : mode;
}

/** Remembers what incidents are called and which mode they have, where that is news. */
export async function rememberIncidents(incidents: readonly Incident[], store: Store): Promise<void> {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]));
  await store.incidents.update(byId.keys(), (current, id) => {
    const incident = byId.get(id);
    if (incident === undefined) return current;
    const { reference, name, mode, permalink, visibility, severity, type, customFields } = incident;
    const about = {
      visibility,
      severity,
      type,
      customFields: customFields.filter(({ values }) => values.length > 0),
    };
    const record: IncidentRecord = { reference, name, mode, permalink, about };
    return isDeepStrictEqual(record, current) ? current : record;
  });
  const byReference = new Map(incidents.map(({ id, reference }) => [reference.toUpperCase(), id]));
  await store.references.update(
    byReference.keys(),
    (current, reference) => byReference.get(reference) ?? current,
  );
}

/**
 * What stands for tasks and for what they are duplicates of: all of it read at one time, so that no two follow-ups of a
 * task are told different words.
 */
async function wordsOf(
  tasks: readonly TaskKey[],
  store: Store,
  told: ReadonlyMap<TaskKey, TaskEvent>,
): Promise<{ records: Map<TaskKey, TaskRecord>; canonical: Map<TaskKey, TaskRecord> }> {
  const first = await recordsOf(tasks, store, told);
  const originals = [...first.values()].flatMap(({ canonical }) => canonical ?? []);
  if (originals.length === 0) return { records: first, canonical: new Map() };
  const all = await recordsOf([...tasks, ...originals], store, told);
  const own = new Set(tasks);
  return { records: new Map([...all].filter(([key]) => own.has(key))), canonical: all };
}

async function recordsOf(
  tasks: Iterable<TaskKey>,
  store: Store,
  told: ReadonlyMap<TaskKey, TaskEvent>,
): Promise<Map<TaskKey, TaskRecord>> {
  const places = await store.placesOf(tasks);
  const records = await store.tasks.getMany(places.values());
  const found = new Map<TaskKey, TaskRecord>();
  for (const [task, place] of places) {
    const event = told.get(place);
    const record = event === undefined ? records.get(place) : stand(records.get(place), event);
    if (record !== undefined) found.set(task, record);
  }
  return found;
}

/** A duplicate follows its canonical task, where the tracker names it. */
function wordOfTask(record: TaskRecord, canonical: ReadonlyMap<TaskKey, TaskRecord>): TaskWord {
  if (record.state !== 'declined' || record.canonical === undefined) return record;
  const original = canonical.get(record.canonical);
  if (original === undefined)
    return { state: 'unknown-duplicate', canonical: record.canonical, since: record.since };
  // As open as its original: an open one blocks, whatever the duplicate's own follow-up says.
  return { ...original, since: Math.max(original.since, record.since), seenClosed: true };
}
