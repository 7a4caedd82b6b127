import { afterEach, describe, expect, it } from 'vitest';
import { incidentsIn } from '../../src/board/incidents.ts';
import { check } from '../../src/operations/check.ts';
import { minutes } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

const UPDATES = 'GET /v2/incident_updates';

/** What is said to close soon is closed then. */
describe('a forecast', () => {
  let world: MemoryWorld;
  const open = async (env: Record<string, string> = {}) => {
    world = await openMemoryWorld({ env });
    await world.sync();
    const incident = await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    await world.told('acme/api#1');
    return incident;
  };
  afterEach(() => world.close());
  const outcome = (id: string) => world.store.outcomes.get(id);
  const look = async (id: string) => {
    world.woken.set(id, 'a test');
    await world.reviewed();
    return outcome(id);
  };
  const soon = async () => (await incidentsIn('soon', 10, world.context)).all;

  it('of closing is never made for an incident that a person moved back, even while it would settle', async () => {
    const { id, reference } = await open();
    await world.reviewed();
    expect(await outcome(id)).toMatchObject({ reason: 'settling' });
    expect(await soon()).toBe(1);
    world.later(minutes(1));
    world.incidentIo.moveIncident(id, 'closed');
    world.incidentIo.moveIncident(id, 'learning');
    expect(await look(id)).toMatchObject({ verdict: 'leave', reason: 'moved-back' });
    expect(await soon()).toBe(0);
    expect(await check(reference, world.context)).toMatchObject({ reason: 'moved-back' });
  });

  it('costs one look into the history when it begins to settle, one when the incident changed, and one at its end', async () => {
    const { id } = await open();
    const calls = () => world.incidentIo.calls(UPDATES);
    await world.reviewed();
    expect(await outcome(id)).toMatchObject({ reason: 'settling' });
    expect(calls()).toBe(1);
    await look(id);
    await look(id);
    expect(calls()).toBe(1);
    world.incidentIo.renameIncident(id, 'Another name');
    await look(id);
    expect(calls()).toBe(2);
    world.later(minutes(6));
    await look(id);
    expect(calls()).toBe(3);
    expect(world.incidentIo.incident(id).status.category).toBe('closed');
  });

  it('is no forecast of the settle time where the incident has to stay in its flow for longer', async () => {
    const { id } = await open({ MIN_TIME_RESOLVED: '1d' });
    await world.reviewed();
    expect(await outcome(id)).toMatchObject({ reason: 'min-time-resolved' });
    expect(await soon()).toBe(0);
  });
});
