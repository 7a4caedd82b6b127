import { Cluster, type Redis } from 'ioredis';
import type { Remark } from '../backend.ts';
import { isRefusal } from './permissions.ts';
import type { RedisPlace } from './url.ts';

const OLDEST = [6, 2] as const;

/** Configuration problems of this Redis, for the operator; of each master of a cluster. Throws if one does not answer. */
export async function redisWarnings(
  redis: Redis | Cluster,
  { where, nodes, options }: RedisPlace,
): Promise<Remark[]> {
  if (nodes === undefined || !(redis instanceof Cluster))
    return serverWarnings(redis, where, options.sentinels !== undefined);
  const masters = redis.nodes('master');
  if (masters.length === 0) throw new Error(`${where} does not answer.`);
  const found = await Promise.all(
    masters.map((master) =>
      serverWarnings(master, `Redis at ${master.options.host}:${master.options.port}`, true),
    ),
  );
  return found.flat();
}

/** `mayFailOver`: another server is meant to take over when it dies. */
async function serverWarnings(
  redis: Redis | Cluster,
  where: string,
  mayFailOver: boolean,
): Promise<Remark[]> {
  const info = await infoOf(redis);
  if (info === undefined)
    return [
      mild(
        `${where} does not allow INFO, so its settings cannot be looked at, and timers are up to a second late. Allow it (ACL SETUSER … +info), and see to it that appendonly is yes and maxmemory-policy is noeviction.`,
      ),
    ];
  const warnings: Remark[] = [];

  const version = info.get('redis_version') ?? '';
  if (version !== '' && isOlder(version)) {
    warnings.push(grave(`${where} is version ${version}. Upgrade to ${OLDEST.join('.')} or later.`));
  }

  const aof = info.get('aof_enabled');
  if (aof === '0') {
    warnings.push(
      mild(
        `${where} has no append-only file: what it accepted is lost when it restarts. Set "appendonly yes" and "appendfsync always".`,
      ),
    );
  } else if (aof === undefined) {
    warnings.push(mild(`${where} does not tell whether it has an append-only file. Set "appendonly yes".`));
  } else if (info.get('aof_last_write_status') === 'err') {
    warnings.push(grave(`${where} cannot write its append-only file. Look for a full disk.`));
  }

  const policy = info.get('maxmemory_policy');
  if (policy === undefined) {
    warnings.push(mild(`${where} does not tell its maxmemory-policy. Set it to noeviction.`));
  } else if (policy !== 'noeviction') {
    warnings.push(
      grave(
        `${where} may throw jobs away when its memory is full (maxmemory-policy ${policy}). Set "maxmemory-policy noeviction".`,
      ),
    );
  }

  if (info.get('role') === 'slave') {
    warnings.push(grave(`${where} is a replica, which takes no jobs. Set QUEUE_URL to the master.`));
  } else if (mayFailOver && info.get('connected_slaves') === '0') {
    warnings.push(mild(`${where} has no replica that could take its place when it dies. Add one.`));
  }
  return warnings;
}

/** `Redis 7.0.15`, or Valkey's; without a version if it does not report one. */
export async function redisName(redis: Redis | Cluster): Promise<string> {
  const info = await infoOf(redis);
  const valkey = info?.get('valkey_version');
  return valkey === undefined ? `Redis ${info?.get('redis_version') ?? ''}`.trim() : `Valkey ${valkey}`;
}

/** The answer to INFO; undefined if it is not permitted. Throws if the server does not answer. */
async function infoOf(redis: Redis | Cluster): Promise<Map<string, string> | undefined> {
  let text: string;
  try {
    text = await redis.info();
  } catch (error) {
    if (error instanceof Error && isRefusal(error.message)) return undefined;
    throw error;
  }
  return new Map(
    text.split(/\r?\n/).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)] as const;
    }),
  );
}

function grave(words: string): Remark {
  return { words, grave: true };
}

function mild(words: string): Remark {
  return { words, grave: false };
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
