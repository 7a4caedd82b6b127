import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Announcement, AnnouncementPlace, Closure, IncidentRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { ANNOUNCEMENTS_DUE, closingOf, nextTry } from './due.ts';
import { CannotTellError, TakenOverError, type Tell, TellLaterError } from './place.ts';
import { type PlanDeps, planOfClosing } from './plan.ts';

export interface AnnouncingDeps extends PlanDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  tell: Readonly<Record<AnnouncementPlace['kind'], Tell>>;
  /** How long one process keeps this work without a sign of life, ms: longer than one call of a place takes. */
  lease: number;
  /** Told of each try, for metrics. */
  onTry?: (place: string, outcome: AnnouncementOutcome) => void;
}

export const announcementOutcomes = ['made', 'failed', 'given-up'] as const;
export type AnnouncementOutcome = (typeof announcementOutcomes)[number];

/** The first pause after a failure, ms, doubled with each further one. A post that timed out may still come through. */
const FIRST_REST = { webhook: 1_000, task: 15_000, incident: 15_000 };
const LONGEST_REST = 3_600_000;
/** What could not be told within this time is told no more, ms. */
export const GIVE_UP_AFTER = 3 * 86_400_000;
/** A closing that is due to be told is confirmed a moment later, or settled by the next review, ms. */
const UNCONFIRMED_REST = 5_000;
const AT_ONCE = 50;

const holder = randomUUID();
const LEASE = 'announcements';

interface Work {
  member: string;
  announcement: Announcement;
  closure: Closure | undefined;
  incident: IncidentRecord | undefined;
}

/** What is under way in this process, by place. */
export type InHand = Map<string, Promise<void>>;

/**
 * Begins to tell what is due, in one process at a time: each place by itself, so that one that hangs holds up no other,
 * and one thing after another in each place. What was not written down as told is told again, or found to be there.
 */
export async function announceDue(deps: AnnouncingDeps, inHand: InHand, signal: AbortSignal): Promise<void> {
  const { store, clock, log, lease } = deps;
  const range = { min: -Infinity, max: clock.now(), limit: AT_ONCE };
  const ranked = await store.tables.ranked(ANNOUNCEMENTS_DUE, range);
  if (ranked.length === 0 || !(await store.lease(LEASE, holder, clock.now(), lease))) return;
  const work: Work[] = [];
  for (const { member } of ranked) {
    const found = await workFor(member, deps);
    if (found !== undefined) work.push(found);
  }
  for (const { member } of work) await rankAnew(member, deps);
  for (const [place, pieces] of byPlace(work, clock.now())) {
    if (inHand.has(place)) continue;
    const telling = inOnePlace(pieces, deps, signal)
      .catch((err: unknown) =>
        log.warn({ err, place: pieces[0]?.place.name }, 'telling failed; it is tried again'),
      )
      .finally(() => inHand.delete(place));
    inHand.set(place, telling);
  }
}

/** Waits for what is under way, and lets another process go on. */
export async function endAnnouncing({ store }: AnnouncingDeps, inHand: InHand): Promise<void> {
  await Promise.all(inHand.values());
  await store.release(LEASE, holder);
}

/** What is to be told of it; `undefined` where nothing is, now or at all. */
async function workFor(member: string, deps: AnnouncingDeps): Promise<Work | undefined> {
  const { store, clock } = deps;
  const known = await store.announcements.get(member);
  const named = closingOf(member);
  // Another event is written down after it was ranked: whoever was killed in between does it again.
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
  // Before anything is told, so that it stays what it is.
  if (known === undefined) await store.announcements.put(member, planned);
  return { member, announcement: planned, closure, incident };
}

async function drop(member: string, { store }: AnnouncingDeps): Promise<void> {
  await store.tables.unrank(ANNOUNCEMENTS_DUE, [member]);
}

type Piece = Work & { place: AnnouncementPlace };

/** What is due now, by where it is told: tasks by their tracker. */
function byPlace(work: readonly Work[], now: number): Map<string, Piece[]> {
  const found = new Map<string, Piece[]>();
  for (const one of work)
    for (const place of one.announcement.places) {
      if (place.state !== 'due' || place.nextAt > now) continue;
      const key = place.kind === 'webhook' ? place.to : place.name;
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
      await rankAnew(piece.member, deps);
      if (ended === 'later') return;
    } catch (error) {
      if (error instanceof TakenOverError || signal.aborted) return;
      throw error;
    }
  }
}

/** One try. `later`: the place is better left alone for now. */
async function inTurn(piece: Piece, deps: AnnouncingDeps, signal: AbortSignal): Promise<'ended' | 'later'> {
  const { store, clock, log, lease, tell } = deps;
  const { member, announcement, place } = piece;
  const mayPost = async () => {
    if (!(await store.lease(LEASE, holder, clock.now(), lease)))
      throw new TakenOverError('by another process');
  };
  await mayPost();
  const about = { incident: announcement.incident, closure: announcement.closure, place: place.name };
  const what = `${announcement.type} of ${piece.incident?.reference ?? announcement.incident} ${IN[place.kind]} ${place.shown}`;
  try {
    await tell[place.kind]({ ...piece, mayPost, signal });
    await note(member, place, { state: 'made', endedAt: clock.now(), words: undefined }, deps);
    deps.onTry?.(place.name, 'made');
    log.info(about, `told ${what}`);
    return 'ended';
  } catch (error) {
    if (error instanceof TakenOverError || signal.aborted) throw error;
    const words = error instanceof Error ? error.message : String(error);
    const now = clock.now();
    const retryAt = retryOf(error, place, now);
    if (retryAt === undefined || retryAt - announcement.at > GIVE_UP_AFTER) {
      await note(member, place, { state: 'given-up', endedAt: now, words }, deps);
      deps.onTry?.(place.name, 'given-up');
      log.error(about, `gave up telling ${what}: ${words}`);
      return 'ended';
    }
    await note(member, place, { nextAt: retryAt, words }, deps);
    deps.onTry?.(place.name, 'failed');
    // Once for each reason, not at every try.
    log[place.words === words ? 'debug' : 'warn'](about, `could not tell ${what} yet: ${words}`);
    return 'later';
  }
}

const IN = { task: 'in the task', incident: 'in the incident', webhook: 'to the webhook at' };

function retryOf(error: unknown, { kind, tries }: AnnouncementPlace, now: number): number | undefined {
  if (error instanceof CannotTellError) return undefined;
  if (error instanceof TellLaterError)
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

async function rankAnew(member: string, deps: AnnouncingDeps): Promise<void> {
  const { store } = deps;
  const known = await store.announcements.get(member);
  const next = known && nextTry(known);
  if (next === undefined) await drop(member, deps);
  else await store.tables.rank(ANNOUNCEMENTS_DUE, [{ member, score: next }]);
}
