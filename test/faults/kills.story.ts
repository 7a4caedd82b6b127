import { expect, it } from 'vitest';
import { sleep } from '../../src/sleep.ts';
import { edits, type Served, type Serving } from '../processes/world.ts';
import { between, LONG, pick } from './chance.ts';
import { closings, deliver, judge, untilAccepted } from './load.ts';
import { ownRedis, placeOn, stageOn } from './stage.ts';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';

it('the receiver is killed right after each 202', async (test) => {
  const times = LONG ? 50 : 6;
  const { place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, times, test);
  await world.serve('work');
  let receiver = await world.serve('receive');
  for (const incident of planned) {
    if (incident.open.length === 0) incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => receiver.at, { issue, action: 'closed' });
    await receiver.kill();
    receiver = await world.serve('receive');
  }
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it.for([
  ['before the edit reaches incident.io', { fault: { kind: 'hang' } }],
  ['after incident.io took the edit, before its answer', { fault: { kind: 'hang' }, when: 'after' }],
  ['during an edit that takes effect later', { fault: { kind: 'delay', ms: 1_500 } }],
] as const)('the worker is killed %s', async ([, rule], test) => {
  const times = LONG ? 10 : 2;
  const { place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, 4 * times, test);
  const receiver = await world.serve('receive');
  let worker = await world.serve('work');
  const due = planned.filter(({ open }) => open.length === 0);
  for (const incident of due.slice(0, times)) {
    const end = world.incidentIo.misbehave({ route: EDIT, ...rule, times: 1_000 });
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => receiver.at, { issue, action: 'closed' });
    await expect.poll(() => edits(world, incident)).toBeGreaterThan(0);
    await worker.kill();
    end();
    worker = await world.serve('work');
  }
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it('the worker is killed right after an edit', async (test) => {
  const times = LONG ? 20 : 3;
  const { place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, 2 * times, test);
  const receiver = await world.serve('receive');
  let worker = await world.serve('work');
  for (const incident of planned.filter(({ open }) => open.length === 0).slice(0, times)) {
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => receiver.at, { issue, action: 'closed' });
    await expect.poll(() => closings(world, incident).length, { interval: 1 }).toBe(1);
    await worker.kill();
    worker = await world.serve('work');
  }
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it('the process on the embedded store is killed again and again, under load', async (test) => {
  const times = LONG ? 40 : 5;
  const { world, planned, last, chance } = await stageOn(
    placeOn('embedded'),
    test.task.name,
    6 * times,
    test,
  );
  let service = await world.serve();
  await deliver(planned, () => service.at, chance, {
    ...{ atOnce: 2, pause: 150, reopenIn: world },
    trouble: {
      times,
      async make(left) {
        await sleep(between(chance, 0, 150));
        await service.kill();
        expect(left(), 'deliveries that are not taken at the kill').toBeGreaterThan(0);
        service = await world.serve();
      },
    },
  });
  await judge(test.task.name, world, planned, last, () => service.at, times);
});

it('receivers and workers on Redis are killed at random, under load', async (test) => {
  const times = LONG ? 200 : 20;
  const { place } = await ownRedis(test);
  const { world, planned, last, chance } = await stageOn(place, test.task.name, 3 * times, test);
  const commands: Serving[] = ['receive', 'receive', 'work', 'work'];
  const processes: Served[] = await Promise.all(commands.map((command) => world.serve(command)));
  const receiver = () => pick(processes.slice(0, 2), chance).at;
  await deliver(planned, receiver, chance, {
    ...{ atOnce: 2, pause: 120, reopenIn: world },
    trouble: {
      times,
      async make(left) {
        await sleep(between(chance, 0, 150));
        const at = between(chance, 0, commands.length - 1);
        await processes[at]?.kill();
        expect(left(), 'deliveries that are not taken at the kill').toBeGreaterThan(0);
        processes[at] = await world.serve(commands[at]);
      },
    },
  });
  await judge(test.task.name, world, planned, last, receiver, times);
});
