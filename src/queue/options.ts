import { createHash } from 'node:crypto';
import type { AdvancedOptions, JobsOptions } from 'bullmq';

/** The names of the queues in Redis and PostgreSQL. */
export const queueNames = ['events', 'reviews', 'timers'] as const;
export type QueueName = (typeof queueNames)[number];

/** How long a producer waits until the queue has accepted a job, ms. */
export const ADD_DEADLINE = 2_000;

/** The longest time for which a job is put back, ms: a wake that arrives meanwhile waits for the next attempt. */
export const LONGEST_PAUSE = 30_000;
/** The longest delay after a failed attempt, ms: what is due is done soon after an outage. */
const LONGEST_BACKOFF = 10_000;

/** How late timers fire, ms, so that they are due on every clock that agrees to about a millisecond. */
const AFTER_TIMER = 25;

const HOUR = 3_600;
const KEEP_FAILED = { age: 30 * 24 * HOUR, count: 5_000 };
const retried = { backoff: { type: 'custom' }, stackTraceLimit: 5 } as const;

/** Jobs with any priority come after those that have none. */
export const BEHIND = { priority: 1 } as const;

/** Hours of attempts: the contents of a job of this queue exist nowhere else. */
export const eventOptions: JobsOptions = {
  ...retried,
  attempts: 1_000,
  // Up to 256 kB each, and useless once the task states are recorded.
  removeOnComplete: { age: HOUR, count: 20 },
  removeOnFail: KEEP_FAILED,
};

/**
 * About half an hour of attempts; after that the sweep wakes the incident again.
 * No `jobId`: with one, a wake that arrives while the review runs would be lost. Never a `delay`: a delayed review would
 * swallow every wake until it runs.
 */
export function reviewOptions(incidentId: string, behind = false): JobsOptions {
  return {
    ...(behind && BEHIND),
    ...retried,
    attempts: 250,
    deduplication: { id: incidentId, keepLastIfActive: true },
    removeOnComplete: { age: HOUR, count: 1_000 },
    removeOnFail: KEEP_FAILED,
  };
}

/** A timer is identified by incident and time (ms), so that setting it twice makes one; it leaves nothing behind. */
export function timerOptions(incidentId: string, at: number, now: number): JobsOptions {
  return {
    ...retried,
    attempts: 1_000,
    // BullMQ allows no ':' in a job id. An encoded id has neither that nor '@', so no two timers share an id.
    jobId: `${encodeURIComponent(incidentId)}@${Math.round(at)}`,
    delay: Math.max(0, Math.round(at - now)) + AFTER_TIMER,
    removeOnComplete: true,
    // A failed one that stayed would swallow the same timer if set again. The sweep recovers it.
    removeOnFail: true,
  };
}

/** Shorter in tests, to save time. Both in ms. */
export interface LockTimes {
  /** After this long without a sign of life from its worker, a job counts as abandoned. */
  lockDuration?: number;
  /** How often abandoned jobs are looked for. */
  stalledInterval?: number;
}

/** How long a worker waits for a job before it asks again, s: who adds one wakes it. Redis allows no more. */
const DRAIN_DELAY = 10;
/** The same where the news of a job cannot be lost on its way. */
const ALONE_DRAIN_DELAY = 300;

/** `alone`: no other process takes jobs, so each looks for abandoned ones itself (`StalledCheck`). */
export function workerOptions(times: LockTimes, alone: boolean) {
  return {
    lockDuration: times.lockDuration ?? 14_000,
    stalledInterval: times.stalledInterval ?? 5_000,
    skipStalledCheck: alone,
    drainDelay: alone ? ALONE_DRAIN_DELAY : DRAIN_DELAY,
    // BullMQ's 1 would fail a job permanently after its worker was killed twice, whatever `attempts` says.
    maxStalledCount: 10,
    // BullMQ's 15 s would keep a worker waiting that long after Redis or PostgreSQL is back.
    runRetryDelay: 1_000,
    settings: {
      backoffStrategy: (attempt: number, _type?: string, _error?: Error, job?: { id?: string }) =>
        backoffOf(job?.id, attempt),
    } satisfies AdvancedOptions,
  };
}

/** The delay after failed attempt number `attempt` (from 1) of a job, ms: it can be told before the attempt has failed. */
export function backoffOf(job: string | undefined, attempt: number): number {
  const digest = createHash('sha256').update(`${job}/${attempt}`).digest();
  return backoff(attempt, digest.readUInt32BE(0) / 2 ** 32);
}

/**
 * The delay after failed attempt number `attempt` (from 1), ms: doubled from 1 s each time, 10 s at most, with jitter
 * by `random` (0 to 1) between half and all of it, so that jobs that failed together spread out.
 */
export function backoff(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_BACKOFF, 1_000 * 2 ** Math.max(0, attempt - 1));
  return Math.round(longest * (0.5 + random / 2));
}
