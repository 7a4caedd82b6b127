import { type ConnectionOptions, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import type { Cluster, Redis } from 'ioredis';
import { parsedJson } from '../json.ts';
import { createRedisTables } from '../store/redis-tables.ts';
import type { Backend } from './backend.ts';
import { startWorkers } from './consumers.ts';
import { once, settledWithin, withDeadline } from './deadline.ts';
import type { BackendOptions } from './open-backend.ts';
import { ADD_DEADLINE, type QueueName, queueNames } from './options.ts';
import { type Connections, createProducers } from './producers.ts';
import { connectRedis } from './redis-connection.ts';
import { readRedisUrl } from './redis-url.ts';
import { redisName, redisWarnings } from './redis-warnings.ts';

/** Queues and store in Redis or Valkey, one server, one with Sentinel, or a cluster. Opens also while Redis is down, and heals when it comes. */
export async function openRedis(url: string, options: BackendOptions): Promise<Backend> {
  const { prefix, log } = options;
  const place = readRedisUrl(url);
  const { where } = place;
  const producer = connectRedis(place, 'producer', 'failFast', log);
  const store = connectRedis(place, 'store', 'failFast', log);
  const workers: (Redis | Cluster)[] = [];
  // Why there is no connection.
  let lost = '';
  const note = (error: Error) => {
    lost = wordsOf(error);
  };
  store.on('error', note).on('node error', note);
  store.on('ready', () => {
    lost = '';
  });
  // What is in the braces decides which master of a cluster keeps it. A queue shares no command with another or
  // with the store, so each may have a master of its own; with the prefix's default they spread over three.
  const tagOf = (queue: QueueName) => (place.nodes === undefined ? `{${prefix}}` : `{${prefix}/${queue}}`);
  const tags = new Set([`{${prefix}}`, ...queueNames.map(tagOf)]);

  const connections: Connections<RedisQueueBackend, ConnectionOptions> = {
    factory: createRedisBackend,
    producer,
    worker() {
      const redis = connectRedis(place, 'worker', 'patient', log);
      workers.push(redis);
      return redis;
    },
    prefixOf: tagOf,
    async mend(queue, job) {
      const key = `${tagOf(queue)}:${queue}:${job}`;
      const [data, opts] = await store.hmget(key, 'data', 'opts');
      // As a text, which no job of ours is.
      if (typeof data === 'string' && parsedJson(data) === undefined)
        await store.hset(key, 'data', JSON.stringify(data.slice(0, 1_000)));
      if (typeof opts === 'string' && parsedJson(opts) === undefined) await store.hset(key, 'opts', '{}');
    },
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
      const written = Promise.all([...tags].map((tag) => store.set(`${tag}:ping`, '1', 'PX', 10_000)));
      try {
        await withDeadline(written, ADD_DEADLINE - 200, 'no answer');
      } catch (error) {
        const answer = error instanceof Error ? error.message : error;
        // Without a connection, ioredis speaks of its own options.
        const why = store.status === 'ready' ? answer : lost || answer;
        throw new Error(`${where} cannot take jobs: ${why}`);
      }
    },

    // `where` begins with the name of Redis.
    describe: async () => where.replace(/^Redis/, await redisName(store)),
    warnings: () => redisWarnings(store, place),

    close: once(async () => {
      await producers.close();
      await tables.close();
      // BullMQ leaves connections that it was given open.
      for (const redis of [producer, store, ...workers]) redis.disconnect();
    }),
  };
}

/** A host with several addresses fails with an error for each of them, and without a message of its own. */
function wordsOf(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error ? first.message || first.name : String(first);
}

function whenReady(redis: Redis | Cluster): Promise<void> {
  return redis.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => redis.once('ready', () => resolve()));
}
