import { type BackendFactory, type IQueueBackend, Queue, type Telemetry } from 'bullmq';
import type { Logger } from 'pino';
import { settledWithin, withDeadline } from '../deadline.ts';
import type { Backend } from './backend.ts';
import { failedJobs, retryJob } from './failed-jobs.ts';
import {
  ADD_DEADLINE,
  BEHIND,
  eventOptions,
  type QueueName,
  queueNames,
  reviewOptions,
  timerOptions,
} from './options.ts';
import type { Outage } from './outage.ts';
import type { EventIntake, Waker } from './queues.ts';
import { quietErrors } from './quiet-errors.ts';
import { rewriteJobs } from './rewrite-jobs.ts';

/** How BullMQ reaches one backend. `C` is what BullMQ calls a connection there. */
export interface Connections<B extends IQueueBackend, C> {
  factory: BackendFactory<B, C>;
  /** For producers: fails at once instead of waiting. */
  producer: C;
  /** For workers: waits for the server to come back. Called once per set of workers. */
  worker(): WorkerPlace<C>;
  /** The prefix of a queue's keys in Redis; PostgreSQL has a schema for that. */
  prefixOf?(queue: QueueName): string;
  /**
   * Makes a job readable whose data is not JSON, so that it fails with a reason: BullMQ does not get that far, and would
   * take it again forever. Absent if a server cannot hold such data.
   */
  repair?(queue: QueueName, job: string): Promise<void>;
  /** The server, for people and without secrets: "Redis at localhost:6379". */
  where: string;
  log: Logger;
  /** Told by whoever notices that the server does not answer. */
  outage: Outage;
  telemetry?: Telemetry | undefined;
  /** Whether no other process takes jobs, nor can. */
  alone?: boolean;
}

/** What a set of workers shares. */
export interface WorkerPlace<C> {
  connection: C;
  /** Throws why jobs cannot be taken here now, in a message for the operator. */
  usable(): Promise<void>;
  /** Whether the server does not reveal its version; known once it was found usable. */
  skipVersionCheck(): boolean;
}

