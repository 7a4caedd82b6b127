import type { Tables } from '../store/tables.ts';
import type { FolderLock } from './folder-lock.ts';
import type { QueueName } from './options.ts';
import type { EventIntake, Handlers, Waker, Workers } from './queues.ts';

/** The place where queues and store live: one of the three behind `QUEUE_URL`. */
export interface Backend {
  readonly kind: 'embedded' | 'redis' | 'postgres';
  readonly tables: Tables;
  readonly intake: EventIntake;
  readonly waker: Waker;
  /** Starts to work. At most one review of an incident runs at a time, whatever the number of processes. */
  work(handlers: Handlers, options: WorkOptions): Workers;
  /** Throws within 2 s, in words for the operator, where jobs could not be taken now. */
  ping(): Promise<void>;
  /** Which server it is, with its version, for people: `Redis 7.0.15 at localhost:6379`. */
  describe(): Promise<string>;
  /** What the operator should know of how it is set up (no append-only file, an eviction policy, ...). Empty: nothing. */
  warnings(): Promise<Remark[]>;
  /** How many jobs are waiting, active, delayed or failed, by queue. */
  counts(): Promise<Record<QueueName, Record<string, number>>>;
  /** When (ms) the longest waiting job of each queue was added; absent where none waits. */
  oldest(): Promise<Partial<Record<QueueName, number>>>;
  /** Jobs that failed for good, the newest first. */
  failed(limit: number): Promise<FailedJob[]>;
  /**
   * Has the work of a failed job done anew, and removes the job. `false`: there is no such failed job. Throws
   * `UselessJobError` where it holds nothing to be done.
   */
  retry(id: string): Promise<boolean>;
  /** Removes deduplication keys whose job is gone, which would silence their incident. Answers their incident ids. */
  clearStrayKeys(incidentIds: readonly string[]): Promise<string[]>;
  /** The embedded folder's lock; absent where several processes may work at once. */
  readonly lock?: FolderLock;
  close(): Promise<void>;
}

export interface Remark {
  words: string;
  /** With this it does not work, or loses jobs while it runs. */
  grave: boolean;
}

/** A job that is tried no more. */
export interface FailedJob {
  /** `reviews/12` */
  id: string;
  queue: QueueName;
  /** The full id of the incident that it is about; absent for events. */
  incident?: string;
  /** What its events are about. */
  tasks: string[];
  why: string;
  tries: number;
  /** When it failed, ms. */
  at: number;
}

/** A failed job holds nothing that could be tried again. */
export class UselessJobError extends Error {
  override readonly name = 'UselessJobError';
}

export interface WorkOptions {
  /** How many reviews run at once in this process. */
  concurrency: number;
}
