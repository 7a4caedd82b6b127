import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { deliver, judge } from './load.ts';
import { ownRedis, stageOn } from './stage.ts';

it('poison in the queue stops nothing else, and what failed for good says why', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 8, test);
  const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await worker.logged('first sync finished');
  const connection = new Redis(redis.url);
  const queue = new Queue('events', { connection, prefix: `{${world.env.QUEUE_PREFIX}}` });
  test.onTestFinished(async () => {
    await queue.close();
    connection.disconnect();
  });
  const poison = [{ tasks: [{ task: 7 }] }, 'text', [], null, { tasks: 'many' }];
  for (const data of poison) await queue.add('batch', data);
  await deliver(planned, () => receiver.at, chance);
  await judge(test.task.name, world, planned, last, () => receiver.at, poison.length);
  const failed = async (): Promise<{ id: string; why: string }[]> =>
    JSON.parse((await world.run(['failed', 'list', '--json'])).stdout);
  await expect.poll(async () => (await failed()).length).toBeGreaterThan(0);
  for (const { why } of await failed()) expect(why).toMatch(/^This (job|task event)/);
  expect(await world.run(['failed', 'retry', '--all'])).toMatchObject({ code: 0 });
});

it('a deduplication key whose job is gone silences nobody for longer than a sweep', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 4, test);
  const admin = new Redis(redis.url);
  test.onTestFinished(() => void admin.disconnect());
  for (const { id } of planned) await admin.set(`{${world.env.QUEUE_PREFIX}}:reviews:de:${id}`, 'gone');
  const [receiver] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await deliver(planned, () => receiver.at, chance);
  await judge(test.task.name, world, planned, last, () => receiver.at, planned.length);
});
