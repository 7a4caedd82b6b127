import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { ANNOUNCEMENTS_DUE, memberOfClosing } from '../announcements/due.ts';
import { isAnnouncement } from '../announcements/marker.ts';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import {
  ForbiddenError,
  IncidentIoError,
  NotFoundError,
  RefusedError,
  UnclearError,
} from '../incident-io/errors.ts';
import { PutBack } from '../queue/queues.ts';
import type { Closure } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Incident, IncidentUpdate } from '../vocabulary.ts';
import type { Decision, Facts } from './decide.ts';
import { looksLike } from './looks.ts';
import type { Counted } from './words.ts';

export interface ClosingDeps {
  store: Store;
  api: IncidentIoReader & IncidentIoWriter;
  clock: Clock;
  log: Logger;
  /** 0: no brake. */
  maxClosesPerHour: number;
  /** The name that `/v1/identity` gives our key. */
  keyName: string;
  /** Tells our key from another one of the same name. */
  keyDigest: string;
  keyStillWorks(): Promise<boolean>;
  /** Whether closings are told anywhere. */
  announces?: boolean;
  /** Told of every closing once it is confirmed, for metrics. */
  onClosure?: (closure: Closure) => void;
}

export type Closed =
  | { done: true; closure: Closure }
  | { done: false; brakeUntil: number }
  | { done: false; refused: string };

const HOUR = 3_600_000;
/** The places of the brake: those of edits that took effect, or may have. */
export const BRAKE = 'closings';
/** The rank of incidents with an intent whose end is unknown: the sweep wakes them. */
export const OPEN_INTENTS = 'open-intents';
/** The rank of confirmed closings, `<incident>/<closure>` by time. */
export const HISTORY = 'history';

/**
 * Closes (or resolves) an incident: intent, edit, confirmation. Whatever happens in between, the next review
 * finds the intent and settles it by what incident.io's own history says, before anything is tried again.
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
    const brakeUntil = await store.takePlace(BRAKE, deps.maxClosesPerHour, HOUR, at);
    if (brakeUntil !== undefined) return { done: false, brakeUntil };
  }
  const intent: Closure = {
    id: randomUUID(),
    to: decision.to,
    statusId: decision.status.id,
    at,
    lastUpdate: facts.updates.at(-1)?.id,
    evidence: facts.followUps
      .filter(({ effective }) => effective.counts === 'done')
      .map((counted) => evidenceOf(counted, facts)),
    alive: facts.followUps.filter(({ effective }) => effective.counts !== 'gone').length,
    outcome: 'open',
  };
  await store.tables.rank(OPEN_INTENTS, [{ member: incident.id, score: intent.at }]);
  await store.closures.update([incident.id], (current = []) => [...current, intent]);
  // Again, for where a review that lost its lock settled its own intent in between.
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
      const looks = looksLike(incident, facts.followUps);
      const words = inItsWords(error);
      await store.refusals.put(incident.id, { words, looks, at: clock.now() });
      deps.log.warn({ incident: incident.id, requestId: error.requestId }, error.message);
      return { done: false, refused: words };
    }
    throw error;
  }
  // Where this fails the edit has taken effect all the same: the intent stays open, and the next review confirms it.
  return { done: true, closure: await confirm(incident.id, intent, edited.requestId, deps) };
}

/** What people are told wherever they ask; the log has the rest. */
export function inItsWords({ words, message, requestId }: IncidentIoError): string {
  if (words === undefined) return message;
  return requestId === undefined ? `“${words}”` : `“${words}” (request ${requestId})`;
}

/**
 * Settles the intents whose end nobody knows: an edit was ours only where one of the incident's updates after
 * it was made by our key. Answers the settled closures; none where nothing was open.
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
    // From now on our key is known by its id, which no other key shares.
    if (ours.updater.kind === 'api_key') await store.meta.put(keyIdOf(deps), ours.updater.id);
    log.info({ incident: incidentId }, 'an edit whose end was unknown had taken effect');
  }
  if (failed.length > 0) {
    await fail(incidentId, failed, store);
    log.info({ incident: incidentId }, 'an edit whose end was unknown had not taken effect');
  }
  return settled;
}

/** The update that our key made for this closure, if there is one. */
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

/** Where the id of our key is remembered: another key of the same name has another one. */
function keyIdOf({ keyName, keyDigest }: Pick<ClosingDeps, 'keyName' | 'keyDigest'>): string {
  return `key-id ${keyName} ${keyDigest}`;
}

async function confirm(
  incidentId: string,
  closure: Closure,
  requestId: string | undefined,
  {
    store,
    clock,
    log,
    onClosure,
    announces,
  }: Pick<ClosingDeps, 'store' | 'clock' | 'log' | 'onClosure' | 'announces'>,
): Promise<Closure> {
  const confirmed: Closure = { ...closure, outcome: 'confirmed', confirmedAt: clock.now(), requestId };
  // The history first: an entry of it whose closure is not confirmed yet is not shown.
  await store.tables.rank(HISTORY, [
    { member: `${incidentId}/${closure.id}`, score: confirmed.confirmedAt ?? 0 },
  ]);
  // Due before it is confirmed, so that a crash in between forgets nobody: what is not confirmed is not told.
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
  await unrankSettled([incidentId], store);
  onClosure?.(confirmed);
  log.info(
    {
      incident: incidentId,
      closure: closure.id,
      requestId,
      tasks: closure.evidence.flatMap(({ task }) => task ?? []),
      deliveries: closure.evidence.flatMap(({ delivery }) => delivery ?? []),
    },
    `the closing of ${incidentId} is confirmed: moved to ${closure.to}`,
  );
  return confirmed;
}

async function fail(incidentId: string, ids: readonly string[], store: Store): Promise<void> {
  // One that was confirmed since stays that: a review beside this one made the edit after this one had looked.
  await replace(
    incidentId,
    ids,
    (closure) => (closure.outcome === 'open' ? { ...closure, outcome: 'failed' } : closure),
    store,
  );
  const closures = (await store.closures.get(incidentId)) ?? [];
  // Nothing was closed: one incident whose edits keep failing must not hold all the others back.
  for (const { id, at, outcome } of closures)
    if (ids.includes(id) && outcome === 'failed') await store.returnPlace(BRAKE, at);
  await unrankSettled([incidentId], store);
}

/**
 * Takes the incidents out of the rank whose intents are settled, and answers the others. A review that lost its lock may
 * store one of its own meanwhile: it ranks it before and after, and here is looked again after it was taken out.
 */
export async function unrankSettled(incidentIds: readonly string[], store: Store): Promise<string[]> {
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

function evidenceOf({ followUp, task, word }: Counted, { answers }: Facts): Closure['evidence'][number] {
  const answer = task === undefined ? undefined : answers?.get(task);
  const confirmedAt = answer?.kind === 'told' ? answer.at : undefined;
  const { id, title, status, reference } = followUp;
  const { name, permalink: url } = reference ?? {};
  const row = { followUp: id, title, name, url, status, task, confirmedAt };
  if (word === undefined || word.state === 'unknown-duplicate') return row;
  const { state, by, actor, since, delivery } = word;
  return { ...row, state, by, actor, since, delivery };
}
