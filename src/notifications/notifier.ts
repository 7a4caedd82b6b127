import { randomUUID } from 'node:crypto';
import type { StoreContext } from '../context/context.ts';
import type { AnnouncementOutcome } from '../metrics/counters.ts';
import { findTroubles, type Trouble, type TroubleKind, troubleKinds } from '../operations/troubles.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { type NoticePlace, type TroubleNotice, troubleNotices } from '../store/notices/troubles.ts';
import { afterCheck, dueFor, isSettled, noticePlaceOf } from './changes.ts';
import { type Destination, type DestinationName, type Notification, NotTakenError } from './destination.ts';
import { destinationsOf, notifyingHttp } from './destinations.ts';

export type NotifierContext = Pick<StoreContext, 'settings' | 'store' | 'clock' | 'log' | 'backend'>;

export interface NotifierParts {
  /** Called with each attempt, for metrics. */
  onTry?: ((place: DestinationName, outcome: AnnouncementOutcome) => void) | undefined;
  wait?: Sleep | undefined;
}

/** How often it is looked whether something is wrong, ms; and after a failed look. */
const CHECK_EVERY = 15_000;
const AFTER_FAILURE = 30_000;
/** How long one process keeps this work without a sign of life, ms: longer than all destinations may take. */
const LEASE = 60_000;
const NAME = 'notifications';
/** The delay after the first failure, ms, doubled with each further one. */
const FIRST_REST = 15_000;
const LONGEST_REST = 3_600_000;
/** How many things one notification lists. */
const MOST_LINES = 10;

/**
 * Tells operators what goes wrong, and when it is over, until the signal aborts: each thing once, in one process at a
 * time. Apart from everything else, so that nobody waits for it. Resolves at once if nobody is to be told.
 */
export async function runNotifier(
  context: NotifierContext,
  { onTry, wait = sleep }: NotifierParts,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, log, settings } = context;
  const http = notifyingHttp();
  const destinations = destinationsOf(settings, http);
  if (destinations.length === 0) return http.close();
  const holder = randomUUID();
  try {
    while (!signal.aborted) {
      let rest = CHECK_EVERY;
      try {
        if (await store.takeLease(NAME, holder, clock.now(), LEASE)) {
          await recordTroubles(context);
          await notifyAll(destinations, context, { onTry, signal });
        }
      } catch (err) {
        if (signal.aborted) return;
        log.warn({ err }, 'operators could not be told of what goes wrong; it is tried again');
        rest = AFTER_FAILURE;
      }
      await wait(rest, signal);
    }
  } finally {
    await http.close();
    await store
      .releaseLease(NAME, holder)
      .catch((err: unknown) => log.debug({ err }, 'notifying ended without a word to the store'));
  }
}

/** Stores what is wrong now, and what is not any more. */
export async function recordTroubles(context: NotifierContext): Promise<void> {
  const { store, clock } = context;
  const { found, unknownKinds } = await findTroubles(context);
  const now = clock.now();
  const table = troubleNotices(store.tables);
  const byId = new Map(found.map((trouble) => [trouble.id, trouble]));
  const ids = new Set(byId.keys());
  for await (const page of table.all())
    for (const { id, value } of page) if (!isOfUnknownKind(value, unknownKinds)) ids.add(id);
  await table.update(ids, (known, id) => afterCheck(known, byId.get(id), now));
}

function isOfUnknownKind({ kind }: Pick<TroubleNotice, 'kind'>, unknownKinds: ReadonlySet<string>): boolean {
  return unknownKinds.has(kind);
}

/** Tells each destination what it does not know yet, and forgets what nobody has to be told about any more. */
export async function notifyAll(
  destinations: readonly Destination[],
  context: NotifierContext,
  { onTry, signal }: Pick<NotifierParts, 'onTry'> & { signal: AbortSignal },
): Promise<void> {
  const { store, clock } = context;
  const table = troubleNotices(store.tables);
  const known = new Map<string, TroubleNotice>();
  for await (const page of table.all()) for (const { id, value } of page) known.set(id, value);
  // Side by side: one that hangs delays no other.
  await Promise.all(
    destinations.map(async (destination) => {
      for (const piece of piecesFor(destination, known, context)) {
        if (signal.aborted) return;
        if (!(await tellOne(destination, piece, context, { onTry, signal }))) return;
      }
    }),
  );
  const places = destinations.map(({ to }) => to);
  await table.update(known.keys(), (now) =>
    now !== undefined && isSettled(now, places, clock.now()) ? undefined : now,
  );
}

