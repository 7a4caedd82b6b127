import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { AnnouncementOutcome } from '../metrics/counters.ts';
import type { Announcement, AnnouncementPlace } from '../store/announcement-records.ts';
import { ANNOUNCEMENTS_DUE, closingOf, nextTry } from '../store/announcements-due.ts';
import { addToStory } from '../store/history/stories.ts';
import type { Closure, IncidentRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { type AudienceDeps, audienceOf, forAudience } from './audience.ts';
import { type PlanDeps, planOfClosing } from './plan.ts';
import {
  AnnounceLaterError,
  CannotAnnounceError,
  NotForThisPlaceError,
  type Post,
  TakenOverError,
} from './posting.ts';

export interface AnnouncingDeps extends PlanDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  post: Readonly<Record<AnnouncementPlace['kind'], Post>>;
  /** How to find out who may know about an incident. */
  audience: AudienceDeps;
  /** How long one process keeps this work without a sign of life, ms: longer than one call to a recipient takes. */
  lease: number;
  /** Called for each attempt, for metrics. */
  onTry?: (place: string, outcome: AnnouncementOutcome) => void;
}

/** The delay after the first failure, ms, doubled with each further one. A post that timed out may still come through. */
const FIRST_REST = {
  webhook: 1_000,
  notification: 5_000,
  task: 15_000,
  incident: 15_000,
  'follow-up': 15_000,
};
const LONGEST_REST = 3_600_000;
/** What could not be announced within this time is given up, ms. */
export const GIVE_UP_AFTER = 3 * 86_400_000;
/** The confirmation of a closing follows a moment later, or with the next review, ms. */
const UNCONFIRMED_REST = 5_000;
const AT_ONCE = 50;

const holder = randomUUID();
const LEASE = 'announcements';
/** The stores whose lease this process may have. */
const held = new WeakSet<Store>();

interface Work {
  member: string;
  announcement: Announcement;
  closure: Closure | undefined;
  incident: IncidentRecord | undefined;
}

/** What is in flight in this process, by recipient. */
export type InFlight = Map<string, Promise<void>>;

/**
 * Starts announcing what is due, in one process at a time: recipients independently, so that one that hangs delays no
 * other, and one announcement after another for each. What was not stored as announced is announced again, or found to
 * be there already. Answers how long (ms) until the next one is due; 0: something is.
 */
export async function announceDue(
  deps: AnnouncingDeps,
  inFlight: InFlight,
  signal: AbortSignal,
): Promise<number> {
  const { store, clock, log, lease } = deps;
  const all = { min: -Infinity, max: Infinity, limit: AT_ONCE };
  const now = clock.now();
  const known = await store.tables.ranked(ANNOUNCEMENTS_DUE, all);
  const ranked = known.filter(({ score }) => score <= now);
  if (ranked.length === 0) {
    if (inFlight.size > 0) return 0;
    await letOthers(deps);
    return (known[0]?.score ?? Infinity) - now;
  }
  if (!(await store.takeLease(LEASE, holder, now, lease))) return 0;
  held.add(store);
  const work: Work[] = [];
  for (const { member } of ranked) {
    const found = await workFor(member, deps);
    if (found !== undefined) work.push(found);
  }
  for (const { member } of work) await reschedule(member, deps);
  for (const [place, pieces] of byPlace(work, clock.now())) {
    if (inFlight.has(place)) continue;
    const posting = inOnePlace(pieces, deps, signal)
      .catch((err: unknown) =>
        log.warn({ err, place: pieces[0]?.place.name }, 'telling failed; it is tried again'),
      )
      .finally(() => inFlight.delete(place));
    inFlight.set(place, posting);
  }
  return 0;
}

/** Waits for what is in flight, and lets another process take over. */
export async function endAnnouncing({ store }: AnnouncingDeps, inFlight: InFlight): Promise<void> {
  await Promise.all(inFlight.values());
  await store.releaseLease(LEASE, holder);
}

/** Another process that closes something need not wait until this one looks again. */
async function letOthers({ store }: AnnouncingDeps): Promise<void> {
  if (held.delete(store)) await store.releaseLease(LEASE, holder);
}

/** What to announce about it; `undefined` if nothing, now or at all. */
async function workFor(member: string, deps: AnnouncingDeps): Promise<Work | undefined> {
  const { store, clock } = deps;
  const known = await store.announcements.get(member);
  const named = closingOf(member);
  // Other events are stored after they were ranked: if the process was killed in between, the event is stored again.
  if (named === undefined && known === undefined) return void (await drop(member, deps));
  const incidentId = named?.incident ?? known?.incident ?? '';
  const incident = await store.incidents.get(incidentId);
  if (named === undefined && known !== undefined)
    return { member, announcement: known, closure: undefined, incident };
  const closure = (await store.closures.get(incidentId))?.find(({ id }) => id === named?.closure);
  if (closure?.outcome === 'open') {
    const score = clock.now() + UNCONFIRMED_REST;
    return void (await store.tables.rank(ANNOUNCEMENTS_DUE, [{ member, score }]));
  }
  if (closure?.outcome !== 'confirmed') return void (await drop(member, deps));
  const planned = known ?? (await planOfClosing(incidentId, closure, incident, deps));
  // Before anything is announced, so that the content stays the same.
  if (known === undefined) await store.announcements.put(member, planned);
  return { member, announcement: planned, closure, incident };
}

async function drop(member: string, { store }: AnnouncingDeps): Promise<void> {
  await store.tables.unrank(ANNOUNCEMENTS_DUE, [member]);
}

