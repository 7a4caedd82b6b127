import type { Announcement, AnnouncementPlace, Closure, IncidentRecord } from '../store/records.ts';

/** One thing that is to be told in one place. */
export interface Telling {
  /** What it is called in the store. */
  member: string;
  announcement: Announcement;
  place: AnnouncementPlace;
  /** For those of a closing. */
  closure?: Closure | undefined;
  incident?: IncidentRecord | undefined;
  /** Called right before something is posted that must be posted once. Throws `TakenOverError`. */
  mayPost(): Promise<void>;
  signal: AbortSignal;
}

/**
 * Tells it in one place, once more where it is not known whether it was told. Throws `CannotTellError` where no
 * further try can help, and anything else where one can.
 */
export type Tell = (telling: Telling) => Promise<void>;

export class CannotTellError extends Error {
  override readonly name = 'CannotTellError';
}

/** The place is to be left alone until `retryAt`, ms. */
export class TellLaterError extends Error {
  override readonly name = 'TellLaterError';
  readonly retryAt: number;
  constructor(message: string, retryAt: number) {
    super(message);
    this.retryAt = retryAt;
  }
}

/** Another process does this work by now. */
export class TakenOverError extends Error {
  override readonly name = 'TakenOverError';
}

/** What was posted before the closing cannot be about it, by any clock that is right to the hour, ms. */
export const CLOCKS_AGREE = 3_600_000;
