import type { AdvancedOptions, JobsOptions } from 'bullmq';

/** What the queues are called in Redis and PostgreSQL. */
export const queueNames = ['events', 'reviews', 'timers'] as const;
export type QueueName = (typeof queueNames)[number];

/** How long a producer waits until the queue has taken what it gives, in ms. */
export const ADD_DEADLINE = 2_000;

/** The longest pause between two tries of a job, in ms: a wake that comes meanwhile waits for the next try. */
export const LONGEST_PAUSE = 30_000;

/** Timers fire this much late, in ms, so that their time has come on every clock that agrees to the millisecond or so. */
const AFTER_TIMER = 25;

const HOUR = 3_600;
const KEEP_FAILED = { age: 30 * 24 * HOUR, count: 5_000 };
const retried = { backoff: { type: 'custom' }, stackTraceLimit: 5 } as const;

/** Hours of tries: what a job of this queue carries exists nowhere else. */
export const eventOptions: JobsOptions = {
  ...retried,
  attempts: 1_000,
  // Up to 256 kB each, and of no use once the task states are recorded.
  removeOnComplete: { age: HOUR, count: 20 },
  removeOnFail: KEEP_FAILED,
};

/**
 * About half an hour of tries; the sweep wakes the incident again after that.
 * No `jobId`: with one, a wake that comes while the review runs would be lost. Never a `delay`: a delayed
 * review would swallow every wake until it runs.
 */
export function reviewOptions(incidentId: string, behind = false): JobsOptions {
  return {
    // Any priority comes after none.
    ...(behind && { priority: 1 }),
    ...retried,
    attempts: 100,
    deduplication: { id: incidentId, keepLastIfActive: true },
    removeOnComplete: { age: HOUR, count: 1_000 },
    removeOnFail: KEEP_FAILED,
  };
}

/** A timer is known by incident and time (ms), so that setting it twice is one; it leaves nothing behind. */
export function timerOptions(incidentId: string, at: number, now: number): JobsOptions {
  return {
    ...retried,
    attempts: 1_000,
    // BullMQ takes no ':' in a job id. An encoded id has neither that nor '@', so no two timers share an id.
    jobId: `${encodeURIComponent(incidentId)}@${Math.round(at)}`,
    delay: Math.max(0, Math.round(at - now)) + AFTER_TIMER,
    removeOnComplete: true,
    // A failed one that stayed would swallow the same timer set anew. The sweep makes up for it.
    removeOnFail: true,
  };
}

/** Shorter in tests, so that they need not wait. Both in ms. */
export interface LockTimes {
  /** After this long without a sign of life from its worker, a job counts as abandoned. */
  lockDuration?: number;
  /** How often is looked for abandoned jobs. */
  stalledInterval?: number;
}

export function workerOptions(times: LockTimes) {
  return {
    lockDuration: times.lockDuration ?? 15_000,
    stalledInterval: times.stalledInterval ?? 5_000,
    // BullMQ's 1 would fail a job for good after its worker was killed twice, whatever `attempts` says.
    maxStalledCount: 10,
    // BullMQ's 15 s would keep a worker waiting that long after Redis or PostgreSQL is back.
    runRetryDelay: 1_000,
    settings: {
      backoffStrategy: (attempt: number) => backoff(attempt, Math.random()),
    } satisfies AdvancedOptions,
  };
}

/**
 * How long to wait after the failed try number `attempt` (from 1), in ms: doubled from 1 s each time, 30 s at
 * most, and by `random` (0 to 1) between half and all of it, so that jobs that failed together spread out.
 */
export function backoff(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_PAUSE, 1_000 * 2 ** Math.max(0, attempt - 1));
  return Math.round(longest * (0.5 + random / 2));
}
