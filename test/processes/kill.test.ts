import { describe, expect, it } from 'vitest';
import type { Misbehaviour } from '../../src/simulator/misbehaviour.ts';
import { placesInTime } from '../support/backends.ts';
import { changes, closed, edits, openProcessWorld, SOON } from './world.ts';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';
const edit = (rule: Omit<Misbehaviour, 'route'>): Misbehaviour => ({ route: EDIT, ...rule });

// On Redis and the embedded store the stories of faults kill as well, and more often.
describe.each(placesInTime('redis'))('SIGKILL and a restart, on $name', (place) => {
  it('right after a 202: what was accepted closes the incident, once', async (test) => {
    const world = await openProcessWorld(place, SOON, {}, test);
    const incident = world.incident(['kill/accepted#1', 'kill/accepted#2']);
    const first = await world.serve();
    await first.logged('first sync finished');
    await first.github({ issue: 'kill/accepted#1', action: 'closed' });
    await first.github({ issue: 'kill/accepted#2', action: 'closed' });
    await first.kill();
    await world.serve();
    await closed(world, incident);
    expect(changes(world, incident)).toEqual(['closed']);
    expect(written(incident.followUps)).toEqual(incident.followUps.map(() => ['completed']));

    function written(followUps: string[]): string[][] {
      return followUps.map((id) =>
        world.incidentIo.effects.filter((effect) => effect.id === id).map(({ to }) => to),
      );
    }
  });

  it.for([
    ['that never takes effect', edit({ fault: { kind: 'hang' } }), 2, 'had not taken effect'],
    ['that has taken effect', edit({ fault: { kind: 'hang' }, when: 'after' }), 1, 'had taken effect'],
    // It may come before or after the next process looks, and is harmless in both cases.
    ['that takes effect later', edit({ fault: { kind: 'delay', ms: 1_500 } }), 2, 'taken effect'],
  ] as const)(
    'during an edit %s: the incident is closed once, and nobody is fought',
    async ([, rule, most, words], test) => {
      const world = await openProcessWorld(place, SOON, {}, test);
      const { incidentIo } = world;
      const incident = world.incident(['kill/edit#1']);
      const other = world.incident(['kill/edit#2']);
      const first = await world.serve();
      incidentIo.misbehave(rule);
      await first.github({ issue: 'kill/edit#1', action: 'closed' });
      await expect.poll(() => edits(world, incident)).toBe(1);
      await first.kill();

      const second = await world.serve();
      await second.logged(new RegExp(`an edit whose end was unknown .*${words}`));
      await closed(world, incident);
      // A repeated webhook and another incident show that nothing is left to do.
      await second.github({ issue: 'kill/edit#1', action: 'closed' });
      await second.github({ issue: 'kill/edit#2', action: 'closed' });
      await closed(world, other);
      expect(changes(world, incident)).toEqual(['closed']);
      expect(edits(world, incident)).toBeLessThanOrEqual(most);
      expect(await check(incident.reference)).toMatchObject({ verdict: 'leave', reason: 'already-closed' });

      async function check(reference: string): Promise<unknown> {
        const { stdout } = await world.run(['check', reference, '--json'], { LOG_LEVEL: 'info' });
        return JSON.parse(stdout);
      }
    },
  );

  it('of a process that settles an unknown edit: a person who then reopens the incident is not fought', async (test) => {
    const world = await openProcessWorld(place, SOON, {}, test);
    const { incidentIo } = world;
    const incident = world.incident(['kill/person#1']);
    const first = await world.serve();
    incidentIo.misbehave(edit({ fault: { kind: 'hang' }, when: 'after' }));
    await first.github({ issue: 'kill/person#1', action: 'closed' });
    await closed(world, incident);
    await first.kill();
    incidentIo.moveIncident(incident.id, 'learning');

    const second = await world.serve();
    await second.logged('an edit whose end was unknown had taken effect');
    await second.logged(/: leave, it was (moved back|closed)/);
    expect(changes(world, incident)).toEqual(['closed', 'learning']);
    expect(edits(world, incident)).toBe(1);
  });
});