/** Things of one kind that a destination is told about at once. */
interface Piece {
  ids: string[];
  state: 'trouble' | 'over';
  notification: Notification;
}

function piecesFor(
  { to }: Destination,
  known: ReadonlyMap<string, TroubleNotice>,
  { clock, settings }: NotifierContext,
): Piece[] {
  const now = clock.now();
  const pieces: Piece[] = [];
  for (const kind of kinds)
    for (const state of ['trouble', 'over'] as const) {
      const due = [...known].filter(([, one]) => one.kind === kind && dueFor(one, to, now) === state);
      if (due.length === 0) continue;
      const goesOn = [...known.values()].some((one) => one.kind === kind && !one.over);
      const lines = due.map(([, { words }]) => (state === 'over' ? `It was: ${words}` : words));
      pieces.push({
        ids: due.map(([id]) => id),
        state,
        notification: {
          key: `incident-closer ${settings.queuePrefix} ${kind}`,
          state,
          severity: SEVERITIES[kind],
          title: `${troubleKinds[kind][state]}${settings.dryRun ? ' (dry run)' : ''}`,
          lines: linesOf(lines),
          ...(settings.publicUrl !== undefined && { url: settings.publicUrl }),
          at: Math.min(...due.map(([, { since }]) => since)),
          goesOn,
        },
      });
    }
  return pieces;
}

const isKind = (name: string): name is TroubleKind => name in troubleKinds;
const kinds: readonly TroubleKind[] = Object.keys(troubleKinds).filter(isKind);

const SEVERITIES: Record<Trouble['kind'], Notification['severity']> = {
  'incident-io': 'error',
  key: 'critical',
  role: 'error',
  refused: 'error',
  overdue: 'warning',
  failed: 'error',
  brake: 'warning',
  store: 'error',
  backlog: 'info',
};

function linesOf(lines: readonly string[]): string[] {
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `and ${more} more`] : [...lines];
}

/** Returns whether it was taken: what the destination did not take once it need not be asked again for the next. */
async function tellOne(
  destination: Destination,
  { ids, state, notification }: Piece,
  { store, clock, log }: NotifierContext,
  { onTry, signal }: Pick<NotifierParts, 'onTry'> & { signal: AbortSignal },
): Promise<boolean> {
  const { name, to, shown } = destination;
  const table = troubleNotices(store.tables);
  const note = (change: (place: NoticePlace) => NoticePlace) =>
    table.update(ids, (known) =>
      known === undefined
        ? undefined
        : { ...known, places: { ...known.places, [to]: change(noticePlaceOf(known, to)) } },
    );
  const what = `${state === 'over' ? 'that it is over' : 'of'}: ${notification.title}`;
  try {
    if (destination.wants?.(notification) ?? true) await destination.send(notification, signal);
  } catch (error) {
    if (signal.aborted) return false;
    if (!(error instanceof NotTakenError)) throw error;
    const now = clock.now();
    const before = await table.getMany(ids);
    await note(({ tries, told }) => ({
      told,
      tries: tries + 1,
      nextAt: now + (error.pause ?? Math.min(LONGEST_REST, FIRST_REST * 2 ** Math.min(tries, 10))),
      words: error.message,
    }));
    onTry?.(name, 'failed');
    // Once per reason, not at every attempt.
    const isKnown = [...before.values()].every((one) => noticePlaceOf(one, to).words === error.message);
    log[isKnown ? 'debug' : 'warn']({ place: name }, `could not tell ${shown} ${what} yet: ${error.message}`);
    return false;
  }
  await note(() => ({ told: state, tries: 0, nextAt: 0 }));
  onTry?.(name, 'made');
  log.info({ place: name }, `told ${shown} ${what}`);
  return true;
}
