import { expect, it } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { closed, openProcessWorld } from './world.ts';

it('`history INC-1` tells through the running service what happened, and `history erase` takes a name out of it', async (test) => {
  const [place] = onePlace('embedded');
  if (place === undefined) return;
  const world = await openProcessWorld(place, {}, {}, test);
  const incident = world.incident(['history/api#1']);
  const service = await world.serve();
  await service.logged('first sync finished');
  await service.github({ issue: 'history/api#1', action: 'closed', delivery: 'delivery-of-1' });
  await closed(world, incident);
  await service.logged(/is confirmed: moved to closed/);

  const told = await world.run(['history', incident.reference]);
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toContain('closed by incident-closer');
  expect(told.stdout).toContain('history/api#1 is done (octocat) (delivery delivery-of-1)');
  const erased = await world.run(['history', 'erase', '--person', 'Octocat']);
  expect(erased).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The name was erased: stories 1/) });
  const { stdout } = await world.run(['history', incident.reference, '--json']);
  expect(stdout).not.toContain('octocat');
  expect(JSON.parse(stdout)).toMatchObject({ incident: incident.reference, dropped: 0 });
  expect((await world.run(['history', '--json'])).stdout).not.toContain('octocat');
  expect(await world.run(['history', 'INC-999'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('INC-999 is not known here'),
  });
});
