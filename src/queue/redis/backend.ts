import { type ConnectionOptions, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import { type Cluster, Redis } from 'ioredis';
import { once, settledWithin, withDeadline } from '../../deadline.ts';
import { parsedJson } from '../../json.ts';
import { createRedisTables } from '../../store/redis-tables.ts';
import type { Backend } from '../backend.ts';
import type { BackendOptions } from '../backend-options.ts';
import { startWorkers } from '../consumers.ts';
import { ADD_DEADLINE, type QueueName, queueNames } from '../options.ts';
import { Outage } from '../outage.ts';
import { type Connections, createProducers } from '../producers.ts';
import { wordsOf } from '../quiet-errors.ts';
import { connectRedis, whenReady, whenTaken } from './connection.ts';
import { aclFor, Rights } from './permissions.ts';
import { readRedisUrl } from './url.ts';
import { redisName, redisWarnings } from './warnings.ts';

/** How long it may take to find out whether a worker's connection is good, ms. */
const USABLE_WITHIN = 5_000;

/** Queues and store in Redis or Valkey: one server, Sentinel, or a cluster. Redis may be down: it recovers. */
export async function openRedis(url: string, options: BackendOptions): Promise<Backend> {
  const { prefix, log } = options;
  const place = readRedisUrl(url);
  const { where } = place;
  const outage = new Outage(options.existing ? undefined : log, where);
  const producer = connectRedis(place, 'producer', 'failFast', log, outage);
  const store = connectRedis(place, 'store', 'failFast', log, outage);
  for (const redis of [producer, store])
    redis.on('ready', () => {
      if (producer.status === 'ready' && store.status === 'ready') outage.ended();
    });
  const reasonOfProducer = reasonsOf(producer);
  const workers: (Redis | Cluster)[] = [];
  // The hash tag decides which master of a cluster has the keys. Queues share no command with each other or with the
  // store, so each may be on its own master; with the default prefix they spread over three.
  const tagOf = (queue: QueueName) => (place.nodes === undefined ? `{${prefix}}` : `{${prefix}/${queue}}`);
  const tags = new Set([`{${prefix}}`, ...queueNames.map(tagOf)]);

  const connections: Connections<RedisQueueBackend, ConnectionOptions> = {
    factory: createRedisBackend,
    producer,
    worker() {
      const redis = connectRedis(place, 'worker', 'patient', log, outage);
      workers.push(redis);
      const reason = reasonsOf(redis);
      const rights = new Rights(redis, tags, prefix, 'work');
      return {
        connection: redis,
        async usable() {
          if (!(await settledWithin(whenReady(redis), USABLE_WITHIN)))
            throw new Error(`${where} does not answer${reason() && ` (${reason()})`}`);
          await withDeadline(rights.check(), USABLE_WITHIN, 'no answer').catch((error: unknown) => {
            throw new Error(`${where} cannot be worked on: ${wordsOf(error)}`);
          });
        },
        skipVersionCheck: () => !rights.info,
      };
    },
    prefixOf: tagOf,
    async repair(queue, job) {
      const key = `${tagOf(queue)}:${queue}:${job}`;
      const [data, opts] = await store.hmget(key, 'data', 'opts');
      // Stored as a string, which none of our jobs is.
      if (typeof data === 'string' && parsedJson(data) === undefined)
        await store.hset(key, 'data', JSON.stringify(data.slice(0, 1_000)));
      if (typeof opts === 'string' && parsedJson(opts) === undefined) await store.hset(key, 'opts', '{}');
    },
    where,
    log,
    outage,
    telemetry: options.telemetry,
  };
  const producers = createProducers(connections);
  const rights = new Rights(producer, tags, prefix, 'add');
  const tables = createRedisTables(store, prefix);

  // Not a requirement: while Redis is down the receiver serves, and answers 503.
  const ready = Promise.all([whenTaken(producer), whenTaken(store)]);
  if (!(await settledWithin(ready, ADD_DEADLINE))) outage.began(reasonOfProducer());

  return {
    ...producers,
    kind: 'redis',
    rights: `ACL SETUSER … ${aclFor(prefix)}`,
    tables,
    work: (handlers, work) => startWorkers(connections, producers, handlers, { ...options, ...work }),

    async ping() {
      // A write, since a replica, a full memory or a full disk still answers PING; on the connection that adds jobs.
      const write = () => Promise.all([...tags].map((tag) => producer.set(`${tag}:ping`, '1', 'PX', 10_000)));
      const able = rights.check().then(write);
      try {
        await withDeadline(able, ADD_DEADLINE - 200, 'no answer');
        outage.ended();
      } catch (error) {
        // Without a connection, ioredis's errors are about its own options.
        const answered = error instanceof Error && error.name === 'ReplyError';
        throw new Error(`${where} cannot take jobs: ${(!answered && reasonOfProducer()) || wordsOf(error)}`);
      }
    },

    // `where` begins with the name of Redis.
    describe: async () => where.replace(/^Redis/, await redisName(store)),
    warnings: () => redisWarnings(store, place),

    close: once(async () => {
      await producers.close();
      await tables.close();
      // BullMQ leaves connections open that were passed in.
      for (const redis of [producer, store, ...workers]) redis.disconnect();
    }),
  };
}

/** The last error about why there is no connection; empty while there is one. */
function reasonsOf(redis: Redis | Cluster): () => string {
  const isOpen = () =>
    redis.status === 'ready' && (!(redis instanceof Redis) || redis.stream?.writable === true);
  let reason = '';
  const note = (error: Error) => {
    // What ioredis says about its own options helps nobody.
    if (/max retries per request|enableOfflineQueue/.test(error.message)) return;
    // Nor does it help that the server hung up after it had said why.
    if (reason === '' || !/EPIPE|ECONNRESET|Command timed out/.test(error.message)) reason = wordsOf(error);
  };
  redis.on('error', note).on('node error', note);
  redis.on('ready', () => {
    if (isOpen()) reason = '';
  });
  return () => (isOpen() ? '' : reason || 'there is no connection');
}
