import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { about } from '../processes/world.ts';
import { shuffled } from './chance.ts';
import { closings, judge, type Planned, untilAccepted } from './load.ts';
import { byHand, ownRedis, placeOn, stageOn } from './stage.ts';

const DAY = 86_400_000;

it('deliveries come a hundred times, late, out of order, from the future and without a time', async (test) => {
  const { world, planned, last, chance } = await stageOn(placeOn('redis'), test.task.name, 8, test);
  const service = await world.serve();
  await service.logged('first sync finished');
  const to = () => service.at;
  const due = planned.filter(({ open }) => open.length === 0);
  for (const incident of due) incident.dueSince = Date.now();
  const send: (() => Promise<void>)[] = [];
  for (const [n, incident] of planned.entries())
    for (const issue of incident.issues) {
      const now = Date.now();
      // Closed and opened again a day ago, closed again now or, by a wrong clock, next month: the newest word counts,
      // whenever it comes.
      const history = [
        { issue, action: 'closed', at: now - DAY },
        { issue, action: 'reopened', at: now - DAY + 60_000 },
        { issue, action: 'closed', at: n % 2 === 0 ? now : now + 30 * DAY },
      ] as const;
      for (const webhook of history) {
        const same = { ...webhook, delivery: randomUUID() };
        for (let copy = 0; copy < (n === 0 ? 100 : 3); copy++) send.push(() => untilAccepted(to, same));
      }
    }
  const mixed = shuffled(send, chance);
  for (let start = 0; start < mixed.length; start += 16)
    await Promise.all(mixed.slice(start, start + 16).map((one) => one()));
  await judge(test.task.name, world, planned, last, to, send.length);
});

it('closed and opened within one second: what blocks counts', async (test) => {
  const { world, planned, last } = await stageOn(placeOn('redis'), test.task.name, 4, test);
  const service = await world.serve();
  await service.logged('first sync finished');
  const second = Math.floor(Date.now() / 1_000) * 1_000;
  for (const [n, { issues }] of planned.entries())
    for (const issue of issues)
      for (const action of n % 2 === 0
        ? (['closed', 'reopened'] as const)
        : (['reopened', 'closed'] as const))
        await untilAccepted(() => service.at, { issue, action, at: second });
  await judge(test.task.name, world, planned, last, () => service.at, planned.length);
});

it('ten thousand events for one incident, at two receivers', async (test) => {
  const times = 10_000;
  const { place } = await ownRedis(test);
  const { world, planned, last } = await stageOn(place, test.task.name, 1, test);
  const [one, two, worker] = await Promise.all([
    world.serve('receive'),
    world.serve('receive'),
    world.serve('work'),
  ]);
  await worker.logged('first sync finished');
  const [incident] = planned;
  const issue = incident?.issues[0] ?? '';
  const from = Date.now() - 2 * times;
  let sent = 0;
  await Promise.all(
    Array.from({ length: 16 }, async (_, lane) => {
      const to = () => (lane % 2 === 0 ? one : two).at;
      while (sent < times) {
        const n = sent++;
        await untilAccepted(to, { issue, action: 'reopened', at: from + 2 * n });
      }
    }),
  );
  if (incident !== undefined) {
    incident.dueSince = Date.now();
    for (const last of incident.issues) await untilAccepted(() => one.at, { issue: last, action: 'closed' });
  }
  await judge(test.task.name, world, planned, last, () => one.at, times);
});

it('all webhooks of an hour are lost: what incident.io can tell is recovered by one sweep', async (test) => {
  const { world, planned, last } = await stageOn(placeOn('embedded'), test.task.name, 12, test, {
    SWEEP_EVERY: '1h',
  });
  const service = await world.serve();
  const sweeps = () => service.messages().filter((message) => message === 'swept').length;
  await service.logged('swept');
  for (const incident of planned) {
    if (incident.open.length === 0) incident.dueSince = Date.now();
    for (const [n, id] of incident.followUps.entries())
      if (n < incident.issues.length) world.incidentIo.setFollowUp(id, 'completed');
  }
  await byHand(world, 'sweep');
  const swept = Date.now();
  const due = planned.filter(({ open }) => open.length === 0);
  await expect.poll(() => due.every((incident) => closings(world, incident).length > 0)).toBe(true);
  // The other way is the sync of a worker that is idle for a minute, which reads what changed in all incidents.
  const syncs = world.incidentIo.requests.filter(
    ({ at, method, path, query }) =>
      at > swept && method === 'GET' && path.endsWith('/follow_ups') && !query.includes('incident_id'),
  );
  expect({ sweeps: sweeps(), syncs }).toEqual({ sweeps: 2, syncs: [] });
  await judge(test.task.name, world, planned, last, () => service.at, planned.length);
});

it('a person moves a closed incident back: it is left alone until something about it changes', async (test) => {
  const { world, planned, last } = await stageOn(placeOn('redis'), test.task.name, 3, test);
  const service = await world.serve();
  await service.logged('first sync finished');
  for (const incident of planned) await close(incident);
  for (const incident of planned) {
    world.incidentIo.moveIncident(incident.id, 'learning');
    // What its trackers said before comes once more.
    for (const issue of incident.issues)
      await untilAccepted(() => service.at, { issue, action: 'closed', at: Date.now() - DAY });
    await byHand(world, 'sweep');
    await service.logged(about(incident, 'leave, it was '));
  }
  await judge(test.task.name, world, planned, last, () => service.at, planned.length);

  async function close(incident: Planned): Promise<void> {
    incident.dueSince = Date.now();
    for (const issue of incident.issues) await untilAccepted(() => service.at, { issue, action: 'closed' });
    await expect.poll(() => closings(world, incident).length).toBe(1);
  }
});
