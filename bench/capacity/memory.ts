import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { recordTasks } from '../../src/events/record.ts';
import { createRedisTables } from '../../src/store/redis-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { Tables } from '../../src/store/tables.ts';
import { freePort } from '../../test/support/free-port.ts';
import type { Day } from './day.ts';

const PAGE = 1_000;
const UNLINKED = 50_000;
const BATCH = 500;

export interface Measured {
  /** Of all that the store holds of a follow-up, its incident and its task, bytes. */
  perFollowUp: number;
  /** Of a state that is kept although its task has no link, bytes. */
  perUnlinked: number;
  /** How many events of tasks without a link one process records in a second. */
  unlinkedPerSecond: number;
  version: string;
}

/** Copies what a simulated day left into a Redis of its own, and looks what it takes there. */
export async function measureRedis(day: Day): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-closer-capacity-'));
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', ''],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve, reject) => {
    server.once('exit', resolve);
    server.once('error', reject);
  });
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  redis.on('error', () => {});
  try {
    const info = async (section: string, name: string) =>
      new RegExp(`${name}:(\\S+)`).exec(await Promise.race([redis.info(section), failed(ended)]))?.[1] ?? '';
    const used = async () => Number(await info('memory', 'used_memory'));
    const tables = createRedisTables(redis, 'day');
    await tables.time();

    const empty = await used();
    await copy(day, tables);
    const full = await used();

    const store = new Store(createRedisTables(redis, 'unlinked'));
    const began = performance.now();
    const waker = { wake: async () => {}, wakeAt: async () => {} };
    const log = pino({ level: 'silent' });
    for (let from = 0; from < UNLINKED; from += BATCH) {
      const events = Array.from({ length: BATCH }, (_, n) => ({
        tracker: 'github',
        task: `github:github.com/acme/elsewhere#${from + n}`,
        aliases: [],
        state: 'done' as const,
        by: 'person' as const,
        actor: 'ada',
        occurredAt: Date.now(),
        delivery: `00000000-0000-0000-0000-${String(from + n).padStart(12, '0')}`,
        receivedAt: Date.now(),
      }));
      await recordTasks(events, { begunBefore: false }, { store, waker, clock: systemClock, log });
    }
    const seconds = (performance.now() - began) / 1_000;
    return {
      perFollowUp: (full - empty) / day.followUps,
      perUnlinked: ((await used()) - full) / UNLINKED,
      unlinkedPerSecond: UNLINKED / seconds,
      version: await info('server', 'redis_version'),
    };
  } finally {
    redis.disconnect();
    server.kill('SIGKILL');
    await ended.catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
}

async function failed(ended: Promise<unknown>): Promise<never> {
  await ended;
  throw new Error('redis-server ended by itself.');
}

async function copy({ tables, names }: Day, to: Tables): Promise<void> {
  for (const table of names.tables) {
    let cursor: string | undefined;
    do {
      const { entries, next } = await tables.scan(table, cursor, PAGE);
      await to.put(entries.map((entry) => ({ table, ...entry })));
      cursor = next;
    } while (cursor !== undefined);
  }
  for (const rank of names.ranks)
    await to.rank(rank, await tables.ranked(rank, { min: -Infinity, max: Infinity, limit: 10_000_000 }));
}
