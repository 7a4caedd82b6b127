import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { TrackerStatus } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { TrackerAccessError, TrackerBusyError } from '../trackers/read-back.ts';

/** A tracker could not be asked, so what it would have said is not known. The message is for a person. */
export class CannotReadError extends Error {
  override readonly name = 'CannotReadError';
  readonly tracker: string;
  /** ms, our clock: nobody asks it before. */
  readonly retryAt: number;
  constructor(tracker: string, message: string, retryAt: number) {
    super(message);
    this.tracker = tracker;
    this.retryAt = retryAt;
  }
}

/** After a failure a tracker is left alone for this long at first, ms; doubled with each further one. */
const FIRST_REST = 2_000;
const LONGEST_REST = 5 * 60_000;
/** A tracker that asks to be left alone is, but for this long at most, ms: then it is tried. */
const LONGEST_BUSY = 60 * 60_000;
const SHORTEST_BUSY = 1_000;
/** When a tracker answered last is noted this often, ms. */
const NOTED_EVERY = 10_000;

export interface Watched {
  name: string;
  /** As people write it. */
  title: string;
  token: string;
}

/**
 * Keeps in the store whether a tracker can be asked, so that all processes leave one alone that is busy, down, or
 * refuses the token, and so that people are told once.
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

  /** Throws `CannotReadError` while the tracker is to be left alone. */
  async mayAsk({ name }: Watched): Promise<void> {
    const failure = (await this.#store.trackerStatus.get(name))?.failure;
    if (failure !== undefined && failure.retryAt > this.#clock.now())
      throw new CannotReadError(name, failure.words, failure.retryAt);
  }

  /** Notes that a call that began at `began` (ms) was answered. */
  async answered({ name, title }: Watched, began: number): Promise<void> {
    const now = this.#clock.now();
    let mended = false;
    await this.#store.trackerStatus.update([name], (current) => {
      // A failure that was noted during the call is newer than this answer.
      mended = current?.failure !== undefined && current.failure.retryAt <= began;
      if (!mended && now - (current?.lastRead ?? -Infinity) < NOTED_EVERY) return current;
      return { ...current, lastRead: now, failure: mended ? undefined : current?.failure };
    });
    if (mended) this.#log.info({ tracker: name }, `${title} answers again when it is asked for tasks`);
  }

  /** Notes why a call that began at `began` (ms) failed. Answers what whoever asked is to be told. */
  async failed(tracker: Watched, error: unknown, began: number): Promise<CannotReadError> {
    const now = this.#clock.now();
    const reason = reasonOf(error);
    const words = inWords(tracker, reason, error);
    let before: TrackerStatus['failure'];
    const after = await this.#store.trackerStatus.update([tracker.name], (current) => {
      before = current?.failure;
      // Somebody else's call failed meanwhile, and said when to try again.
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
    return new CannotReadError(tracker.name, words, failure?.retryAt ?? now);
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

/** Never with the token, whatever the message of an error holds. */
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
