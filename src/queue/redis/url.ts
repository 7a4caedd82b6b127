import { isIP } from 'node:net';
import type { RedisOptions } from 'ioredis';
import { CannotOpenError } from '../cannot-open-error.ts';
import { decoded, readServerList, type ServerList } from './server-list.ts';

/** Where Redis is, for ioredis, and for people (without secrets). */
export interface RedisPlace {
  /** Of the server, or of each node of a cluster. */
  options: RedisOptions;
  /** Nodes from which to discover the others; absent if it is no cluster. */
  nodes?: { host: string; port: number }[];
  where: string;
}

const FORMS = {
  redis: 'redis://user:password@host:6379/0',
  sentinel: 'redis-sentinel://user:password@host:26379,host:26379/0#master',
  cluster: 'redis-cluster://user:password@host:6379,host:6379',
} as const;

/**
 * Parses the URLs of Redis; each also with `rediss` for TLS. Only the hosts are required, and with Sentinel the name of
 * the master.
 * - `redis://user:password@host:port/database`
 * - `redis-sentinel://user:password@host:port,host:port/database#master`: the hosts are the sentinels, user and
 *   password those of the Redis servers. Sentinels with a password of their own get it as `?sentinelPassword=…` (and
 *   `sentinelUsername=…`) before the `#`.
 * - `redis-cluster://user:password@host:port,host:port`: some nodes, from which the others are discovered
 */
export function readRedisUrl(text: string): RedisPlace {
  const form = /^rediss?-(sentinel|cluster):/i.exec(text)?.[1]?.toLowerCase();
  if (form === 'sentinel') return sentinelPlace(listed(text, 'sentinel'));
  if (form === 'cluster') return clusterPlace(listed(text, 'cluster'));
  const list = listed(text, 'redis');
  const [server] = list.servers;
  if (server === undefined || list.servers.length > 1) throw notReadable('redis');
  const { host, port = 6379 } = server;
  return {
    where: `Redis at ${host}:${port}`,
    options: {
      host,
      port,
      db: databaseOf(list, 'redis'),
      ...common(list),
      // An IP address is no server name: https://www.rfc-editor.org/rfc/rfc6066#section-3
      ...(isSecure(list) ? { tls: isIP(host) === 0 ? { servername: host } : {} } : {}),
    },
  };
}

function sentinelPlace(list: ServerList): RedisPlace {
  if (list.name === '') {
    throw new CannotOpenError(
      `QUEUE_URL names sentinels, but not what they call the master. Add its name after a #, as in ${FORMS.sentinel}.`,
    );
  }
  const sentinels = list.servers.map(({ host, port = 26_379 }) => ({ host, port }));
  const [username, password] = ['sentinelUsername', 'sentinelPassword'].map((name) => list.query.get(name));
  return {
    where: `Redis master “${list.name}” of the sentinels at ${hostsOf(sentinels)}`,
    options: {
      sentinels,
      name: list.name,
      db: databaseOf(list, 'sentinel'),
      ...common(list),
      ...(username ? { sentinelUsername: username } : {}),
      ...(password ? { sentinelPassword: password } : {}),
      ...(isSecure(list) ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    },
  };
}

function clusterPlace(list: ServerList): RedisPlace {
  if (!/^0?$/.test(list.path)) {
    throw new CannotOpenError(
      `QUEUE_URL: a cluster of Redis has the database 0 alone, so nothing follows its hosts, as in ${FORMS.cluster}. Set QUEUE_PREFIX to keep deployments apart.`,
    );
  }
  const nodes = list.servers.map(({ host, port = 6379 }) => ({ host, port }));
  return {
    where: `Redis cluster at ${hostsOf(nodes)}`,
    nodes,
    options: { ...common(list), ...(isSecure(list) ? { tls: {} } : {}) },
  };
}

function common({ username, password }: ServerList): RedisOptions {
  return {
    // Both IPv4 and IPv6; ioredis would resolve IPv4 only.
    family: 0,
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
  };
}

function databaseOf({ path }: ServerList, form: keyof typeof FORMS): number {
  if (/^\d*$/.test(path)) return Number(path);
  throw new CannotOpenError(
    `QUEUE_URL: what follows the host of Redis is the number of the database, as in ${FORMS[form]}.`,
  );
}

function isSecure({ scheme }: ServerList): boolean {
  return scheme.startsWith('rediss');
}

function hostsOf(servers: { host: string; port: number }[]): string {
  return servers.map(({ host, port }) => `${host}:${port}`).join(', ');
}

function listed(text: string, form: keyof typeof FORMS): ServerList {
  const list = readServerList(text);
  if (list === undefined) throw notReadable(form);
  return list;
}

/** Without the text itself, which may contain a password. */
function notReadable(form: keyof typeof FORMS): CannotOpenError {
  return new CannotOpenError(
    `QUEUE_URL is no URL of Redis. It looks like ${FORMS[form]}; encode special characters of the password (@ is %40, / is %2F).`,
  );
}
