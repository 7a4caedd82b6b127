import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { TrackerStatus } from '../store/tracker-records.ts';
import { TrackerAccessError, TrackerBusyError } from '../trackers/read-back.ts';

/** A tracker could not be asked, so its tasks' states are unknown. The message is for people. */
export class CannotReadError extends Error {
  override readonly name = 'CannotReadError';
  readonly tracker: string;
  /** ms, our clock: not asked before then. */
  readonly retryAt: number;
  /** Since when it could not be asked, ms. */
  readonly since: number;
  constructor(tracker: string, message: string, { retryAt, since }: { retryAt: number; since: number }) {
    super(message);
    this.tracker = tracker;
    this.retryAt = retryAt;
    this.since = since;
  }
}

/** How long a tracker is left alone after its first failure, ms; doubled with each further one. */
const FIRST_REST = 2_000;
const LONGEST_REST = 5 * 60_000;
/** A tracker that asks to be left alone is, but for this long at most, ms: then it is probed. */
const LONGEST_BUSY = 60 * 60_000;
const SHORTEST_BUSY = 1_000;
/** How often the time of a tracker's last answer is stored, ms. */
const NOTED_EVERY = 10_000;

export interface Watched {
  name: string;
  /** For people. */
  title: string;
  token: string;
}

/**
 * Keeps in the store whether a tracker can be asked, so that all processes leave one alone that is busy, down, or
 * rejects the token, and so that it is logged once.
 */
export class TrackerWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor({ store, clock, log }: { store: Store; clock: Clock; log: Logger }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  /** Why the tracker has to be left alone for now; `undefined`: it may be asked. */
  async restOf({ name }: Watched): Promise<CannotReadError | undefined> {
    const failure = (await this.#store.trackerStatus.get(name))?.failure;
    return failure !== undefined && failure.retryAt > this.#clock.now()
      ? new CannotReadError(name, failure.words, failure)
      : undefined;
  }

  /** Records that a call that began at `began` (ms) was answered. */
  async answered({ name, title }: Watched, began: number): Promise<void> {
    const now = this.#clock.now();
    let recovered = false;
    await this.#store.trackerStatus.update([name], (current) => {
      // A failure recorded during the call is newer than this answer.
      recovered = current?.failure !== undefined && current.failure.retryAt <= began;
      if (!recovered && now - (current?.lastRead ?? -Infinity) < NOTED_EVERY) return current;
      return { ...current, lastRead: now, failure: recovered ? undefined : current?.failure };
    });
    if (recovered) this.#log.info({ tracker: name }, `${title} answers again when it is asked for tasks`);
  }

  /** Records why a call that began at `began` (ms) failed. Returns the error for the caller. */
  async failed(tracker: Watched, error: unknown, began: number): Promise<CannotReadError> {
    const now = this.#clock.now();
    const reason = reasonOf(error);
    const words = inWords(tracker, reason, error);
    let before: TrackerStatus['failure'];
    const after = await this.#store.trackerStatus.update([tracker.name], (current) => {
      before = current?.failure;
      // Another call failed meanwhile, and said when to retry.
      if (before !== undefined && before.retryAt > began && before.retryAt > now) return current;
      const tries = (before?.tries ?? 0) + 1;
      const retryAt = now + restAfter(error, tries, now);
      return { ...current, failure: { reason, words, since: before?.since ?? now, tries, retryAt } };
    });
    const failure = after.get(tracker.name)?.failure;
    if (before?.reason !== reason)
      this.#log[reason === 'access' ? 'error' : 'warn'](
        { tracker: tracker.name, retryAt: failure && new Date(failure.retryAt) },
        words,
      );
    return new CannotReadError(tracker.name, words, {
      retryAt: failure?.retryAt ?? now,
      since: failure?.since ?? now,
    });
  }
}

type Reason = NonNullable<TrackerStatus['failure']>['reason'];

function reasonOf(error: unknown): Reason {
  if (error instanceof TrackerBusyError) return 'busy';
  return error instanceof TrackerAccessError ? 'access' : 'failed';
}

function restAfter(error: unknown, tries: number, now: number): number {
  if (error instanceof TrackerBusyError)
    return Math.min(LONGEST_BUSY, Math.max(SHORTEST_BUSY, error.retryAt - now));
  return Math.min(LONGEST_REST, FIRST_REST * 2 ** (tries - 1));
}

/** Never with the token, whatever an error's message contains. */
function inWords({ title, token }: Watched, reason: Reason, error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(token, '(token)');
  switch (reason) {
    case 'busy':
      return `${title} is busy: ${message}`;
    case 'access':
      return `${title} refuses to show tasks: ${message}`;
    case 'failed':
      return `${title} could not be asked: ${message}`;
  }
}
