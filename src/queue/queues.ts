import type { EventBatch } from '../vocabulary.ts';

/** Wakes reviews. A wake carries no orders: the review reads what is true and decides. */
export interface Waker {
  /**
   * Wakes a review of each incident (full ids). `why` is shown to people and means nothing to the review.
   * `behind`: after all that are woken without it, for what is not urgent.
   */
  wake(
    incidentIds: readonly string[],
    why: string | ((incidentId: string) => string),
    options?: { behind?: boolean },
  ): Promise<void>;
  /** Wakes a review of the incident at `at`, `now` being the time on the same clock (both ms). The same incident and time twice is one timer. */
  wakeAt(incidentId: string, at: number, now: number): Promise<void>;
}

/** Where the receiver puts what it translated. Resolves only after the queue has it. */
export interface EventIntake {
  add(batch: EventBatch): Promise<void>;
}

/** What the worker does with jobs. Anything thrown is a failed try, except the two errors below. */
export interface Handlers {
  events(batch: EventBatch, job: JobContext): Promise<void>;
  review(incidentId: string, job: JobContext & { why: string }): Promise<void>;
}

export interface JobContext {
  /** The job's id, for the log. */
  id?: string;
  /** An earlier try or another process began this job: what it did and did not do is unknown. */
  begunBefore: boolean;
  /** Aborted at shutdown and when the job's lock is lost: stop before the next effect. */
  signal: AbortSignal;
}

/** Thrown by a handler: the job goes back unharmed, no try is used up, and runs again after `delay` ms (30 s at most). */
export class PutBack extends Error {
  override readonly name = 'PutBack';
  readonly delay: number;
  constructor(message: string, delay: number) {
    super(message);
    this.delay = delay;
  }
}

/** Thrown by a handler: no try can help. The job ends in the failed set with this message. */
export class FinalFailure extends Error {
  override readonly name = 'FinalFailure';
}

/** A running set of workers. */
export interface Workers {
  /** Takes no new jobs; those in hand go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends within `deadline` ms: jobs in hand get the time to end, then their signal is aborted and they go back. */
  close(deadline: number): Promise<void>;
}
