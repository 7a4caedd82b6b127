import { describe, expect, it } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { about, changes, closed, openProcessWorld } from './world.ts';

describe.each(onePlace('postgres'))('DRY_RUN=true, on $name', (place) => {
  it('nothing is ever written, the log says what would be done, and it is done once dry run ends', async (test) => {
    const world = await openProcessWorld(place, { DRY_RUN: 'true' }, {}, test);
    const { incidentIo } = world;
    const incident = world.incident(['dry/run#1', 'dry/run#2']);
    const service = await world.serve();
    await service.logged('first sync finished');
    await service.logged('nothing is written to incident.io');
    await service.github({ issue: 'dry/run#1', action: 'closed' });
    await service.github({ issue: 'dry/run#2', action: 'closed', reason: 'not_planned' });
    await service.logged(about(incident, 'close, dry run: it would be moved to Closed now'));
    const check = async () => {
      const { stdout } = await world.run(['check', incident.reference, '--json'], { LOG_LEVEL: 'info' });
      return JSON.parse(stdout);
    };
    expect(await check()).toMatchObject({ verdict: 'close' });
    await world.run(['sweep'], { LOG_LEVEL: 'info' });
    expect(await check()).toMatchObject({ verdict: 'close' });
    service.signal('SIGTERM');
    await service.ended();
    expect(incidentIo.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(incidentIo.requests.length).toBeGreaterThan(0);

    const real = await world.serve('start', { DRY_RUN: 'false' });
    await real.github({ issue: 'dry/run#1', action: 'closed' });
    await closed(world, incident);
    expect(changes(world, incident)).toEqual(['closed']);
    expect(incident.followUps.map((id) => incidentIo.followUp(id).status)).toEqual([
      'completed',
      'not_doing',
    ]);
  });
});
