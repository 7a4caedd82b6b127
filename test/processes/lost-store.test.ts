import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder } from '../support/backends.ts';
import { deliverGithub } from '../support/github.ts';
import { closed, edits, get, openProcessWorld, type ProcessWorld, readyz } from './world.ts';

const program = redisProgram();
const A_MONTH = 30 * 86_400_000;
const GONE = /^what incident-closer had stored is gone .* backlog/;

describe.skipIf(!inject('redisUrl') || program === undefined)('a Redis that loses what it held', () => {
  let redis: PrivateRedis;
  beforeEach(async () => {
    redis = await privateRedis(program ?? '', freshFolder('redis-'));
    await redis.start();
  });
  afterEach(() => redis.kill());
  const open = (test: Parameters<typeof openProcessWorld>[3]) =>
    openProcessWorld({ name: 'redis', url: redis.url, prefix: 'lost' }, {}, {}, test);

  const losses: [string, () => Promise<void>][] = [
    [
      'is emptied by FLUSHALL',
      async () => {
        const client = new Redis(redis.url);
        await client.flushall();
        await client.quit();
      },
    ],
    [
      'is replaced by an empty one',
      async () => {
        await redis.kill();
        await redis.start('--dir', freshFolder('another-redis-'));
      },
    ],
  ];

  it.each(losses)(
    'and %s while the service runs is noticed, told, and begun as carefully as at a first start',
    async (_how, lose) => {
      const world = await open(undefined);
      try {
        const held = world.incident(['lost/held#1']);
        const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
        await worker.logged('first sync finished');
        expect(await world.run(['hold', held.reference, '--why', 'the audit'])).toMatchObject({ code: 0 });
        await receiver.github({ issue: 'lost/held#1', action: 'closed' });
        await expect.poll(() => status(world, held.followUps)).toEqual(['completed']);

        await lose();
        for (const { logged } of [receiver, worker]) await logged(GONE);
        for (const { at } of [receiver, worker]) await readyz(at, { status: 200 });
        // Commands find the service again, and the hold is gone: that it is not closed is the careful start.
        await expect
          .poll(async () => (await world.run(['check', held.reference])).stdout)
          .toMatch(/ready before incident-closer came/);
        expect(await world.run(['history'])).toMatchObject({ code: 0 });
        expect((await get(`${receiver.at}/api/board`)).body).toMatchObject({
          health: expect.arrayContaining([{ name: 'Store', is: 'bad', words: expect.stringMatching(GONE) }]),
        });

        const later = world.incident(['lost/later#1']);
        await receiver.github({ issue: 'lost/later#1', action: 'closed' });
        await closed(world, later);
        expect([edits(world, held), edits(world, later)]).toEqual([0, 1]);
      } finally {
        await world.close();
      }
    },
  );

  it.for([0, 1, 2])(
    'a receiver that is killed within the first second of the very first start leaves a next one as careful, which loses nothing that was accepted (%i)',
    async (moment, test) => {
      const world = await open(test);
      const old = world.incident(['lost/old#1']);
      const done = world.incident(['lost/done#1']);
      for (const id of done.followUps) world.incidentIo.setFollowUp(id, 'completed');
      const accepted = world.incident(['lost/accepted#1']);
      const first = world.launch(['receive']);
      const at = moment > 0 ? await first.url() : undefined;
      if (at !== undefined && moment > 1)
        await deliverGithub(at, { issue: 'lost/accepted#1', action: 'closed', at: Date.now() + 1_000 });
      await first.kill();

      const service = await world.serve();
      await service.logged('first sync finished');
      await service.github({ issue: 'lost/old#1', action: 'closed', at: Date.now() - A_MONTH });
      if (moment > 1) await closed(world, accepted);
      for (const { reference } of [old, done])
        await expect
          .poll(async () => (await world.run(['check', reference])).stdout)
          .toMatch(/ready before incident-closer came/);
      expect([edits(world, old), edits(world, done)]).toEqual([0, 0]);
    },
  );

  function status({ incidentIo }: ProcessWorld, followUps: readonly string[]): string[] {
    return followUps.map((id) => incidentIo.followUp(id).status);
  }
});
