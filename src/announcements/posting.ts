import type { Announcement, AnnouncementPlace } from '../store/announcement-records.ts';
import type { Closure, IncidentRecord } from '../store/records.ts';

/** One announcement to one recipient. */
export interface Posting {
  /** Its name in the store. */
  member: string;
  announcement: Announcement;
  place: AnnouncementPlace;
  /** Only for closings. */
  closure?: Closure | undefined;
  incident?: IncidentRecord | undefined;
  /** Whether the incident may be named nowhere outside incident.io, according to incident.io right now. */
  isPrivate: boolean;
  /** Called right before something is posted that must be posted once. Throws `TakenOverError`. */
  mayPost(): Promise<void>;
  signal: AbortSignal;
}

/**
 * Announces it in one place, possibly again if it is unknown whether it was. Throws `CannotAnnounceError` if no retry can
 * help, and anything else if one can.
 */
export type Post = (posting: Posting) => Promise<void>;

export class CannotAnnounceError extends Error {
  override readonly name: string = 'CannotAnnounceError';
}

/** It is not for this recipient: nothing went wrong. */
export class NotForThisPlaceError extends CannotAnnounceError {
  override readonly name = 'NotForThisPlaceError';
}

/** The recipient has to be left alone until `retryAt`, ms. */
export class AnnounceLaterError extends Error {
  override readonly name = 'AnnounceLaterError';
  readonly retryAt: number;
  constructor(message: string, retryAt: number) {
    super(message);
    this.retryAt = retryAt;
  }
}

/** Another process does this work now. */
export class TakenOverError extends Error {
  override readonly name = 'TakenOverError';
}

/** What was posted before the closing cannot be about it, by any clock that is right to the hour, ms. */
export const COARSE_CLOCK_SKEW = 3_600_000;
