import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ALL_ROLES } from '../../src/simulator/simulator.ts';
import { onePlace, queuePlaces } from '../support/backends.ts';
import type { Result } from '../support/process.ts';
import { about, changes, get, openProcessWorld } from './world.ts';

const KEY = 'incident-closer';
const checked = z.looseObject({ reason: z.string(), verdict: z.string() });

// Commands ask the embedded folder's service, and look into all other stores themselves.
const places = queuePlaces().filter(({ name }) => name !== 'postgres');

describe.each(places.length > 0 ? places : queuePlaces())('DRY_RUN=true, on $name', (place) => {
  it('a key that may read is enough, nothing is used up, and the first real start lists what it is about to close', async (test) => {
    const world = await openProcessWorld(
      place,
      { DRY_RUN: 'true', LOG_LEVEL: 'info' },
      { key: { name: KEY, roles: ['viewer'] } },
      test,
    );
    const { incidentIo } = world;
    const incident = world.incident(['dry/run#1', 'dry/run#2']);
    const held = world.incident(['dry/held#1']);
    const backlog = world.incident(['dry/backlog#1']);
    for (const id of backlog.followUps) incidentIo.setFollowUp(id, 'completed');
    // A command's own settings do not count: the service that has the store is the dry run.
    const run = (...args: string[]) => world.run(args, { DRY_RUN: 'false' });
    const check = async ({ reference }: { reference: string }) =>
      checked.parse(JSON.parse((await run('check', reference, '--json')).stdout));
    const says = ({ code, stdout }: Result) => {
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('This is a dry run') });
      return stdout;
    };

    const service = await world.serve();
    await service.logged('first sync finished');
    await service.logged('nothing is written to incident.io');
    await service.github({ issue: 'dry/run#1', action: 'closed' });
    await service.github({ issue: 'dry/run#2', action: 'closed', reason: 'not_planned' });
    await service.github({ issue: 'dry/held#1', action: 'closed' });
    await service.logged(about(incident, 'close, dry run: it would be moved to Closed now'));
    await service.logged(about(held, 'close, dry run'));
    expect(await check(incident)).toMatchObject({
      verdict: 'close',
      dryRun: true,
      words: expect.stringContaining(
        'the API key still needs incident_editor and post_incident_flow_opt_out',
      ),
    });
    const doctor = await run('doctor');
    expect(doctor).toMatchObject({ code: 0 });
    expect(doctor.stdout).toMatch(
      /lacks the roles incident_editor and post_incident_flow_opt_out: .*writing will/,
    );
    expect(says(await run('hold', held.reference, '--why', 'not yet'))).toContain(
      'counts from the first real start',
    );
    expect(says(await run('sweep', '--backlog'))).toContain('1 incidents are backlog, and stay so');
    says(await run('release', backlog.reference));
    says(await run('release', held.reference));
    says(await run('check', '--all'));
    service.signal('SIGTERM');
    await service.ended();
    expect(incidentIo.requests.filter(({ method }) => method !== 'GET')).toEqual([]);

    incidentIo.setRoles(KEY, [...ALL_ROLES]);
    const real = await world.serve('start', { DRY_RUN: 'false' });
    const list = await real.logged('these are about to be closed');
    expect(list).toContain(`(1 of 1 incident): ${incident.reference}.`);
    expect(await check(incident)).toMatchObject({ verdict: 'wait', reason: 'settling' });
    expect(await check(held)).toMatchObject({ verdict: 'leave', reason: 'held' });
    expect(await check(backlog)).toMatchObject({ verdict: 'leave', reason: 'backlog' });
    expect(await get(`${real.at}/api/board`)).toMatchObject({
      body: { dryRun: 'none', groups: { soon: { all: 1 }, held: { all: 1 }, backlog: { all: 1 } } },
    });
    expect(await (await request(`${real.at}/api/board`)).body.text()).not.toContain('dry run:');
    for (const one of [incident, held, backlog]) expect(changes(world, one)).toEqual([]);
  });
});

describe.each(onePlace('redis'))('between two starts, on $name', (place) => {
  it('other settings are acted upon at once, and a restart with the same looks at nothing anew', async (test) => {
    const world = await openProcessWorld(place, { SETTLE_TIME: '1h' }, {}, test);
    const incident = world.incident(['dry/change#1']);
    const first = await world.serve();
    await first.logged('first sync finished');
    await first.github({ issue: 'dry/change#1', action: 'closed' });
    await first.logged(about(incident, 'wait, .* settles until'));
    await first.logged('swept');
    first.signal('SIGTERM');
    await first.ended();

    const same = await world.serve();
    await same.logged('the API key works');
    same.signal('SIGTERM');
    await same.ended();
    expect(same.messages()).not.toContain('swept');

    const other = await world.serve('start', { MIN_FOLLOW_UPS: '2' });
    await other.logged(about(incident, 'leave, it has 1 follow-up'));
    await other.kill();
  });
});
