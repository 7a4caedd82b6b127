import type { Tables } from '../store/tables.ts';
import type { QueueName } from './options.ts';
import type { EventIntake, Handlers, Waker, Workers } from './queues.ts';
import type { FolderLock } from './sql/folder-lock.ts';

/** The place where queues and store live: one of the three behind `QUEUE_URL`. */
export interface Backend {
  readonly kind: 'embedded' | 'redis' | 'postgres' | 'none';
  /** If there is no store: which, and what to do. */
  readonly missing?: string;
  readonly tables: Tables;
  /** What an error of its tables means to an operator, where that is more than its message says. */
  explain?(error: unknown): string;
  readonly intake: EventIntake;
  readonly waker: Waker;
  /** Starts workers. At most one review of an incident runs at a time, whatever the number of processes. */
  work(handlers: Handlers, options: WorkOptions): Workers;
  /** Throws within 2 s, with a message for the operator, if jobs could not be added now. */
  ping(): Promise<void>;
  /** Which server it is, with its version, for people: `Redis 7.0.15 at localhost:6379`. */
  describe(): Promise<string>;
  /** Configuration problems for the operator (no append-only file, an eviction policy, ...). Empty: none. */
  warnings(): Promise<Remark[]>;
  /** The permissions that its user needs at least, in the server's syntax; absent if it has no such thing. */
  readonly rights?: string;
  /** How many jobs are waiting, active, delayed or failed, by queue. */
  counts(): Promise<Record<QueueName, Record<string, number>>>;
  /** When (ms) the longest waiting job of each queue was added; absent if none waits. */
  oldest(): Promise<Partial<Record<QueueName, number>>>;
  /** Jobs that failed permanently, newest first. */
  failed(limit: number): Promise<FailedJob[]>;
  /**
   * Queues the work of a failed job again, and removes the job. `false`: there is no such failed job. Throws
   * `UselessJobError` if it contains nothing to do.
   */
  retry(id: string): Promise<boolean>;
  /**
   * Gives jobs that are not done other data, where `change` returns other data: of events a batch, of reviews their
   * incident and why. One that is being worked on goes on with what it was given. Returns how many were changed.
   */
  rewrite(change: (data: unknown) => unknown): Promise<number>;
  /** Removes deduplication keys whose job is gone, which would silence their incident. Returns their incident ids. */
  clearStrayKeys(incidentIds: readonly string[]): Promise<string[]>;
  /** The embedded folder's lock; absent if several processes may work concurrently. */
  readonly lock?: FolderLock;
  close(): Promise<void>;
}

export interface Remark {
  words: string;
  /** With this it does not work, or loses jobs while it runs. */
  grave: boolean;
}

/** A job that is no longer retried. */
export interface FailedJob {
  /** `reviews/12` */
  id: string;
  queue: QueueName;
  /** The full id of the incident that it is about; absent for events. */
  incident?: string;
  /** The tasks its events are about. */
  tasks: string[];
  why: string;
  tries: number;
  /** When it failed, ms. */
  at: number;
}

/** A failed job contains nothing that could be retried. */
export class UselessJobError extends Error {
  override readonly name = 'UselessJobError';
}

export interface WorkOptions {
  /** How many reviews run concurrently in this process. */
  concurrency: number;
}
