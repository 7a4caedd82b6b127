import { expect, it } from 'vitest';
import { about, edits } from '../processes/world.ts';
import { closings, judge, untilAccepted } from './load.ts';
import { ownRedis, placeOn, stageOn } from './stage.ts';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';

it.for([
  ['before incident.io has its edit', { kind: 'hang' }],
  ['while its edit is on its way', { kind: 'delay', ms: 1_000 }],
] as const)('a worker is frozen %s, loses its lock to another one, and goes on', async ([, fault], test) => {
  const times = 2;
  const { place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, 4 * times, test);
  const receiver = await world.serve('receive');
  const due = planned.filter(({ open }) => open.length === 0).slice(0, times);
  let [worker, other] = [await world.serve('work'), await world.serve('work')];
  other.signal('SIGSTOP');
  for (const incident of due) {
    const end = world.incidentIo.misbehave({ route: EDIT, fault, times: 1_000 });
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => receiver.at, { issue, action: 'closed' });
    await expect.poll(() => edits(world, incident)).toBeGreaterThan(0);
    worker.signal('SIGSTOP');
    other.signal('SIGCONT');
    end();
    await other.logged(about(incident, ''));
    expect(closings(world, incident)).toHaveLength(1);
    // Both at once, the one in the middle of what it believes to be its review.
    worker.signal('SIGCONT');
    [worker, other] = [other, worker];
    other.signal('SIGSTOP');
  }
  other.signal('SIGCONT');
  await judge(test.task.name, world, planned, last, () => receiver.at, times);
});

it('a follow-up that is added between the check and the closing is told', async (test) => {
  const { world, planned, last, weather } = await stageOn(placeOn('redis'), test.task.name, 4, test);
  // An edit that fails is decided anew, and then it sees what was added.
  weather.spare(EDIT);
  const service = await world.serve();
  await service.logged('first sync finished');
  world.incidentIo.misbehave({ route: EDIT, fault: { kind: 'delay', ms: 500 }, times: 1_000 });
  const due = planned.filter(({ open }) => open.length === 0);
  for (const incident of due) {
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => service.at, { issue, action: 'closed' });
    await expect.poll(() => edits(world, incident), { interval: 5 }).toBeGreaterThan(0);
    world.incidentIo.createFollowUp({ incident: incident.id, title: 'Tell the customers' });
    await service.logged(`${incident.reference} was closed while`);
  }
  await judge(test.task.name, world, planned, last, () => service.at, due.length);
});
