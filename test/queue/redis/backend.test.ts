import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Backend } from '../../../src/queue/backend.ts';
import { openBackend } from '../../../src/queue/open-backend.ts';
import { freshFolder } from '../../support/backends.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../private-redis.ts';
import { aborted, batchOf, eventually, freshId, gate, idle, listeningLog, quiet } from '../support.ts';

const program = redisProgram();

describe.skipIf(!inject('redisUrl') || program === undefined)('the backend on a Redis of its own', () => {
  let server: PrivateRedis;
  let backend: Backend | undefined;
  let redis: Redis | undefined;
  let lines: string[];

  const open = async (url = server.url) => {
    const log = listeningLog();
    lines = log.lines;
    backend = await openBackend(url, {
      prefix: 'own',
      log: log.log,
      lockDuration: 1_000,
      stalledInterval: 500,
    });
    return backend;
  };
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(async () => {
    server = await privateRedis(program ?? '', freshFolder('redis-'));
  });
  afterEach(async () => {
    redis?.disconnect();
    await backend?.close();
    await server.kill();
  });

  test('an answer that came while this process itself was held up for long counts', async () => {
    await server.start();
    const { tables } = await open();
    await tables.time();
    server.signal('SIGSTOP');
    const asked = tables.time();
    // It is sent in a later turn of the event loop.
    for (let turns = 0; turns < 5; turns++) await setImmediate();
    server.signal('SIGCONT');
    const end = Date.now() + 2_500;
    while (Date.now() < end);
    expect(await failure(asked)).toBeUndefined();
  });

  test('while Redis is down everything rejects instead of waiting for it, and works again after it is back', async () => {
    await server.start();
    const { intake, waker, ping, counts, tables } = await open();
    await intake.add(batchOf('a#1'));
    await server.kill();
    for (const attempt of [
      () => intake.add(batchOf('a#2')),
      () => waker.wake([freshId()], 'test'),
      () => waker.wakeAt(freshId(), Date.now(), Date.now()),
      () => ping(),
      () => counts(),
      () => tables.time(),
    ]) {
      expect(await failure(attempt())).toBeInstanceOf(Error);
    }
    await server.start();
    await eventually(() => intake.add(batchOf('a#3')));
    await eventually(() => ping());
    // An add that was too slow for its deadline may have come through as well.
    expect((await counts()).events.waiting).toBeGreaterThanOrEqual(2);
  });

  test('a job whose data is no JSON fails with a reason, and keeps nobody else waiting', async () => {
    await server.start();
    const { intake, work, failed } = await open();
    redis = new Redis(server.url);
    await intake.add(batchOf('a#1'));
    await redis.hset('{own}:events:1', 'data', 'no JSON', 'opts', '{');
    await intake.add(batchOf('b#1'));
    const seen: string[] = [];
    const workers = work(
      { ...idle, events: async ({ tasks }) => void seen.push(...tasks.map(({ task }) => task)) },
      { concurrency: 1 },
    );
    await eventually(() => expect(seen).toEqual(['b#1']));
    await eventually(async () =>
      expect(await failed(9)).toMatchObject([
        { id: 'events/1', why: expect.stringMatching(/^This job holds no batch of events/) },
      ]),
    );
    await workers.close(3_000);
  });

  test('why a job failed is told to who looks at it afterwards, and what to do', async () => {
    await server.start();
    const { intake, failed } = await open();
    redis = new Redis(server.url);
    const reasons = [
      'job stalled more than allowable limit',
      "Could not read incident A: 502. It is tried again; if this goes on, check incident.io's status page.",
    ];
    for (const [i, failedReason] of reasons.entries()) {
      await intake.add(batchOf('a#1'));
      await redis.lrem('{own}:events:wait', 1, String(i + 1));
      await redis.hset(`{own}:events:${i + 1}`, { failedReason, finishedOn: 2 - i, atm: 100 });
      await redis.zadd('{own}:events:failed', 2 - i, String(i + 1));
    }
    expect((await failed(9)).map(({ why }) => why)).toEqual([
      expect.stringMatching(
        /^Its worker was killed, or froze, .* logs of the workers .*job stalled more than/,
      ),
      "Could not read incident A: 502. It was tried 100 times: check incident.io's status page.",
    ]);
  });

  test('it opens while Redis is down, and both sides work once Redis is there', async () => {
    const { intake, ping, work } = await open();
    const seen: string[] = [];
    const workers = work(
      { ...idle, events: async ({ tasks }) => void seen.push(...tasks.map(({ task }) => task)) },
      { concurrency: 1 },
    );
    await expect(ping()).rejects.toThrow(
      `Redis at 127.0.0.1:${server.port} cannot take jobs: connect ECONNREFUSED`,
    );
    await expect(intake.add(batchOf('a#1'))).rejects.toThrow();
    await server.start();
    await eventually(() => intake.add(batchOf('a#2')));
    await eventually(() => expect(seen).toContain('a#2'));
    await workers.close(3_000);
  });

  test('a worker goes on after Redis was killed and came back, and loses no job', async () => {
    await server.start();
    const { intake, work } = await open();
    const seen: string[] = [];
    const workers = work(
      { ...idle, events: async ({ tasks }) => void seen.push(...tasks.map(({ task }) => task)) },
      { concurrency: 1 },
    );
    await intake.add(batchOf('a#1'));
    await eventually(() => expect(seen).toEqual(['a#1']));
    await server.kill();
    await server.start();
    await eventually(() => intake.add(batchOf('a#2')));
    await eventually(() => expect(seen).toContain('a#2'));
    await workers.close(3_000);
  });

  test('close() ends also while Redis is down', async () => {
    await server.start();
    const opened = await open();
    const started = gate();
    const workers = opened.work(
      {
        ...idle,
        async review(_, { signal }) {
          started.open();
          await aborted(signal);
        },
      },
      { concurrency: 1 },
    );
    await opened.waker.wake([freshId()], 'test');
    await started.opened;
    await server.kill();
    await workers.close(600);
    await opened.close();
  });

  test('a job whose lock is lost is aborted', async () => {
    await server.start();
    const { waker, work } = await open();
    const started = gate();
    const reasons: unknown[] = [];
    const workers = work(
      {
        ...idle,
        async review(_, { signal, begunBefore }) {
          if (begunBefore) return;
          started.open();
          await aborted(signal).catch(() => reasons.push(signal.reason));
          throw new Error('stopped');
        },
      },
      { concurrency: 1 },
    );
    await waker.wake([freshId()], 'test');
    await started.opened;
    redis = new Redis(server.url);
    for (const key of await redis.keys('{own}:reviews:*:lock')) await redis.del(key);
    await eventually(() => expect(reasons).toEqual(['lock lost']));
    await workers.close(3_000);
  });

  test('a deduplication key whose job is gone is cleared, and the incident heard again', async () => {
    await server.start();
    const opened = await open();
    const incident = freshId();
    await opened.waker.wake([incident], 'lost');
    redis = new Redis(server.url);
    expect(await redis.del('{own}:reviews:wait')).toBe(1);
    await opened.waker.wake([incident], 'swallowed');
    expect((await opened.counts()).reviews.waiting).toBe(0);
    expect(await opened.clearStrayKeys([freshId(), incident])).toEqual([incident]);
    const runs: string[] = [];
    const workers = opened.work(
      { ...idle, review: async (_, { why }) => void runs.push(why) },
      { concurrency: 1 },
    );
    await opened.waker.wake([incident], 'heard');
    await quiet(opened);
    expect(runs).toEqual(['heard']);
    await workers.close(3_000);
  });

  test('a Redis that keeps nothing, evicts or is a replica is warned about', async () => {
    await server.start('--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru');
    const { warnings, describe } = await open();
    expect(await warnings()).toEqual([
      { grave: false, words: expect.stringContaining('no append-only file') },
      { grave: true, words: expect.stringContaining('allkeys-lru') },
    ]);
    expect(await describe()).toMatch(/^Redis \d+\.\d+\.\d+ at 127\.0\.0\.1:\d+$/);
  });

  test('a Redis that is set up well gives no warning, and one that forbids INFO says so', async () => {
    await server.start('--maxmemory-policy', 'noeviction');
    const { warnings } = await open();
    expect(await warnings()).toEqual([]);
    redis = new Redis(server.url);
    await redis.call('ACL', 'SETUSER', 'default', '-info');
    expect(await warnings()).toEqual([
      { grave: false, words: expect.stringContaining('does not allow INFO') },
    ]);
  });

  test('a Redis that is full or read only takes no jobs, says ping()', async () => {
    await server.start();
    const { ping } = await open();
    redis = new Redis(server.url);
    await redis.config('SET', 'maxmemory', '1');
    await expect(ping()).rejects.toThrow(/cannot take jobs: OOM/);
    await redis.config('SET', 'maxmemory', '0');
    await redis.replicaof('127.0.0.1', '1');
    await expect(ping()).rejects.toThrow(/cannot take jobs: READONLY/);
  });

  test('the password is in no error and no log line', async () => {
    await server.start('--requirepass', 'right-s3cret');
    const { ping, intake } = await open(server.url.replace('//', '//:wrong-s3cret@'));
    for (const attempt of [ping, () => intake.add(batchOf('a#1'))]) {
      const error = await failure(attempt());
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).not.toContain('s3cret');
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error ?? {}))).not.toContain('s3cret');
    }
    await eventually(() => expect(lines.join()).toContain('WRONGPASS'));
    expect(lines.join()).not.toContain('s3cret');
  });
});
