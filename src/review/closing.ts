import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { isAnnouncement } from '../incident-io/announcement-marker.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import {
  ForbiddenError,
  IncidentIoError,
  inApiWords,
  NotFoundError,
  RefusedError,
  UnclearError,
} from '../incident-io/errors.ts';
import { PutBack } from '../queue/queues.ts';
import { ANNOUNCEMENTS_DUE, memberOfClosing } from '../store/announcements-due.ts';
import { addToStories, addToStory } from '../store/history/stories.ts';
import type { StoryEntry } from '../store/history/story.ts';
import type { Closure, Refusal } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import type { Incident, IncidentUpdate } from '../vocabulary.ts';
import { returnSlot, takeSlot } from './brake.ts';
import { groundsOf } from './decide.ts';
import type { Decision } from './decision.ts';
import { evidenceOf } from './evidence.ts';
import type { Facts } from './facts.ts';
import { fingerprint } from './fingerprint.ts';
import { resolvedAt } from './moved-back.ts';

export interface ClosingDeps {
  store: Store;
  api: IncidentIoReader & IncidentIoWriter;
  clock: Clock;
  log: Logger;
  /** 0: no brake. */
  maxClosesPerHour: number;
  /** The name of our key according to `/v1/identity`. */
  keyName: string;
  /** Distinguishes our key from another one with the same name. */
  keyDigest: string;
  keyStillWorks(): Promise<boolean>;
  /** Whether closings are announced anywhere. */
  announces?: boolean;
  /** Called with every closure once it is confirmed, for metrics. */
  onClosure?: (closure: Closure) => void;
}

export type Closed =
  | { done: true; closure: Closure }
  | { done: false; brakeUntil: number }
  /** `byFlow`: the request itself was refused, perhaps because the status belongs to another flow. */
  | { done: false; refused: Refusal; byFlow: boolean };

/** The rank of incidents with an intent whose outcome is unknown: the sweep wakes them. */
export const OPEN_INTENTS = 'open-intents';
/** The rank of confirmed closings, `<incident>/<closure>` by time. */
export const HISTORY = 'history';

/**
 * Closes (or resolves) an incident: intent, edit, confirmation. Whatever fails in between, the next review finds the
 * intent and settles it from incident.io's own history before anything is retried.
 */
export async function close(
  decision: Extract<Decision, { verdict: 'close' | 'resolve' }>,
  facts: Facts & { incident: Incident; updates: readonly IncidentUpdate[] },
  signal: AbortSignal,
  deps: ClosingDeps,
): Promise<Closed> {
  const { store, api, clock } = deps;
  const { incident } = facts;
  const at = clock.now();
  if (deps.maxClosesPerHour > 0) {
    const brakeUntil = await takeSlot(deps.maxClosesPerHour, at, store);
    if (brakeUntil !== undefined) return { done: false, brakeUntil };
  }
  const intent: Closure = {
    id: randomUUID(),
    to: decision.to,
    statusId: decision.status.id,
    at,
    lastUpdate: facts.updates.at(-1)?.id,
    resolvedAt: resolvedAt(facts.updates),
    evidence: facts.followUps
      .filter(({ effective }) => effective.countsAs === 'done')
      .map((counted) => evidenceOf(counted, facts)),
    alive: facts.followUps.filter(({ effective }) => effective.countsAs !== 'deleted').length,
    outcome: 'open',
  };
  await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);
  await store.closures.update([incident.id], (current = []) => [...current, intent]);
  // Once more, in case a review that lost its lock settled its own intent in between.
  await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);
  if (signal.aborted) throw new PutBack(`the review of ${incident.reference} was stopped before the edit`, 0);
  let edited: Awaited<ReturnType<typeof api.editStatus>>;
  try {
    edited = await api.editStatus(incident.id, decision.status.id);
  } catch (error) {
    if (error instanceof UnclearError) {
      const [settled] = await settleIntents(incident.id, deps);
      if (settled?.outcome === 'confirmed') return { done: true, closure: settled };
    } else if (error instanceof IncidentIoError) await fail(incident.id, [intent.id], store);
    if (error instanceof ForbiddenError && !(await deps.keyStillWorks())) throw error;
    if (error instanceof RefusedError || error instanceof ForbiddenError || error instanceof NotFoundError) {
      const refusal = await refuse(error, facts, decision.to, deps);
      deps.log.warn({ incident: incident.id, requestId: error.requestId }, error.message);
      return { done: false, refused: refusal, byFlow: error instanceof RefusedError };
    }
    throw error;
  }
  // If this fails, the edit has still taken effect: the intent stays open, and the next review confirms it.
  return { done: true, closure: await confirm(incident.id, intent, edited.requestId, deps) };
}

