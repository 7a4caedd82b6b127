import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder, freshPlaceLike, placesInTime } from '../support/backends.ts';
import { runProcess } from '../support/process.ts';
import { openProcessWorld } from './world.ts';

describe.each(placesInTime('embedded'))('where no service has run, on $name', (like) => {
  it('a command makes no store, says where there is none and what to do, and ends with 1', async (test) => {
    const place = freshPlaceLike(like);
    // The default is a folder, in which nothing is.
    const none = place.name === 'embedded' ? freshFolder('none-') : undefined;
    const world = await openProcessWorld(place, none === undefined ? {} : { QUEUE_URL: none }, {}, test);
    const { reference } = world.incident(['acme/api#1']);
    const all = [
      ['hold', reference, '--why', 'not yet'],
      ['sweep', '--backlog'],
      ['release', reference],
      ['sweep'],
      ['history'],
      ['failed'],
      ['secret', 'asana', '--show'],
    ];
    // All of them open it alike: every command is tried where the default is a folder, which is easily another one.
    for (const args of place.name === 'embedded' ? all : all.slice(0, 2)) {
      const { code, stdout, stderr } = await world.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
      expect(stderr).toMatch(/^There is no store /m);
      expect(stderr).toContain('start the service first');
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    // What needs none works all the same, and makes none either.
    for (const args of [['config'], ['secret', 'github'], ['check', '--all'], ['doctor']])
      expect({ args, code: (await world.run(args)).code }).toEqual({ args, code: 0 });
    expect((await world.run(['history'])).code).toBe(1);
    if (none !== undefined) expect(readdirSync(none)).toEqual([]);
  });

  it('`check` says what it cannot know, and never plainly that it would close', async (test) => {
    const place = freshPlaceLike(like);
    const world = await openProcessWorld(place, { SETTLE_TIME: '0s' }, {}, test);
    const incident = world.incident(['acme/api#1']);
    const [followUp = ''] = incident.followUps;
    world.incidentIo.setFollowUp(followUp, 'completed');
    const { code, stdout } = await world.run(['check', incident.reference, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'leave',
      reason: 'backlog',
      unknown: expect.stringMatching(
        /^There is no store .* holds, releases, the backlog and what webhooks told are not known/,
      ),
    });
    expect((await world.run(['check', incident.reference])).stdout).toContain('There is no store');
    expect((await world.run(['check', '--all'])).stdout).toContain('There is no store');
  });

  it('a hold is kept once a service has run', async (test) => {
    const place = freshPlaceLike(like);
    const world = await openProcessWorld(place, {}, {}, test);
    const { reference, followUps } = world.incident(['acme/api#1']);
    for (const id of followUps) world.incidentIo.setFollowUp(id, 'completed');
    const service = await world.serve();
    await service.logged('first sync finished');
    service.signal('SIGTERM');
    await service.ended();
    expect(await world.run(['hold', reference, '--why', 'not yet'])).toMatchObject({ code: 0 });
    expect((await world.run(['check', reference])).stdout).toContain('not yet');
  });
});

it('a folder that is not there is named absolutely, and not made', async () => {
  const folder = freshFolder();
  const path = join(folder, 'store');
  const { code, stderr } = await runProcess(['history'], { QUEUE_URL: relative(process.cwd(), path) });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(`no store in ${path}:`) });
  expect(readdirSync(folder)).toEqual([]);
});
