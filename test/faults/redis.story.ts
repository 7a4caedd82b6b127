import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { closed, readyz } from '../processes/world.ts';
import { proxyTo } from '../queue/proxy.ts';
import { between, LONG } from './chance.ts';
import { deliver, judge } from './load.ts';
import { ownRedis, refusedInTime, SAFE, stageOn } from './stage.ts';

it('Redis is killed and started again, under load', async (test) => {
  const times = LONG ? 20 : 3;
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 10 * times, test);
  const [receiver] = await Promise.all([world.serve('receive'), world.serve('work')]);
  const load = deliver(planned, () => receiver.at, chance, { pause: 200, reopenIn: world });
  for (let n = 0; n < times; n++) {
    await sleep(between(chance, 200, 800));
    await redis.kill();
    await refusedInTime(receiver.at);
    await readyz(receiver.at, { status: 503 });
    await redis.start(...SAFE);
    await readyz(receiver.at, { status: 200 });
  }
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it('Redis loses its last second: incident.io and a sweep make it good', async (test) => {
  const { redis, folder, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 12, test);
  const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await worker.logged('first sync finished');
  const early = planned.slice(0, 6);
  await deliver(early, () => receiver.at, chance, { reopenIn: world });
  for (const incident of early.filter(({ open }) => open.length === 0)) await closed(world, incident);

  // Nothing of what comes now reaches the copy; the workers do not take it up either.
  await worker.kill();
  await redis.kill();
  const kept = `${folder}-kept`;
  cpSync(folder, kept, { recursive: true });
  await redis.start(...SAFE);
  await readyz(receiver.at, { status: 200 });
  const lost = planned.slice(6);
  await deliver(lost, () => receiver.at, chance);
  await redis.kill();
  rmSync(join(folder, 'appendonlydir'), { recursive: true });
  cpSync(join(kept, 'appendonlydir'), join(folder, 'appendonlydir'), { recursive: true });
  await redis.start(...SAFE);
  await readyz(receiver.at, { status: 200 });
  await world.serve('work');
  // Its own sync with the trackers, which lost nothing.
  for (const incident of lost)
    for (const [n, id] of incident.followUps.entries())
      if (n < incident.issues.length) world.incidentIo.setFollowUp(id, 'completed');
  await judge(test.task.name, world, planned, last, () => receiver.at, 1);
});

it('Redis is slow: it hangs for seconds, again and again', async (test) => {
  const times = LONG ? 20 : 3;
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 8 * times, test);
  const [receiver] = await Promise.all([world.serve('receive'), world.serve('work')]);
  const load = deliver(planned, () => receiver.at, chance, { pause: 100, reopenIn: world });
  for (let n = 0; n < times; n++) {
    redis.signal('SIGSTOP');
    // Every second time too short for a refusal: what was sent meanwhile is taken late.
    if (n % 2 === 1) await sleep(1_500);
    else await Promise.all([refusedInTime(receiver.at), readyz(receiver.at, { status: 503 })]);
    redis.signal('SIGCONT');
    await readyz(receiver.at, { status: 200 });
    await sleep(between(chance, 200, 600));
  }
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it('connections to Redis are open on our side only', async (test) => {
  const { redis, place } = await ownRedis(test);
  const line = await proxyTo('127.0.0.1', redis.port);
  test.onTestFinished(() => line.close());
  const through = { ...place, url: `redis://127.0.0.1:${line.port}` };
  const { world, planned, last, chance } = await stageOn(through, test.task.name, 12, test);
  const [receiver] = await Promise.all([world.serve('receive'), world.serve('work')]);
  const load = deliver(planned, () => receiver.at, chance, { pause: 200, reopenIn: world });
  await sleep(400);
  line.freeze();
  await Promise.all([refusedInTime(receiver.at), readyz(receiver.at, { status: 503 })]);
  await readyz(receiver.at, { status: 200 });
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, 1);
});

it('Redis is out of memory', async (test) => {
  const { redis, place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 20, test);
  const [receiver, worker] = await Promise.all([world.serve('receive'), world.serve('work')]);
  await worker.logged('first sync finished');
  const admin = new Redis(redis.url);
  test.onTestFinished(() => void admin.disconnect());
  const load = deliver(planned, () => receiver.at, chance, { pause: 50, reopenIn: world });
  await sleep(300);
  await admin.config('SET', 'maxmemory', '1mb');
  await readyz(receiver.at, {
    status: 503,
    body: { problems: [expect.stringContaining('cannot take jobs')] },
  });
  await refusedInTime(receiver.at);
  await sleep(1_000);
  await admin.config('SET', 'maxmemory', '0');
  await readyz(receiver.at, { status: 200 });
  await load;
  await judge(test.task.name, world, planned, last, () => receiver.at, 1);
});