/** Stores a refusal along with the facts it may depend on. */
async function refuse(
  error: IncidentIoError,
  facts: Facts & { incident: Incident },
  to: Closure['to'],
  deps: ClosingDeps,
): Promise<Refusal> {
  const { store, clock } = deps;
  const at = clock.now();
  const current = fingerprint(facts.incident, facts.followUps);
  await addToStory(
    facts.incident.id,
    {
      ...{ kind: 'edit', at, to, outcome: 'refused', requestId: error.requestId },
      words: error.words ?? error.message,
    },
    deps,
  );
  const kept = await store.refusals.update([facts.incident.id], (before) => ({
    words: inApiWords(error),
    fingerprint: current,
    at,
    since: before?.fingerprint === current ? (before.since ?? before.at) : at,
    ...groundsOf(facts),
  }));
  return kept.get(facts.incident.id) ?? { words: inApiWords(error), fingerprint: current, at };
}

/**
 * Settles intents with an unknown outcome: the edit was ours only if our key made one of the incident's updates
 * since then. Returns the settled closures; none if nothing was open.
 */
export async function settleIntents(
  incidentId: string,
  deps: Pick<
    ClosingDeps,
    'store' | 'api' | 'clock' | 'log' | 'keyName' | 'keyDigest' | 'onClosure' | 'announces'
  >,
): Promise<Closure[]> {
  const { store, api, log } = deps;
  const open = ((await store.closures.get(incidentId)) ?? []).filter(({ outcome }) => outcome === 'open');
  if (open.length === 0) return [];
  const updates = await api.updates(incidentId);
  const newest = open.at(-1);
  const failed = open.map(({ id }) => id);
  const settled: Closure[] = [];
  const ours = newest && (await ourUpdate(newest, updates, deps));
  if (newest !== undefined && ours !== undefined) {
    failed.splice(failed.indexOf(newest.id), 1);
    settled.push(await confirm(incidentId, newest, undefined, deps));
    // From now on our key is recognized by its id, which is unique.
    if (ours.updater.kind === 'api_key') await store.meta.put(keyIdOf(deps), ours.updater.id);
    log.info({ incident: incidentId }, 'an edit whose end was unknown had taken effect');
  }
  if (failed.length > 0) {
    await fail(incidentId, failed, store);
    const lost = open.filter(({ id }) => failed.includes(id));
    const entries = lost.map((closure) => editEntry(closure, 'failed', deps.clock.now()));
    await addToStories(new Map([[incidentId, entries]]), deps);
    log.info({ incident: incidentId }, 'an edit whose end was unknown had not taken effect');
  }
  return settled;
}

/** The update our key made for this closure, if any. */
async function ourUpdate(
  closure: Closure,
  updates: readonly IncidentUpdate[],
  deps: Pick<ClosingDeps, 'store' | 'keyName' | 'keyDigest'>,
): Promise<IncidentUpdate | undefined> {
  const known = updates.findIndex(({ id }) => id === closure.lastUpdate);
  const keyId = await deps.store.meta.get(keyIdOf(deps));
  return updates
    .slice(known + 1)
    .find(
      ({ updater, status, message }) =>
        updater.kind === 'api_key' &&
        status.id === closure.statusId &&
        !isAnnouncement(message) &&
        (keyId === undefined ? updater.name === deps.keyName : updater.id === keyId),
    );
}

/** Where the id of our key is stored; another key with the same name has a different entry. */
function keyIdOf({ keyName, keyDigest }: Pick<ClosingDeps, 'keyName' | 'keyDigest'>): string {
  return `key-id ${keyName} ${keyDigest}`;
}

