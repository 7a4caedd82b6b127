import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { isNoAnswer, type Outage, ServerNoAnswerError } from '../outage.ts';
import { quietErrors } from '../quiet-errors.ts';
import type { RedisPlace } from './url.ts';

const retryStrategy = (times: number) => Math.min(200 * 2 ** times, 2_000);

/** Callers learn within 2 s that Redis is down: no command waits for it to come back. */
const failFast = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  connectTimeout: 2_000,
  commandTimeout: 2_000,
  // A half-open connection is given up after this.
  socketTimeout: 5_000,
} as const;

/** Waits for Redis to come back. */
const patient = {
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  connectTimeout: 5_000,
  // More than the 10 s that a worker waits for a job at most. Without it, a half-open connection would stop the worker
  // forever.
  socketTimeout: 15_000,
} as const;

const behaviours = { failFast, patient } as const;

/** How long a server may take from connected to ready (it loads its data), ms, before its name is resolved again. */
const READY_WITHIN = 10_000;

/** Connects, now and again after each loss, to the server, to the current master, or to the cluster. */
export function connectRedis(
  { options, nodes, where }: RedisPlace,
  name: string,
  behaviour: keyof typeof behaviours,
  log: Logger,
  outage: Outage,
): Redis | Cluster {
  const { enableOfflineQueue, ...own } = behaviours[behaviour];
  const each = { ...options, ...own, reconnectOnError: cannotWrite } satisfies RedisOptions;
  const complain = quietErrors(log, `${where}, ${name}`, outage);
  if (nodes === undefined) {
    const redis = new CarefulRedis(
      {
        ...each,
        enableOfflineQueue,
        retryStrategy,
        // As the first command it would receive, and hide, the error of a server with too many clients.
        disableClientInfo: true,
        // A server that loads its data is polled this often, and abandoned after `READY_WITHIN`.
        maxLoadingRetryTime: 1_000,
        ...withSentinels(options),
        // Commands of one turn of the event loop go out in one write: each write costs more than its command.
        enableAutoPipelining: name === 'store',
      },
      where,
    );
    redis.on('error', complain);
    // For CLIENT LIST; everything works the same if the user may not set it.
    redis.on('ready', () => void redis.client('SETNAME', `incident-closer-${name}`).catch(() => {}));
    return redis;
  }
  const cluster = new CarefulCluster(where, nodes, {
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    redisOptions: { ...each, connectionName: `incident-closer-${name}` },
    slotsRefreshTimeout: 2_000,
    // Finds a master that is back, or a new one in its place, even while no command is sent.
    slotsRefreshInterval: 5_000,
    // Connects to hosts by name, which their certificates are for.
    dnsLookup: (host, callback) => callback(null, host),
  });
  cluster.on('error', complain);
  cluster.on('node error', complain);
  if (!enableOfflineQueue) connectAtOnce(cluster);
  return cluster;
}

/**
 * ioredis connects to a node with the first command for it, and without an offline queue refuses those that follow until
 * it is connected (`sendCommand` of its Cluster): so each master is connected before it is needed.
 */
function connectAtOnce(cluster: Cluster): void {
  cluster.on('+node', (node: Redis) => {
    // Its errors are those of the cluster.
    if (node.status === 'wait' && node.options.readOnly !== true) void node.connect().catch(() => {});
  });
}

/** Once a connection knows where to send commands; those that are not ready yet keep them, if they may. */
export function whenReady(redis: Redis | Cluster): Promise<void> {
  return redis.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => redis.once('ready', () => resolve()));
}

/** Once commands are taken by the server, or by each master of a cluster. */
export async function whenTaken(redis: Redis | Cluster): Promise<void> {
  await whenReady(redis);
  if (redis instanceof Cluster) await Promise.all(redis.nodes('master').map(whenReady));
}

/**
 * Whether a server answers that it accepts no writes: it is a replica now, loads its data, or lost its master. The name
 * may resolve to another server by now, so the connection is reopened.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/ and `replica-serve-stale-data` in redis.conf
 */
function cannotWrite({ message }: Error): boolean {
  return /^(READONLY|UNBLOCKED|LOADING|MASTERDOWN)\b/.test(message);
}

type SentCommand = Parameters<Redis['sendCommand']>[0];

/** Has a command that gets no answer fail in our words: those of ioredis are about its own options. */
function inOurWords(command: SentCommand, where: string): void {
  const { reject } = command;
  command.reject = (error) => {
    if (!isNoAnswer(error)) return reject(error);
    const noAnswer = () => reject(new ServerNoAnswerError(`${where} does not answer`));
    // Where this process itself was held up, the answer has come and is read in this turn of the event loop.
    if (/^Command timed out/.test(error.message)) setImmediate(noAnswer);
    else noAnswer();
  };
}

/** Commands that a cluster sends on to a node come by again, with a `reject` of its own that needs ioredis's words. */
const worded = new WeakSet<SentCommand>();

class CarefulCluster extends Cluster {
  readonly #where: string;

  constructor(where: string, ...given: ConstructorParameters<typeof Cluster>) {
    super(...given);
    this.#where = where;
  }

  override sendCommand(...[command, ...rest]: Parameters<Cluster['sendCommand']>): unknown {
    if (!worded.has(command)) {
      worded.add(command);
      inOurWords(command, this.#where);
    }
    return super.sendCommand(command, ...rest);
  }
}

/** A connection that is used only once it has reached the right place. */
class CarefulRedis extends Redis {
  #late: NodeJS.Timeout | undefined;
  readonly #where: string;

  constructor(options: RedisOptions, where: string) {
    super(options);
    this.#where = where;
    const settled = () => clearTimeout(this.#late);
    this.on('connect', () => {
      settled();
      this.#late = setTimeout(() => {
        if (this.status === 'connect') this.disconnect(true);
      }, READY_WITHIN).unref();
    });
    this.on('ready', settled).on('close', settled).on('end', settled);
  }

  /** ioredis carries on in database 0 if the selected one does not exist, or may not be selected. */
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    // Workers of BullMQ go by the words of ioredis.
    if (!this.options.enableOfflineQueue) inOurWords(command, this.#where);
    if (command.name === 'select') {
      const { reject } = command;
      command.reject = (error) => {
        // Before the next answer is read, so that nothing more is sent on this connection.
        this.disconnect(true);
        reject(error);
      };
    }
    return super.sendCommand(command, stream);
  }

  /** Once is enough, however many answers on one connection ask for it. */
  override disconnect(reconnect = false): void {
    if (reconnect && this.stream?.writableEnded === true) return;
    super.disconnect(reconnect);
  }

  /** ioredis's own would create a plain connection for BullMQ to wait for jobs on. */
  override duplicate(override?: Partial<RedisOptions>): Redis {
    return new CarefulRedis({ ...this.options, ...override }, this.#where);
  }
}

/**
 * `failoverDetector` of ioredis is not used: its connections to the sentinels write their errors to stderr. A master
 * that hangs is given up after `socketTimeout`; one that dies, or is demoted, closes its connections.
 */
function withSentinels({ sentinels }: RedisOptions): RedisOptions {
  if (!sentinels) return {};
  return { sentinelCommandTimeout: 2_000, sentinelRetryStrategy: retryStrategy };
}
