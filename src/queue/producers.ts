import { type BackendFactory, type IQueueBackend, Queue } from 'bullmq';
import type { Logger } from 'pino';
import type { Backend } from './backend.ts';
import { settledWithin, withDeadline } from './deadline.ts';
import {
  ADD_DEADLINE,
  eventOptions,
  type QueueName,
  queueNames,
  reviewOptions,
  timerOptions,
} from './options.ts';
import type { EventIntake, Waker } from './queues.ts';
import { quietErrors } from './quiet-errors.ts';

/** How BullMQ reaches one backend. `C` is what BullMQ calls a connection there. */
export interface Connections<B extends IQueueBackend, C> {
  factory: BackendFactory<B, C>;
  /** For those who add jobs: fails at once rather than waits. */
  producer: C;
  /** For those who take jobs: waits for the server to come back. Asked once for each set of workers. */
  worker(): C;
  /** What the keys in Redis begin with; PostgreSQL has a schema for that. */
  prefix?: string;
  /** The server, for people and without secrets: "Redis at localhost:6379". */
  where: string;
  log: Logger;
}

/** The side of the queues that gives jobs and looks at them. */
export interface Producers extends Pick<Backend, 'intake' | 'waker' | 'counts' | 'clearStrayKeys'> {
  /** Rejects where the queues are not ready within `ms`. */
  ready(ms: number): Promise<void>;
  /** Puts events of a batch into jobs of their own, once however often it is asked. `id` names the batch. */
  split(id: string, parts: readonly { data: unknown; fault?: string }[]): Promise<void>;
  close(): Promise<void>;
}

/** The name of an event job whose data is known to be of no use; its reason is under `fault`. */
export const FAULTY = 'faulty';

// Reviews that one round trip wakes: few enough for the deadline also on the embedded backend.
const WOKEN_AT_ONCE = 100;

export function createProducers<B extends IQueueBackend, C>(connections: Connections<B, C>): Producers {
  const { where, log } = connections;
  const open = (name: QueueName) => {
    const queue = new Queue(
      name,
      {
        connection: connections.producer,
        ...(connections.prefix === undefined ? {} : { prefix: connections.prefix }),
        // Without both, an add waits for a server that is down for as long as that takes, then adds a ghost.
        skipWaitingForReady: true,
        skipVersionCheck: true,
        streams: { events: { maxLen: 1_000 } },
      },
      connections.factory,
    );
    queue.on('error', quietErrors(log, `queue ${name}`));
    return queue;
  };
  const queues = { events: open('events'), reviews: open('reviews'), timers: open('timers') };
  const taken = <T>(added: Promise<T>): Promise<T> =>
    withDeadline(added, ADD_DEADLINE, `${where} has not taken a job within ${ADD_DEADLINE / 1_000} s.`);

  return {
    intake: {
      async add(batch) {
        await taken(queues.events.add('batch', batch, eventOptions));
      },
    } satisfies EventIntake,

    waker: {
      async wake(incidentIds, why, { behind = false } = {}) {
        const ids = [...new Set(incidentIds)];
        for (const some of parts(ids, WOKEN_AT_ONCE)) {
          // A review that waits already keeps its old data: nothing in it may matter to the review.
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
    } satisfies Waker,

    async split(id, found) {
      const jobs = found.map(({ data, fault }, index) => ({
        name: fault === undefined ? 'batch' : FAULTY,
        data: fault === undefined ? data : { fault, batch: data },
        opts: { ...eventOptions, jobId: `${id}-part-${index}` },
      }));
      for (const some of parts(jobs, WOKEN_AT_ONCE)) await taken(queues.events.addBulk(some));
    },

    async counts() {
      const of = (name: QueueName) =>
        withDeadline(
          queues[name].getJobCounts('waiting', 'active', 'delayed', 'failed'),
          ADD_DEADLINE,
          `${where} does not answer.`,
        );
      const [events, reviews, timers] = await Promise.all([of('events'), of('reviews'), of('timers')]);
      return { events, reviews, timers };
    },

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