async function confirm(
  incidentId: string,
  closure: Closure,
  requestId: string | undefined,
  deps: Pick<ClosingDeps, 'store' | 'clock' | 'log' | 'onClosure' | 'announces'>,
): Promise<Closure> {
  const { store, clock, log, onClosure, announces } = deps;
  const confirmed: Closure = { ...closure, outcome: 'confirmed', confirmedAt: clock.now(), requestId };
  // History first: an entry whose closure is not confirmed yet is not shown.
  await store.tables.rank(HISTORY, [
    { member: `${incidentId}/${closure.id}`, score: confirmed.confirmedAt ?? 0 },
  ]);
  // Marked as due before it is confirmed, so that a crash in between loses no announcement: unconfirmed ones are skipped.
  if (announces && closure.to === 'closed')
    await store.tables.rank(ANNOUNCEMENTS_DUE, [
      { member: memberOfClosing(incidentId, closure.id), score: clock.now() },
    ]);
  await replace(incidentId, [closure.id], () => confirmed, store);
  await store.tables.put([
    store.ready.change(incidentId, undefined),
    store.refusals.change(incidentId, undefined),
    store.backlog.change(incidentId, undefined),
    store.movedBack.change(incidentId, undefined),
  ]);
  await removeSettledIntents([incidentId], store);
  onClosure?.(confirmed);
  await addToStory(incidentId, editEntry(confirmed, 'confirmed', confirmed.confirmedAt, requestId), deps);
  const hidden = isPrivate((await store.incidents.get(incidentId))?.about?.visibility);
  log.info(
    {
      incident: incidentId,
      closure: closure.id,
      requestId,
      ...(!hidden && {
        tasks: closure.evidence.flatMap(({ task }) => task ?? []),
        deliveries: closure.evidence.flatMap(({ delivery }) => delivery ?? []),
      }),
    },
    `the closing of ${incidentId} is confirmed: moved to ${closure.to}`,
  );
  return confirmed;
}

function editEntry(
  { id: closure, to }: Closure,
  outcome: 'confirmed' | 'failed',
  at = 0,
  requestId?: string,
): StoryEntry {
  return { kind: 'edit', at, closure, to, outcome, requestId };
}

async function fail(incidentId: string, ids: readonly string[], store: Store): Promise<void> {
  // One confirmed meanwhile stays confirmed: a concurrent review made the edit after this one had read the updates.
  await replace(
    incidentId,
    ids,
    (closure) => (closure.outcome === 'open' ? { ...closure, outcome: 'failed' } : closure),
    store,
  );
  const closures = (await store.closures.get(incidentId)) ?? [];
  // Nothing was closed: an incident whose edits keep failing must not hold up all the others.
  for (const { id, at, outcome } of closures)
    if (ids.includes(id) && outcome === 'failed') await returnSlot(at, store);
  await removeSettledIntents([incidentId], store);
}

/**
 * Removes the incidents whose intents are settled from the rank, and returns the others. A review that lost its lock
 * may store an intent meanwhile; it ranks it before and after, and this checks again after removing.
 */
export async function removeSettledIntents(incidentIds: readonly string[], store: Store): Promise<string[]> {
  const openOf = async (ids: readonly string[]) => {
    const closures = await store.closures.getMany(ids);
    const open = (id: string) => closures.get(id)?.find(({ outcome }) => outcome === 'open');
    return ids.flatMap((id) => {
      const intent = open(id);
      return intent === undefined ? [] : [{ member: id, score: intent.at }];
    });
  };
  const open = (await openOf(incidentIds)).map(({ member }) => member);
  const settled = incidentIds.filter((id) => !open.includes(id));
  if (settled.length === 0) return open;
  await store.tables.unrank(OPEN_INTENTS, settled);
  const since = await openOf(settled);
  if (since.length > 0) await store.tables.rank(OPEN_INTENTS, since);
  return [...open, ...since.map(({ member }) => member)];
}

async function replace(
  incidentId: string,
  ids: readonly string[],
  change: (closure: Closure) => Closure,
  store: Store,
): Promise<void> {
  await store.closures.update([incidentId], (current = []) =>
    current.map((closure) => (ids.includes(closure.id) ? change(closure) : closure)),
  );
}
