import { expect, it } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import type { Served } from '../processes/world.ts';
import { between, LONG } from './chance.ts';
import { deliver, judge } from './load.ts';
import { ownRedis, placeOn, SAFE, stageOn } from './stage.ts';

/** What SIGTERM promises: an end with code 0 within 10 s. */
async function stopped(service: Pick<Served, 'signal' | 'ended'>): Promise<void> {
  service.signal('SIGTERM');
  expect(await service.ended(10_000)).toEqual({ code: 0, signal: null });
}

it.for(['embedded', 'redis'] as const)('SIGTERM and a start, under load, on %s', async (name, test) => {
  const times = LONG ? 20 : 3;
  const { world, planned, last, chance } = await stageOn(placeOn(name), test.task.name, 8 * times, test);
  let service = await world.serve();
  await deliver(planned, () => service.at, chance, {
    ...{ atOnce: 2, pause: 120, reopenIn: world },
    trouble: {
      times,
      async make() {
        await sleep(between(chance, 0, 150));
        await stopped(service);
        service = await world.serve();
      },
    },
  });
  await judge(test.task.name, world, planned, last, () => service.at, times);
});

it('SIGTERM while Redis is down', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 10, test);
  let [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  const load = deliver(planned, () => receiver.at, chance, { pause: 100, reopenIn: world });
  await sleep(300);
  await redis.kill();
  await Promise.all([stopped(receiver), stopped(worker)]);
  await redis.start(...SAFE);
  [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, 1);
});

it('a rolling restart of two workers, under load', async (test) => {
  const times = LONG ? 20 : 4;
  const { place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 8 * times, test);
  const receiver = await world.serve('receive');
  const workers = [await world.serve('work'), await world.serve('work')];
  let n = 0;
  await deliver(planned, () => receiver.at, chance, {
    ...{ atOnce: 2, pause: 120, reopenIn: world },
    trouble: {
      times,
      async make() {
        const old = workers[n % 2];
        workers[n++ % 2] = await world.serve('work');
        if (old !== undefined) await stopped(old);
      },
    },
  });
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});
