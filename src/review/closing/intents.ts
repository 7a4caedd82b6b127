import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { isAnnouncement } from '../../incident-io/announcement-marker.ts';
import type { IncidentIoReader } from '../../incident-io/api.ts';
import { ANNOUNCEMENTS_DUE, memberOfClosing } from '../../store/announcements-due.ts';
import { addToStories, addToStory } from '../../store/history/stories.ts';
import type { StoryEntry } from '../../store/history/story.ts';
import type { Closure } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { isPrivate } from '../../visibility.ts';
import type { IncidentUpdate } from '../../vocabulary.ts';
import { ownUpdate } from '../moved-back.ts';
import { returnSlot } from './brake.ts';

/**
 * What an edit is known by before it is made: its intent. It stays open until it is known whether the edit took effect,
 * and is settled from incident.io's own history.
 */
export interface SettleDeps {
  store: Store;
  api: Pick<IncidentIoReader, 'updates'>;
  clock: Clock;
  log: Logger;
  /** The name of our key according to `/v1/identity`. */
  keyName: string;
  /** Distinguishes our key from another one with the same name. */
  keyDigest: string;
  /** Whether closings are announced anywhere. */
  announces?: boolean;
  /** Called with every closure once it is confirmed, for metrics. */
  onClosure?: (closure: Closure) => void;
}

/** The rank of incidents with an intent whose outcome is unknown: the sweep wakes them. */
export const OPEN_INTENTS = 'open-intents';
/** The rank of confirmed closings, `<incident>/<closure>` by time. */
export const HISTORY = 'history';

/**
 * Settles intents with an unknown outcome: the edit was ours only if our key made one of the incident's updates
 * since then. Returns the settled closures; none if nothing was open.
 */
export async function settleIntents(incidentId: string, deps: SettleDeps): Promise<Closure[]> {
  const { store, api, log } = deps;
  const open = ((await store.closures.get(incidentId)) ?? []).filter(({ outcome }) => outcome === 'open');
  if (open.length === 0) return [];
  const updates = await api.updates(incidentId);
  const newest = open.at(-1);
  const failed = open.map(({ id }) => id);
  const settled: Closure[] = [];
  const claimed = await claimedUpdates(incidentId, updates, store);
  const ours = newest && (await ourUpdate(newest, updates, claimed, deps));
  if (newest !== undefined && ours !== undefined) {
    failed.splice(failed.indexOf(newest.id), 1);
    const closure = await confirm(incidentId, newest, undefined, deps);
    settled.push(closure);
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

/** The ids of the updates that are known to be closings of ours: none of another intent. */
async function claimedUpdates(
  incidentId: string,
  updates: readonly IncidentUpdate[],
  store: Store,
): Promise<ReadonlySet<string>> {
  const closures = (await store.closures.get(incidentId)) ?? [];
  const confirmed = closures.filter(({ outcome }) => outcome === 'confirmed');
  return new Set(confirmed.flatMap((closure) => ownUpdate(closure, updates).map(([id]) => id)));
}

/** The update our key made for this closure, if any. */
async function ourUpdate(
  closure: Closure,
  updates: readonly IncidentUpdate[],
  claimed: ReadonlySet<string>,
  deps: Pick<SettleDeps, 'store' | 'keyName' | 'keyDigest'>,
): Promise<IncidentUpdate | undefined> {
  const known = updates.findIndex(({ id }) => id === closure.lastUpdate);
  const keyId = await deps.store.meta.get(keyIdOf(deps));
  return updates
    .slice(known + 1)
    .find(
      ({ id, updater, status, message }) =>
        !claimed.has(id) &&
        updater.kind === 'api_key' &&
        status.id === closure.statusId &&
        !isAnnouncement(message) &&
        (keyId === undefined ? updater.name === deps.keyName : updater.id === keyId),
    );
}

/** Where the id of our key is stored; another key with the same name has a different entry. */
function keyIdOf({ keyName, keyDigest }: Pick<SettleDeps, 'keyName' | 'keyDigest'>): string {
  return `key-id ${keyName} ${keyDigest}`;
}

/** Stores that an edit took effect, and tells of it. Returns the closure that holds for it. */
export async function confirm(
  incidentId: string,
  closure: Closure,
  requestId: string | undefined,
  deps: Pick<SettleDeps, 'store' | 'clock' | 'log' | 'onClosure' | 'announces'>,
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
  const stored = await storeConfirmed(incidentId, confirmed, store);
  await store.tables.put([
    store.ready.change(incidentId, undefined),
    store.refusals.change(incidentId, undefined),
    store.backlog.change(incidentId, undefined),
    store.movedBack.change(incidentId, undefined),
  ]);
  await removeSettledIntents([incidentId], store);
  // Another review has told of it.
  if (stored !== confirmed) return stored;
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

/**
 * Stores it, unless a review that ran at the same time has confirmed it before, or an intent of its own: one edit is one
 * closing, whose evidence and announcement are those of the first. Returns the closure that holds.
 */
async function storeConfirmed(incidentId: string, confirmed: Closure, store: Store): Promise<Closure> {
  const isSameEdit = ({ id, outcome, statusId, confirmedAt = -Infinity }: Closure) =>
    outcome === 'confirmed' &&
    (id === confirmed.id || (statusId === confirmed.statusId && confirmedAt >= confirmed.at));
  let before: Closure | undefined;
  await store.closures.update([incidentId], (current = []) => {
    before = current.find(isSameEdit);
    if (before !== undefined) return current;
    return current.map((closure) => (closure.id === confirmed.id ? confirmed : closure));
  });
  if (before === undefined) return confirmed;
  if (before.id !== confirmed.id) await fail(incidentId, [confirmed.id], store);
  return before;
}

function editEntry(
  { id: closure, to }: Closure,
  outcome: 'confirmed' | 'failed',
  at = 0,
  requestId?: string,
): StoryEntry {
  return { kind: 'edit', at, closure, to, outcome, requestId };
}

/** Stores that these edits had no effect. */
export async function fail(incidentId: string, ids: readonly string[], store: Store): Promise<void> {
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
