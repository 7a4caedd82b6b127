import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder } from '../support/backends.ts';
import { deliverGithub } from '../support/github.ts';
import { closed, get, openProcessWorld, post, readyz } from './world.ts';

const program = redisProgram();

describe.skipIf(!inject('redisUrl') || program === undefined)('Redis that goes away', () => {
  let redis: PrivateRedis;
  beforeEach(async () => {
    redis = await privateRedis(program ?? '', freshFolder('redis-'));
  });
  afterEach(() => redis.kill());
  const place = () => ({ name: 'redis', url: redis.url, prefix: 'down' }) as const;

  it('senders are told to try again while it is away, and everything heals without a restart of ours', async (test) => {
    await redis.start();
    const world = await openProcessWorld(place(), {}, {}, test);
    const before = world.incident(['redis/before#1']);
    const after = world.incident(['redis/after#1']);
    const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
    await receiver.github({ issue: 'redis/before#1', action: 'closed' });
    await closed(world, before);
    const seen = async () => (await get(`${receiver.at}/api/board`)).body;
    expect(await seen()).not.toHaveProperty('old');

    await redis.kill();
    for (let n = 0; n < 3; n++) {
      expect(await post(receiver.at)).toEqual({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) });
    }
    for (const { at } of [receiver, worker]) {
      await readyz(at, { status: 503, body: { problems: [expect.stringContaining('Redis at 127.0.0.1')] } });
      expect((await get(`${at}/healthz`)).status).toBe(200);
    }
    // What the board showed last, marked as old, in the words of /readyz.
    await expect.poll(seen).toMatchObject({
      old: { words: expect.stringContaining('Redis at 127.0.0.1') },
      closed: { rows: [{ incident: before.reference }] },
    });

    await redis.start();
    for (const { at } of [receiver, worker]) await readyz(at, { status: 200 });
    await receiver.github({ issue: 'redis/after#1', action: 'closed' });
    await closed(world, after);
  });

  it('it starts while Redis is down, and works once Redis is up', async (test) => {
    const world = await openProcessWorld(place(), { LOG_LEVEL: 'info' }, {}, test);
    const incident = world.incident(['redis/start#1']);
    const service = world.launch(['start']);
    const at = await service.url();
    await readyz(at, { status: 503 });
    expect(await post(at)).toMatchObject({ status: 503 });

    await redis.start('--maxmemory-policy', 'allkeys-lru');
    await readyz(at, { status: 200 });
    await deliverGithub(at, { issue: 'redis/start#1', action: 'closed' });
    await closed(world, incident);

    // What the libraries of the queue say is told in our words, and once for an outage.
    const told = (words: RegExp) => service.messages().filter((message) => words.test(message));
    await redis.kill();
    await readyz(at, { status: 503 });
    await expect.poll(() => told(/does not answer .* is tried again until it does/)).toHaveLength(2);
    await redis.start();
    await readyz(at, { status: 200 });
    await expect.poll(() => told(/answers again, after \d+ s/)).toHaveLength(2);
    expect(told(/ECONN|Connection is closed|writeable|max retries/i)).toEqual(told(/does not answer \(/));
    expect(told(/maxmemory-policy allkeys-lru/)).toHaveLength(1);
    expect([...service.stderr, ...service.stdout].join('\n')).not.toMatch(/IMPORTANT!|enableOfflineQueue/);
  });

  it('it stops in time with code 0 also while Redis is down', async (test) => {
    await redis.start();
    const world = await openProcessWorld(place(), {}, {}, test);
    const running = await world.serve();
    await redis.kill();
    running.signal('SIGTERM');
    expect(await running.ended()).toEqual({ code: 0, signal: null });

    const starting = world.launch(['start']);
    await readyz(await starting.url(), { status: 503 });
    starting.signal('SIGTERM');
    expect(await starting.ended()).toEqual({ code: 0, signal: null });
  });
});
