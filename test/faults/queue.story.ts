import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { type QueueName, queueNames } from '../../src/queue/options.ts';
import type { ProcessWorld } from '../processes/world.ts';
import type { PrivateRedis } from '../queue/private-redis.ts';
import { closings, deliver, judge, type Planned, untilAccepted } from './load.ts';
import { byHand, ownRedis, stageOn } from './stage.ts';

const BATCH = /^This job holds no batch of events: /;
const EVENT = /^This task event cannot be used: /;
const NOTHING = /^This job holds nothing that can be used/;

/** What somebody may have written by hand: JSON, but nothing that we would write. */
const NO_WAKE = ['text', [], null, {}, { incident: 7 }, { incident: '' }];
const POISON: Record<QueueName, { data: unknown; why: RegExp; jobs?: string[] }[]> = {
  events: [
    ...['text', [], null, { tasks: 'many' }].map((data) => ({ data, why: BATCH })),
    { data: { tasks: [{ task: 7 }] }, why: EVENT },
    // Each gets a job of its own.
    { data: { tasks: [{ task: 7 }, {}] }, why: EVENT, jobs: ['-bad-part-0', '-bad-part-1'] },
  ],
  reviews: NO_WAKE.map((data) => ({ data, why: NOTHING })),
  timers: NO_WAKE.map((data) => ({ data, why: NOTHING })),
};
const poisons = queueNames.flatMap((queue) => POISON[queue].map((poison) => ({ queue, ...poison })));

it('poison in the queue stops nothing else, and what failed for good says why', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 12, test);
  const { queues, connection, keyOf } = queuesOf(world, redis, test);
  const receiver = await world.serve('receive');
  let worker = await world.serve('work');
  await worker.logged('first sync finished');

  // Before all that is good.
  await worker.kill();
  const expected: object[] = [];
  for (const { queue, data, why, jobs = [''] } of poisons) {
    const { id } = await queues[queue].add('by hand', data);
    // Of timers none is kept.
    if (queue !== 'timers')
      for (const job of jobs)
        expected.push({ id: `${queue}/${id}${job}`, queue, why: expect.stringMatching(why) });
  }
  worker = await world.serve('work');
  const some = planned.slice(0, 6);
  await deliver(some, () => receiver.at, chance, { reopenIn: world });
  for (const incident of some.filter(({ open }) => open.length === 0))
    await expect.poll(() => closings(world, incident).length).toBe(1);
  await expect.poll(async () => (await failedOf(world)).length).toBe(expected.length);
  const listed = (await failedOf(world)).map(({ id, queue, why }) => ({ id, queue, why }));
  expect(listed).toEqual(expect.arrayContaining(expected));
  // What names no incident stays, and keeps none of the others there: they fail anew.
  const useless = listed.filter(({ queue }) => queue === 'reviews').map(({ id }) => id);
  expect(await world.run(['failed', 'retry', useless[0] ?? ''])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/names no incident, so there is nothing to try again\.$/),
  });
  expect(await world.run(['failed', 'retry', '--all'])).toMatchObject({ code: 0 });
  await expect.poll(async () => (await failedOf(world)).length).toBe(expected.length);
  expect((await failedOf(world)).map(({ id }) => id)).toEqual(expect.arrayContaining(useless));

  // What is not even JSON, before all that is good.
  await worker.kill();
  for (const queue of queueNames) {
    const { id } = await queues[queue].add('by hand', {});
    await connection.hset(keyOf(queue, id ?? ''), 'data', 'not json');
  }
  await world.serve('work');
  await deliver(planned.slice(6), () => receiver.at, chance, { reopenIn: world });
  await judge(test.task.name, world, planned, last, () => receiver.at, poisons.length + queueNames.length);
});

