import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { minutes } from '../support/make.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

describe('a follow-up of which a webhook told before any sync had read it', () => {
  let world: MemoryWorld;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.sync();
  });
  afterEach(() => world.close());

  /** incident.io's own webhook about a follow-up, with the status that it had then. */
  const told = async (incident: string, followUp: string, status: string, updatedAt: number) => {
    const { store, clock, log, backend } = world.context;
    const event = {
      ...{ source: 'incident-io', incident, followUp, status: { name: status, updatedAt } },
      ...{ wantsSync: true, delivery: `delivery ${updatedAt}`, receivedAt: clock.now() },
    };
    const nobody = { findIncident: async () => undefined, readTasks: async () => [] };
    const deps = { store, waker: backend.waker, clock, log, ...nobody };
    await recordEvents(asBatch({ incidents: [event] }), { begunBefore: false }, deps);
  };
  const completedAndSetBack = async () => {
    const { id, followUps } = await world.incident(['early/task#1']);
    const [followUp = ''] = followUps;
    world.later(1_000);
    const { updatedAt } = world.incidentIo.setFollowUp(followUp, 'completed');
    world.later(1_000);
    world.incidentIo.setFollowUp(followUp, 'outstanding');
    return { id, followUp, updatedAt };
  };

  it('stays set back if somebody did that until then, whatever its task says', async () => {
    const { id, followUp, updatedAt } = await completedAndSetBack();
    await told(id, followUp, 'completed', updatedAt);
    await world.sync();
    await world.told('early/task#1', { occurredAt: updatedAt - minutes(5) });
    await world.reviewed();
    expect(world.incidentIo.followUp(followUp).status).toBe('outstanding');
    expect((await world.store.outcomes.get(id))?.blockers).toEqual([
      expect.objectContaining({ why: expect.stringContaining('it was done in incident.io') }),
    ]);
    expect((await world.store.tables.names()).ranks).not.toContain('reported-early');
  });

  it('was set by nobody if all that was told is that it was outstanding', async () => {
    const { id, followUp, updatedAt } = await completedAndSetBack();
    await told(id, followUp, 'outstanding', updatedAt - 1_000);
    await world.sync();
    await world.told('early/task#1');
    await world.reviewed();
    expect(world.incidentIo.followUp(followUp).status).toBe('completed');
  });

  const reportedEarly = async () => {
    const range = { min: -Infinity, max: Infinity, limit: 9 };
    const left = await world.store.tables.ranked('reported-early', range);
    return left.map(({ member }) => member);
  };

  it('is forgotten once no list has shown it for a day', async () => {
    const { id } = await world.incident([]);
    await told(id, '01OFASTREAM', 'completed', world.clock.time);
    world.later(minutes(24 * 60));
    await world.sync();
    await told(id, '01ANOTHER', 'completed', world.clock.time);
    expect(await reportedEarly()).toEqual(['01ANOTHER']);
  });

  it('is kept for as long as no list can be read', async () => {
    const { id } = await world.incident([]);
    await told(id, '01FOLLOWUP', 'completed', world.clock.time);
    world.later(minutes(7 * 24 * 60));
    await told(id, '01ANOTHER', 'completed', world.clock.time);
    expect(await reportedEarly()).toEqual(['01FOLLOWUP', '01ANOTHER']);
  });
});