/** The side of the queues that adds and inspects jobs. */
export interface Producers
  extends Pick<
    Backend,
    'intake' | 'waker' | 'counts' | 'oldest' | 'failed' | 'retry' | 'rewrite' | 'clearStrayKeys'
  > {
  /** Rejects if the queues are not ready within `ms`. */
  ready(ms: number): Promise<void>;
  /** Puts events of a batch into separate jobs, once, however often it is called. `id` names the batch. */
  split(id: string, parts: readonly { data: unknown; fault?: string }[]): Promise<void>;
  /** Makes all delayed jobs run now: each checks for itself whether it is due. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

/** The name of an event job with unusable data; the reason is under `fault`. */
export const FAULTY = 'faulty';

// How many reviews one round trip wakes: few enough for the deadline even on the embedded backend.
const WOKEN_AT_ONCE = 100;

/** The options of every queue and worker on a connection. */
export function shared(
  { prefixOf, telemetry }: Pick<Connections<IQueueBackend, unknown>, 'prefixOf' | 'telemetry'>,
  name: QueueName,
) {
  return { ...(prefixOf && { prefix: prefixOf(name) }), ...(telemetry && { telemetry }) };
}

export function createProducers<B extends IQueueBackend, C>(connections: Connections<B, C>): Producers {
  const { where, log, outage } = connections;
  const open = (name: QueueName) => {
    const queue = new Queue(
      name,
      {
        connection: connections.producer,
        ...shared(connections, name),
        // Without both, an add waits for a server that is down for as long as that takes, then adds a job nobody expects.
        skipWaitingForReady: true,
        skipVersionCheck: true,
        streams: { events: { maxLen: 1_000 } },
      },
      connections.factory,
    );
    queue.on('error', quietErrors(log, `queue ${name}`, outage));
    return queue;
  };
  const queues = { events: open('events'), reviews: open('reviews'), timers: open('timers') };
  const taken = <T>(added: Promise<T>): Promise<T> =>
    withDeadline(added, ADD_DEADLINE, `${where} has not taken a job within ${ADD_DEADLINE / 1_000} s.`);

  const answered = <T>(asked: Promise<T>): Promise<T> =>
    withDeadline(asked, ADD_DEADLINE, `${where} does not answer.`);
  const ofEach = async <T>(ask: (name: QueueName) => Promise<T>): Promise<Record<QueueName, T>> => {
    const [events, reviews, timers] = await Promise.all([ask('events'), ask('reviews'), ask('timers')]);
    return { events, reviews, timers };
  };
  const waker: Waker = {
    async wake(incidentIds, why, { behind = false } = {}) {
      const ids = [...new Set(incidentIds)];
      for (const some of parts(ids, WOKEN_AT_ONCE)) {
        // A review that is already waiting keeps its old data: the review must not depend on any of it.
        const jobs = some.map((incident) => ({
          name: 'review',
          data: { incident, why: typeof why === 'string' ? why : why(incident) },
          opts: reviewOptions(incident, behind),
        }));
        await taken(queues.reviews.addBulk(jobs));
      }
    },
    async wakeAt(incidentId, at, now) {
      await taken(queues.timers.add('wake', { incident: incidentId }, timerOptions(incidentId, at, now)));
    },
  };

  return {
    intake: {
      async add(batch, { behind = false } = {}) {
        const options = behind ? { ...eventOptions, ...BEHIND } : eventOptions;
        await taken(queues.events.add('batch', batch, options));
      },
    } satisfies EventIntake,

    waker,

    async split(id, found) {
      const jobs = found.map(({ data, fault }, index) => ({
        name: fault === undefined ? 'batch' : FAULTY,
        data: fault === undefined ? data : { fault, batch: data },
        opts: { ...eventOptions, jobId: `${id}-part-${index}` },
      }));
      for (const some of parts(jobs, WOKEN_AT_ONCE)) await taken(queues.events.addBulk(some));
    },

    counts: () =>
      ofEach(async (name) => {
        // Jobs with a priority are waiting as well.
        const {
          prioritized = 0,
          waiting = 0,
          ...others
        } = await answered(
          queues[name].getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
        );
        return { waiting: waiting + prioritized, ...others };
      }),

    async oldest() {
      const added = await ofEach(async (name) => {
        const first = (state: 'waiting' | 'prioritized') =>
          answered(queues[name].getJobs([state], 0, 0, true));
        const jobs = await Promise.all([first('waiting'), first('prioritized')]);
        return jobs.flat().reduce((oldest, job) => Math.min(oldest, job.timestamp), Infinity);
      });
      return Object.fromEntries(Object.entries(added).filter(([, at]) => at !== Infinity));
    },

    failed: (limit) => answered(failedJobs(queues, limit)),
    retry: (id) => answered(retryJob(queues, waker, id)),
    rewrite: async (change) =>
      (await rewriteJobs(queues.events, change)) + (await rewriteJobs(queues.reviews, change)),

    async clearStrayKeys(incidentIds) {
      const backend = queues.reviews.getBackend();
      const isStray = async (incidentId: string): Promise<boolean> => {
        const job = await queues.reviews.getDeduplicationJobId(incidentId);
        if (!job || (await queues.reviews.getJobState(job)) !== 'unknown') return false;
        // Only if the key still names this job: the next one's key is needed.
        return (await backend.removeDeduplicationKey(incidentId, job)) > 0;
      };
      const cleared: string[] = [];
      for (const some of parts(incidentIds, 50)) {
        const stray = await Promise.all(some.map(isStray));
        cleared.push(...some.filter((_, index) => stray[index]));
      }
      return cleared;
    },

    async promote() {
      await answered(Promise.all(queueNames.map((name) => queues[name].promoteJobs())));
    },

    async ready(ms) {
      const all = Promise.all(queueNames.map((name) => queues[name].waitUntilReady()));
      await withDeadline(all, ms, `${where} does not answer.`);
    },

    async close() {
      await settledWithin(Promise.allSettled(queueNames.map((name) => queues[name].close())), ADD_DEADLINE);
    },
  };
}

function* parts<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}
