import type { EventBatch } from '../vocabulary.ts';

/** Wakes reviews. A wake carries no instructions: the review reads the current state and decides. */
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
  /** Wakes a review of the incident at `at`; `now` is by the same clock (both ms). Setting the same twice is one timer. */
  wakeAt(incidentId: string, at: number, now: number): Promise<void>;
}

/** Where the receiver puts its task events. Resolves only after the queue has accepted them. */
export interface EventIntake {
  /** `behind`: after all that is added without it, as what a flood of one source adds. */
  add(batch: EventBatch, options?: { behind?: boolean }): Promise<void>;
}

/** What the worker does with jobs. Anything thrown is a failed attempt, except the two errors below. */
export interface Handlers {
  events(batch: EventBatch, job: JobContext): Promise<void>;
  review(incidentId: string, job: JobContext & { why: string }): Promise<void>;
}

export interface JobContext {
  /** The job's id, for the log. */
  id?: string;
  /** An earlier attempt or another process started this job: what it did and did not do is unknown. */
  begunBefore: boolean;
  /** It was added behind others: so is what it wakes. */
  behind?: boolean;
  /** After how long, ms, it is tried again if this attempt fails; absent: it is the last one. */
  retryIn?: number;
  /** Aborted at shutdown and when the job's lock is lost: stop before the next side effect. */
  signal: AbortSignal;
}

/** Thrown by a handler: the job goes back without using up an attempt, and runs again after `delay` ms (30 s at most). */
export class PutBack extends Error {
  override readonly name = 'PutBack';
  readonly delay: number;
  constructor(message: string, delay: number) {
    super(message);
    this.delay = delay;
  }
}

/** Thrown by a handler: no retry can help. The job ends in the failed set with this message. */
export class FinalFailure extends Error {
  override readonly name = 'FinalFailure';
}

/** A running set of workers. */
export interface Workers {
  /** Takes no new jobs; those in flight go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** What keeps them from taking jobs, in a message for the operator; empty: nothing, or they are paused. */
  problems(): string[];
  /** Ends within `deadline` ms: jobs in flight get time to end, then their signal is aborted and they go back. */
  close(deadline: number): Promise<void>;
}