type Piece = Work & { place: AnnouncementPlace };

/** What is due now, by recipient: tasks by their tracker. */
function byPlace(work: readonly Work[], now: number): Map<string, Piece[]> {
  const found = new Map<string, Piece[]>();
  for (const one of work)
    for (const place of one.announcement.places) {
      if (place.state !== 'due' || place.nextAt > now) continue;
      const key = ['webhook', 'notification'].includes(place.kind) ? place.to : place.name;
      found.set(key, [...(found.get(key) ?? []), { ...one, place }]);
    }
  return found;
}

/** Until one fails in a way that the next would too. */
async function inOnePlace(
  pieces: readonly Piece[],
  deps: AnnouncingDeps,
  signal: AbortSignal,
): Promise<void> {
  for (const piece of pieces) {
    if (signal.aborted) return;
    try {
      const ended = await inTurn(piece, deps, signal);
      await reschedule(piece.member, deps);
      if (ended === 'later') return;
    } catch (error) {
      if (error instanceof TakenOverError || signal.aborted) return;
      throw error;
    }
  }
}

/** One attempt. `later`: the recipient is better left alone for now. */
async function inTurn(piece: Piece, deps: AnnouncingDeps, signal: AbortSignal): Promise<'ended' | 'later'> {
  const { store, clock, log, lease, post } = deps;
  const { member, announcement, place } = piece;
  const mayPost = async () => {
    if (!(await store.takeLease(LEASE, holder, clock.now(), lease)))
      throw new TakenOverError('by another process');
  };
  await mayPost();
  const about = { incident: announcement.incident, closure: announcement.closure, place: place.name };
  // Until it is known who may know it: the reference alone.
  let what = `${announcement.type} of ${piece.incident?.reference ?? announcement.incident} ${IN[place.kind]}`;
  try {
    const audience = await audienceOf(announcement.incident, deps.audience);
    if (!audience.isPrivate || place.kind !== 'task') what += ` ${place.shown}`;
    const allowed = forAudience(announcement, place, audience, deps.audience);
    const { isPrivate } = audience;
    await post[place.kind]({ ...piece, announcement: allowed, isPrivate, mayPost, signal });
    await note(member, place, { state: 'made', endedAt: clock.now(), words: undefined }, deps);
    await tellEnd(piece, 'made', undefined, deps);
    deps.onTry?.(place.name, 'made');
    log.info(about, `told ${what}`);
    return 'ended';
  } catch (error) {
    if (error instanceof TakenOverError || signal.aborted) throw error;
    const words = error instanceof Error ? error.message : String(error);
    const now = clock.now();
    const retryAt = retryOf(error, place, now);
    if (error instanceof NotForThisPlaceError) {
      await note(member, place, { state: 'given-up', endedAt: now, words }, deps);
      await tellEnd(piece, 'given-up', words, deps);
      log.info(about, `did not tell ${what}: ${words}`);
      return 'ended';
    }
    if (retryAt === undefined || retryAt - announcement.at > GIVE_UP_AFTER) {
      await note(member, place, { state: 'given-up', endedAt: now, words }, deps);
      await tellEnd(piece, 'given-up', words, deps);
      deps.onTry?.(place.name, 'given-up');
      log.error(about, `gave up telling ${what}: ${words}`);
      return 'ended';
    }
    await note(member, place, { nextAt: retryAt, words }, deps);
    deps.onTry?.(place.name, 'failed');
    // Once per reason, not at every attempt.
    log[place.words === words ? 'debug' : 'warn'](about, `could not tell ${what} yet: ${words}`);
    return 'later';
  }
}

const IN = {
  task: 'in the task',
  incident: 'in the incident',
  webhook: 'to the webhook at',
  notification: 'to operators at',
  'follow-up': 'by a follow-up in',
};

function retryOf(error: unknown, { kind, tries }: AnnouncementPlace, now: number): number | undefined {
  if (error instanceof CannotAnnounceError) return undefined;
  if (error instanceof AnnounceLaterError)
    return Math.max(now + 1_000, Math.min(error.retryAt, now + LONGEST_REST));
  return now + Math.min(LONGEST_REST, FIRST_REST[kind] * 2 ** Math.min(tries, 20));
}

async function note(
  member: string,
  { kind, to }: AnnouncementPlace,
  change: Partial<AnnouncementPlace>,
  { store }: AnnouncingDeps,
): Promise<void> {
  await store.announcements.update([member], (current) => {
    if (current === undefined) return undefined;
    const places = current.places.map((place) =>
      place.kind === kind && place.to === to ? { ...place, ...change, tries: place.tries + 1 } : place,
    );
    const open = places.some(({ state }) => state === 'due');
    return { ...current, places, body: open ? current.body : undefined };
  });
}

async function tellEnd(
  { announcement: { incident, type }, place }: Piece,
  state: 'made' | 'given-up',
  words: string | undefined,
  deps: AnnouncingDeps,
): Promise<void> {
  const at = deps.clock.now();
  const { name, shown: to } = place;
  await addToStory(incident, { kind: 'announcement', at, type, place: name, to, state, words }, deps);
}

async function reschedule(member: string, deps: AnnouncingDeps): Promise<void> {
  const { store } = deps;
  const known = await store.announcements.get(member);
  const next = known && nextTry(known);
  if (next === undefined) await drop(member, deps);
  else await store.tables.rank(ANNOUNCEMENTS_DUE, [{ member, score: next }]);
}
