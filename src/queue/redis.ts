import { type ConnectionOptions, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { createRedisTables } from '../store/redis-tables.ts';
import type { Backend } from './backend.ts';
import { startWorkers } from './consumers.ts';
import { once, settledWithin, withDeadline } from './deadline.ts';
import type { BackendOptions } from './open-backend.ts';
import { ADD_DEADLINE } from './options.ts';
import { type Connections, createProducers } from './producers.ts';
import { quietErrors } from './quiet-errors.ts';
import { readRedisUrl } from './redis-url.ts';
import { redisName, redisWarnings } from './redis-warnings.ts';

const retryStrategy = (times: number) => Math.min(200 * 2 ** times, 2_000);

/** Whoever asks hears within 2 s that Redis is down: no command waits for it to come back. */
const failFast = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 2_000,
  // A connection that is open on our side only is given up after this.
  socketTimeout: 5_000,
  retryStrategy,
} as const;

/** Waits for Redis to come back. */
const patient = {
  maxRetriesPerRequest: null,
  connectTimeout: 5_000,
  // More than the 10 s that a worker waits for a job at most. Without it a connection that is open on our side
  // only would stop the worker for ever.
  socketTimeout: 15_000,
  retryStrategy,
} as const;

/** Queues and store in Redis or Valkey. Opens also while Redis is down, and heals when it comes. */
export async function openRedis(url: string, options: BackendOptions): Promise<Backend> {
  const { prefix, log } = options;
  const { options: place, where } = readRedisUrl(url);
  const open = (name: string, behaviour: typeof failFast | typeof patient) => {
    const redis = new Redis({ ...place, ...behaviour, connectionName: `incident-closer-${name}` });
    redis.on('error', quietErrors(log, `${where}, ${name}`));
    return redis;
  };
  const producer = open('producer', failFast);
  const store = open('store', failFast);
  const workers: Redis[] = [];

  const connections: Connections<RedisQueueBackend, ConnectionOptions> = {
    factory: createRedisBackend,
    producer,
    worker() {
      const redis = open('worker', patient);
      workers.push(redis);
      return redis;
    },
    prefix: `{${prefix}}`,
    where,
    log,
    telemetry: options.telemetry,
  };
  const producers = createProducers(connections);
  const tables = createRedisTables(store, prefix);

  // Not a condition: while Redis is down the receiver serves, and answers 503.
  const ready = Promise.all([whenReady(producer), whenReady(store)]);
  if (!(await settledWithin(ready, ADD_DEADLINE))) {
    log.warn(`${where} does not answer. It is tried again until it does.`);
  }

  return {
    kind: 'redis',
    tables,
    intake: producers.intake,
    waker: producers.waker,
    counts: producers.counts,
    oldest: producers.oldest,
    failed: producers.failed,
    retry: producers.retry,
    clearStrayKeys: producers.clearStrayKeys,
    work: (handlers, work) => startWorkers(connections, producers, handlers, { ...options, ...work }),

    async ping() {
      // A write, since a replica, a full memory or a full disk still answers PING.
      const written = store.set(`{${prefix}}:ping`, '1', 'PX', 10_000);
      try {
        await withDeadline(written, ADD_DEADLINE - 200, 'no answer');
      } catch (error) {
        throw new Error(`${where} cannot take jobs: ${error instanceof Error ? error.message : error}`);
      }
    },

    // `where` begins with the name of Redis.
    describe: async () => where.replace(/^Redis/, await redisName(store)),
    warnings: () => redisWarnings(store, where),

    close: once(async () => {
      await producers.close();
      await tables.close();
      // BullMQ leaves connections that it was given open.
      for (const redis of [producer, store, ...workers]) redis.disconnect();
    }),
  };
}

function whenReady(redis: Redis): Promise<void> {
  return redis.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => redis.once('ready', () => resolve()));
}
