import { Cluster, type Redis, type Result } from 'ioredis';
import { refuseNaN, refuseNul, type Tables } from './tables.ts';

// Longer calls are split into parts of this size, so that none blocks Redis for the queues for long.
const part = 5_000;

/**
 * Compare-and-set, change by change. KEYS are the tables; ARGV has four texts per change: which table, the id, the
 * expected value, the new value. The last two are '' for "no entry", and have '=' before any value.
 */
const swapScript = `
local written = {}
for i = 1, #ARGV, 4 do
  local key, id, value = KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 3]
  local found = redis.call('HGET', key, id)
  local stands = (found and '=' .. found or '') == ARGV[i + 2]
  if stands and value == '' then
    redis.call('HDEL', key, id)
  elseif stands then
    redis.call('HSET', key, id, string.sub(value, 2))
  end
  written[#written + 1] = stands and 1 or 0
end
return written`;

// A script, since in a cluster a bare TIME goes to any node, and each has its own clock.
const timeScript = `
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000)`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    incidentCloserSwap(keys: number, ...keysAndChanges: (string | number)[]): Result<number[], Context>;
    incidentCloserTime(key: string): Result<number, Context>;
  }
}

/**
 * Tables in Redis or Valkey: one hash per table, one sorted set per rank, all in one slot of a cluster.
 * The owner of the connection closes it; it must read from masters only.
 */
export function createRedisTables(redis: Redis | Cluster, prefix: string): Tables {
  if (prefix === '') throw new TypeError('The prefix of the store in Redis must not be empty.');
  const tableKey = (table: string) => `{${prefix}}:store:table:${table}`;
  const rankKey = (rank: string) => `{${prefix}}:store:rank:${rank}`;

  redis.defineCommand('incidentCloserSwap', { lua: swapScript });
  redis.defineCommand('incidentCloserTime', { lua: timeScript, numberOfKeys: 1 });

  const put: Tables['put'] = async (changes) => {
    for (const { table, id, value } of changes) refuseNul([table, id, value]);
    const tables = new Map<string, Map<string, string | undefined>>();
    for (const { table, id, value } of changes) {
      const last = tables.get(table) ?? new Map<string, string | undefined>();
      tables.set(table, last.set(id, value));
    }
    const writes: [table: string, entries: Map<string, string>][] = [];
    const removals: [table: string, ids: string[]][] = [];
    for (const [table, last] of tables) {
      const written: [string, string][] = [];
      const removed: string[] = [];
      for (const [id, value] of last) {
        if (value === undefined) removed.push(id);
        else written.push([id, value]);
      }
      for (const some of parts(written)) writes.push([tableKey(table), new Map(some)]);
      for (const some of parts(removed)) removals.push([tableKey(table), some]);
    }
    // One command is atomic, and shares a pipeline with other commands.
    if (writes.length + removals.length === 1) {
      for (const [key, entries] of writes) await redis.hset(key, entries);
      for (const [key, ids] of removals) await redis.hdel(key, ...ids);
      return;
    }
    if (tables.size === 0) return;
    const multi = redis.multi();
    for (const [key, entries] of writes) multi.hset(key, entries);
    for (const [key, ids] of removals) multi.hdel(key, ...ids);
    const answers = await multi.exec();
    if (answers === null) throw new Error('Redis gave up a transaction of the store; nothing was written.');
    for (const [error] of answers) if (error) throw error;
  };

  const swap: Tables['swap'] = async (changes) => {
    for (const { table, id, value, expected } of changes) refuseNul([table, id, value, expected]);
    const written: boolean[] = [];
    // One part after the other: an id may occur twice.
    for (const some of parts(changes)) {
      const tables = [...new Set(some.map((change) => change.table))];
      const argv = some.flatMap(({ table, id, expected, value }) => [
        tables.indexOf(table) + 1,
        id,
        expected === undefined ? '' : `=${expected}`,
        value === undefined ? '' : `=${value}`,
      ]);
      const answers = await redis.incidentCloserSwap(tables.length, ...tables.map(tableKey), ...argv);
      written.push(...answers.map((answer) => answer === 1));
    }
    return written;
  };

  return {
    async get(table, ids) {
      refuseNul([table, ...ids]);
      const key = tableKey(table);
      const values = await Promise.all(parts(ids).map((some) => redis.hmget(key, ...some)));
      return values.flat().map((value) => value ?? undefined);
    },

    put: (changes) => discreet(put(changes)),
    swap: (changes) => discreet(swap(changes)),

    async scan(table, cursor, limit) {
      const [next, flat] = await redis.hscan(tableKey(table), cursor ?? '0', 'COUNT', Math.max(1, limit));
      const entries: { id: string; value: string }[] = [];
      for (let i = 0; i < flat.length; i += 2) entries.push({ id: flat[i] ?? '', value: flat[i + 1] ?? '' });
      return next === '0' ? { entries } : { entries, next };
    },

    async rank(rank, entries) {
      refuseNul([rank, ...entries.map((entry) => entry.member)]);
      refuseNaN(rank, entries);
      const key = rankKey(rank);
      await Promise.all(
        parts(entries).map((some) =>
          redis.zadd(key, ...some.flatMap(({ member, score }) => [scoreText(score), member])),
        ),
      );
    },
    async unrank(rank, members) {
      const key = rankKey(rank);
      await Promise.all(parts(members).map((some) => redis.zrem(key, ...some)));
    },
    async ranked(rank, { min, max, limit, newestFirst = false }) {
      const key = rankKey(rank);
      const [low, high] = [scoreText(min), scoreText(max)];
      const flat = newestFirst
        ? await redis.zrevrangebyscore(key, high, low, 'WITHSCORES', 'LIMIT', 0, limit)
        : await redis.zrangebyscore(key, low, high, 'WITHSCORES', 'LIMIT', 0, limit);
      const found: { member: string; score: number }[] = [];
      for (let i = 0; i < flat.length; i += 2) {
        found.push({ member: flat[i] ?? '', score: scoreOf(flat[i + 1] ?? '') });
      }
      return found;
    },
    rankSize: (rank) => redis.zcard(rankKey(rank)),

    async names() {
      const keys = await keysOf(redis, `{${prefix}}:store:`);
      const under = (start: string) =>
        keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
      return { tables: under(tableKey('')), ranks: under(rankKey('')) };
    },

    time: () => redis.incidentCloserTime(tableKey('')),

    async close() {},
  };
}

/**
 * The keys that begin so, each once. In a cluster every master is asked: which one has them may change meanwhile.
 * https://redis.io/docs/latest/commands/scan/
 */
async function keysOf(redis: Redis | Cluster, start: string): Promise<string[]> {
  const pattern = `${start.replace(/[*?[\]\\^-]/g, '\\$&')}*`;
  const found = new Set<string>();
  for (const node of redis instanceof Cluster ? redis.nodes('master') : [redis]) {
    let cursor = '0';
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', part);
      for (const key of keys) found.add(key);
      cursor = next;
    } while (cursor !== '0');
  }
  return [...found];
}

/** ioredis attaches the command to an error, with all the data, which may be secret. */
async function discreet<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error)
      for (const key of ['command', 'previousErrors']) Reflect.deleteProperty(error, key);
    throw error;
  }
}

function parts<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += part) found.push(all.slice(i, i + part));
  return found;
}

/** A score as Redis reads and writes it. */
function scoreText(score: number): string {
  if (Number.isFinite(score)) return String(score);
  return score > 0 ? '+inf' : '-inf';
}

function scoreOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
