import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { quietErrors } from './quiet-errors.ts';
import type { RedisPlace } from './redis-url.ts';

const retryStrategy = (times: number) => Math.min(200 * 2 ** times, 2_000);

/** Whoever asks hears within 2 s that Redis is down: no command waits for it to come back. */
const failFast = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 2_000,
  // A connection that is open on our side only is given up after this.
  socketTimeout: 5_000,
} as const;

/** Waits for Redis to come back. */
const patient = {
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  connectTimeout: 5_000,
  // More than the 10 s that a worker waits for a job at most. Without it a connection that is open on our side
  // only would stop the worker for ever.
  socketTimeout: 15_000,
} as const;

const behaviours = { failFast, patient } as const;

/** Connects, now and again after each loss, to the server, to whichever one is master, or to the cluster. */
export function connectRedis(
  { options, nodes, where }: RedisPlace,
  name: string,
  behaviour: keyof typeof behaviours,
  log: Logger,
): Redis | Cluster {
  const { enableOfflineQueue, ...own } = behaviours[behaviour];
  const each = { ...options, ...own, connectionName: `incident-closer-${name}` } satisfies RedisOptions;
  const complain = quietErrors(log, `${where}, ${name}`);
  if (nodes === undefined) {
    const redis = new Redis({
      ...each,
      enableOfflineQueue,
      retryStrategy,
      ...withSentinels(options),
      // What is asked in one turn of the event loop goes in one write: each write costs more than its command.
      enableAutoPipelining: name === 'store',
    });
    redis.on('error', complain);
    return redis;
  }
  const cluster = new Cluster(nodes, {
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    redisOptions: each,
    slotsRefreshTimeout: 2_000,
    // A master that is back, or another in its place, is found also where no command asks for it.
    slotsRefreshInterval: 5_000,
    // Hosts are connected to by their names: the certificates are for these.
    dnsLookup: (host, callback) => callback(null, host),
  });
  cluster.on('error', complain);
  cluster.on('node error', complain);
  return cluster;
}

/**
 * `failoverDetector` of ioredis is not used: its connections to the sentinels write their errors to stderr. A
 * master that hangs is given up after `socketTimeout`; one that dies, or is made a replica, closes its connections.
 */
function withSentinels({ sentinels }: RedisOptions): RedisOptions {
  if (!sentinels) return {};
  return {
    sentinelCommandTimeout: 2_000,
    sentinelRetryStrategy: retryStrategy,
    // Whoever was master is a replica now: the sentinels know the new one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}
