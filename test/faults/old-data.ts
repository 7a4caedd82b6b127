/** What a release left in its queues and its store, as kept in `old-data/`: to see that the next one reads it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Redis } from 'ioredis';
import pg from 'pg';
import { z } from 'zod';

const FOLDER = new URL('old-data/', import.meta.url).pathname;

const fields = z.record(z.string(), z.string());
const entry = z.discriminatedUnion('type', [
  z.object({ key: z.string(), type: z.literal('string'), value: z.string() }),
  z.object({ key: z.string(), type: z.literal('hash'), value: fields }),
  z.object({ key: z.string(), type: z.literal('list'), value: z.array(z.string()) }),
  z.object({ key: z.string(), type: z.literal('set'), value: z.array(z.string()) }),
  /** Member and score in turns. */
  z.object({ key: z.string(), type: z.literal('zset'), value: z.array(z.string()) }),
  z.object({
    key: z.string(),
    type: z.literal('stream'),
    value: z.array(z.tuple([z.string(), z.array(z.string())])),
  }),
]);
type Entry = z.infer<typeof entry>;

const incident = z.object({
  id: z.string(),
  reference: z.string(),
  closed: z.boolean(),
  followUps: z.array(z.object({ id: z.string(), issue: z.string(), done: z.boolean() })),
});
export type OldIncident = z.infer<typeof incident>;

const leftSchema = z.object({
  prefix: z.string(),
  redis: z.object({ incidents: z.array(incident), entries: z.array(entry) }),
  sql: z.object({ incidents: z.array(incident), dump: z.string() }),
});
export type Left = z.infer<typeof leftSchema>;

/** The releases of which something is kept. */
export function releases(): string[] {
  return readdirSync(FOLDER).map((name) => name.replace(/\.json$/, ''));
}

export function leftBy(release: string): Left {
  return leftSchema.parse(JSON.parse(readFileSync(join(FOLDER, `${release}.json`), 'utf8')));
}

export function keep(release: string, left: Left): void {
  writeFileSync(join(FOLDER, `${release}.json`), `${JSON.stringify(left, undefined, 1)}\n`);
}

export async function readRedis(url: string): Promise<Entry[]> {
  const redis = new Redis(url);
  try {
    const found: Entry[] = [];
    for (const key of (await redis.keys('*')).sort()) {
      const type = await redis.type(key);
      if (type === 'string') found.push({ key, type, value: (await redis.get(key)) ?? '' });
      else if (type === 'hash') found.push({ key, type, value: await redis.hgetall(key) });
      else if (type === 'list') found.push({ key, type, value: await redis.lrange(key, 0, -1) });
      else if (type === 'set') found.push({ key, type, value: await redis.smembers(key) });
      else if (type === 'zset')
        found.push({ key, type, value: await redis.zrange(key, '-inf', '+inf', 'BYSCORE', 'WITHSCORES') });
      else if (type === 'stream') found.push({ key, type, value: await redis.xrange(key, '-', '+') });
      else throw new TypeError(`${key} is a ${type}, which is not kept yet`);
    }
    return found;
  } finally {
    redis.disconnect();
  }
}

export async function writeRedis(url: string, entries: readonly Entry[]): Promise<void> {
  const redis = new Redis(url);
  try {
    for (const { key, type, value } of entries) {
      if (type === 'string') await redis.set(key, value);
      else if (type === 'hash') await redis.hset(key, value);
      else if (type === 'list') await redis.rpush(key, ...value);
      else if (type === 'set') await redis.sadd(key, ...value);
      else if (type === 'zset')
        for (let n = 0; n < value.length; n += 2) await redis.zadd(key, value[n + 1] ?? '', value[n] ?? '');
      else for (const [id, pairs] of value) await redis.xadd(key, id, ...pairs);
    }
  } finally {
    redis.disconnect();
  }
}

/** Schemas and rows, without what only psql understands. */
export function readSql(url: string, schemas: readonly string[]): string {
  const named = schemas.map((schema) => `--schema=${schema}`);
  const dump = execFileSync('pg_dump', ['--inserts', '--no-owner', '--no-privileges', ...named, url], {
    encoding: 'utf8',
  });
  return dump
    .split('\n')
    .filter((line) => line !== '' && !/^(\\|--|SET transaction_timeout)/.test(line))
    .join('\n');
}

export async function writePostgres(url: string, dump: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(dump);
  } finally {
    await client.end();
  }
}

export async function writeEmbedded(folder: string, dump: string): Promise<void> {
  const db = await PGlite.create(join(folder, 'database'));
  await db.exec(dump);
  await db.close();
}
