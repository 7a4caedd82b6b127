import type { RedisOptions } from 'ioredis';
import { CannotOpenError } from './cannot-open-error.ts';

/** Where Redis is, as ioredis wants it, and for people (without secrets). */
export interface RedisPlace {
  options: RedisOptions;
  where: string;
}

/** Reads `redis://` and `rediss://` (TLS): `redis://user:password@host:port/database`, all but the host optional. */
export function readRedisUrl(text: string): RedisPlace {
  const url = parse(text);
  const database = url.pathname.replace(/^\//, '');
  if (!/^\d*$/.test(database)) {
    throw new CannotOpenError(
      'QUEUE_URL: what follows the host of Redis is the number of the database, as in redis://localhost:6379/0.',
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 6379 : Number(url.port);
  return {
    where: `Redis at ${host}:${port}`,
    options: {
      host,
      port,
      // Both IPv4 and IPv6; ioredis would ask for IPv4 only.
      family: 0,
      db: Number(database),
      ...(url.username === '' ? {} : { username: decode(url.username) }),
      ...(url.password === '' ? {} : { password: decode(url.password) }),
      ...(url.protocol === 'rediss:' ? { tls: { servername: host } } : {}),
    },
  };
}

function parse(text: string): URL {
  try {
    const url = new URL(text);
    if (url.hostname !== '') return url;
  } catch {
    // Told below, without the text: it may hold a password.
  }
  throw new CannotOpenError(
    'QUEUE_URL is no URL of Redis. It looks like redis://user:password@host:6379/0; encode special characters of the password (@ is %40, / is %2F).',
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A bare % in a password that nobody encoded.
    return text;
  }
}
