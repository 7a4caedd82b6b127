import { afterEach, describe, expect, it } from 'vitest';
import { check } from '../../src/operations/check.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import {
  acted,
  closed,
  closedByWantedSync,
  edits,
  followUpFor,
  openWorld,
  type TestWorld,
  verdict,
} from '../support/world.ts';

describe.each(onePlace('embedded'))('it is careful, on $name', (place) => {
  let world: TestWorld;
  const open = async (
    over: Record<string, string>,
    simulator: SimulatorOptions & { before?: (incidentIo: Simulator) => void } = {},
  ) => {
    world = await openWorld(freshPlaceLike(place), over, simulator);
  };
  afterEach(() => world?.close());

  it('a first start closes none of the incidents that are ready, says how many there are, and closes them when asked to, up to the brake', async () => {
    const ready: string[] = [];
    await open(
      { MAX_CLOSES_PER_HOUR: '2' },
      {
        before: (incidentIo) => {
          for (let n = 0; n < 3; n++) {
            const { id } = incidentIo.createIncident({ name: `Ready ${n}` });
            incidentIo.createFollowUp({ incident: id, status: 'completed' });
            ready.push(id);
          }
          incidentIo.createFollowUp({ incident: incidentIo.createIncident({ name: 'Not ready' }).id });
          incidentIo.createIncident({ name: 'Without follow-ups' });
        },
      },
    );
    const shut = () =>
      ready.filter((id) => world.incidentIo.incident(id).status.category === 'closed').length;
    await expect.poll(() => world.logged.join('')).toContain('3 incidents were ready');
    expect(world.logged.join('')).toContain('sweep --backlog');
    await sweepNow({ backlog: false }, world.context());
    const later = await world.incident(['careful/later#1']);
    await world.github({ issue: 'careful/later#1', action: 'closed' });
    await closed(world, later);
    expect(shut()).toBe(0);

    expect((await sweepNow({ backlog: true }, world.context())).backlog).toBe(3);
    // One was closed before, so the brake lets one more through.
    await expect.poll(shut).toBe(1);
    const verdicts = await Promise.all(ready.map((id) => check(id, world.context())));
    expect(verdicts.map(({ reason }) => reason).sort()).toEqual(['already-closed', 'brake', 'brake']);
    expect(shut()).toBe(1);
  });

  it('a task that is reopened while its incident settles stops the closing, and is looked at long before the settle time', async () => {
    await open({ SETTLE_TIME: '1h' });
    const incident = await world.incident(['careful/settle#1']);
    await world.github({ issue: 'careful/settle#1', action: 'closed', at: Date.now() - 9_000 });
    await verdict(world, incident, { verdict: 'wait', reason: 'settling' });
    await world.github({ issue: 'careful/settle#1', action: 'reopened', at: Date.now() - 3_000 });
    await verdict(world, incident, { verdict: 'wait', reason: 'follow-ups' });
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('outstanding');

    await world.github({ issue: 'careful/settle#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'settling' });
    expect(edits(world, incident)).toBe(0);
    await world.restart({ SETTLE_TIME: '0s' });
    await sweepNow({ backlog: false }, world.context());
    await closed(world, incident);
    expect(edits(world, incident)).toBe(1);
  });

  it('it closes where only PATCH and only version 2 of the follow-ups exist', async () => {
    await open({}, { switches: { onlyPatchEdit: true, onlyV2FollowUps: true } });
    const incident = await world.incident(['careful/old#1', 'careful/old#2']);
    await world.github({ issue: 'careful/old#1', action: 'closed' });
    await world.github({ issue: 'careful/old#2', action: 'closed' });
    await closed(world, incident);
    expect(world.incidentIo.effects.filter(({ id }) => id === incident.id)).toHaveLength(1);
    // Said once, however many lists were read.
    expect(world.logged.filter((line) => line.includes('removes on 31 December 2026'))).toHaveLength(1);
  });

  it('a dry run decides and writes nothing', async () => {
    await open({ DRY_RUN: 'true' });
    const incident = await world.incident(['careful/dry#1']);
    await world.github({ issue: 'careful/dry#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'close', words: expect.stringContaining('dry run') });
    expect(world.incidentIo.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(await world.store.closures.get(incident.id)).toBeUndefined();
  });

  it('without SYNC_FOLLOW_UPS the task’s word counts, and no follow-up is written', async () => {
    await open({ SYNC_FOLLOW_UPS: 'false' });
    const incident = await world.incident(['careful/unsynced#1']);
    await world.github({ issue: 'careful/unsynced#1', action: 'closed' });
    await closed(world, incident);
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('outstanding');
  });

  it('an active incident is resolved where that is asked for, and then left to people', async () => {
    await open({ ACTIVE_INCIDENTS: 'resolve' });
    const incident = await world.incident(['careful/active#1'], { status: 'live' });
    await world.github({ issue: 'careful/active#1', action: 'closed' });
    await expect.poll(() => world.incidentIo.incident(incident.id).status.category).toBe('learning');
    await acted(world, incident, 'resolve');
    await sweepNow({ backlog: false }, world.context());
    await verdict(world, incident, { verdict: 'leave', reason: 'resolved-by-us' });
    expect(edits(world, incident)).toBe(1);
  });

  it('a flood of events for tasks that are no follow-ups costs incident.io nothing but the sync at its own pace', async () => {
    await open({});
    // The embedded backend takes about a hundred a second.
    const flood = place.name === 'embedded' ? 300 : 2_000;
    const before = world.incidentIo.requests.length;
    const started = Date.now();
    let sent = 0;
    const sender = async () => {
      while (sent < flood) await world.github({ issue: `careful/other#${++sent}`, action: 'closed' });
    };
    await Promise.all(Array.from({ length: 32 }, sender));
    const incident = world.incidentIo.createIncident({ name: 'After the flood' });
    followUpFor(world.incidentIo, incident.id, `careful/other#${flood}`);
    // The sync that the flood asked for may be over already.
    await world.github({ issue: `careful/other#${flood + 1}`, action: 'closed' });
    await closedByWantedSync(world, { ...incident, followUps: [] });
    const mine = world.incidentIo.requests
      .slice(before)
      .filter(({ path, query }) => !path.includes(incident.id) && !query.includes(incident.id));
    const syncs = mine.filter(({ route }) => route === 'GET /v3/follow_ups').length;
    expect(syncs).toBeLessThanOrEqual(2 + (Date.now() - started) / 4_000);
    expect(mine.filter(({ route }) => route !== 'GET /v3/follow_ups').map(({ route }) => route)).toEqual(
      expect.not.arrayContaining(['GET /v2/incidents/{id}']),
    );
  });
});