it('what failed for good is listed, and brought back by `failed retry` alone', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, 4, test, { SWEEP_EVERY: '1h' });
  const { queues, connection, keyOf } = queuesOf(world, redis, test);
  const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await worker.logged('swept');
  const [one, other, later] = planned;
  if (!(one && other && later)) throw new RangeError('some are missing');

  const end = world.incidentIo.misbehave({ fault: { kind: 'status', status: 500 }, times: 1_000_000 });
  await close(one);
  await close(other);
  await expect
    .poll(async () => {
      const left = await skipTries();
      const incidents = new Set((await failedOf(world)).map(({ incident }) => incident));
      return { left, incidents };
    })
    .toEqual({ left: 0, incidents: new Set([one.reference, other.reference]) });
  const failed = await failedOf(world);
  for (const { why } of failed) expect(why).toMatch(/^Could not .+ \((GET|POST|PUT) http/);
  end();

  // All is well again, and nobody but a person remembers them.
  await close(later);
  await expect.poll(() => closings(world, later).length).toBe(1);
  expect([one, other].flatMap((incident) => closings(world, incident))).toEqual([]);
  const id = failed.find(({ incident }) => incident === one.reference)?.id ?? '';
  expect(await world.run(['failed', 'retry', id])).toMatchObject({ code: 0 });
  await expect.poll(() => closings(world, one).length).toBe(1);
  expect(closings(world, other)).toEqual([]);
  expect((await failedOf(world)).map((job) => job.id)).not.toContain(id);
  expect(await world.run(['failed', 'retry', '--all'])).toMatchObject({ code: 0 });
  await judge(test.task.name, world, planned, last, () => receiver.at, 2);
  expect(await failedOf(world)).toEqual([]);
  expect(worker.messages().filter((message) => message === 'swept')).toHaveLength(1);

  async function close(incident: Planned): Promise<void> {
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => receiver.at, { issue, action: 'closed' });
  }

  /** As if the half an hour of tries were over but for the last one, which the worker makes. Answers how many had any left. */
  async function skipTries(): Promise<number> {
    const jobs = await queues.reviews.getJobs(['waiting', 'prioritized', 'active', 'delayed']);
    for (const { id, opts } of jobs)
      await connection.hset(keyOf('reviews', id ?? ''), 'atm', (opts.attempts ?? 0) - 1);
    return jobs.length;
  }
});

it('a deduplication key whose job is gone silences nobody for longer than a sweep', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 8, test, {
    SWEEP_EVERY: '1h',
  });
  const { connection, keyOf } = queuesOf(world, redis, test);
  const due = planned.filter(({ open }) => open.length === 0);
  const [noTrace, inNoList] = [due.slice(0, due.length / 2), due.slice(due.length / 2)];
  for (const { id } of due) await connection.set(keyOf('reviews', `de:${id}`), `gone-${id}`);
  // BullMQ itself notices that a job left no trace. One that is in no list of its queue is noticed by our sweep alone.
  for (const { id } of inNoList)
    await connection.hset(keyOf('reviews', `gone-${id}`), {
      name: 'review',
      data: JSON.stringify({ incident: id, why: 'gone' }),
      opts: '{}',
    });
  const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await worker.logged('swept');
  await deliver(planned, () => receiver.at, chance);
  for (const incident of noTrace) await expect.poll(() => closings(world, incident).length).toBe(1);
  expect(inNoList.flatMap((incident) => closings(world, incident))).toEqual([]);
  await byHand(world, 'sweep');
  await judge(test.task.name, world, planned, last, () => receiver.at, due.length);
});

/** The queues of a world, as somebody with access to its Redis reaches them. */
function queuesOf(world: ProcessWorld, redis: PrivateRedis, test: Pick<TestContext, 'onTestFinished'>) {
  const connection = new Redis(redis.url);
  const prefix = `{${world.env.QUEUE_PREFIX}}`;
  const open = (name: QueueName) => new Queue(name, { connection, prefix });
  const queues = { events: open('events'), reviews: open('reviews'), timers: open('timers') };
  test.onTestFinished(async () => {
    for (const name of queueNames) await queues[name].close();
    connection.disconnect();
  });
  return { queues, connection, keyOf: (queue: QueueName, key: string) => `${prefix}:${queue}:${key}` };
}

const failedJobs = z.array(
  z.object({ id: z.string(), queue: z.string(), incident: z.string().optional(), why: z.string() }),
);

async function failedOf(world: ProcessWorld): Promise<z.infer<typeof failedJobs>> {
  return failedJobs.parse(JSON.parse((await world.run(['failed', 'list', '--json'])).stdout));
}
