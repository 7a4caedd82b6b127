import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { release } from '../../src/operations/release.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { freshPlaceLike, placesInTime } from '../support/backends.ts';
import { OPERATOR } from '../support/make.ts';
import { prepared } from '../support/prepared.ts';
import {
  acted,
  closed,
  edits,
  followUpFor,
  lookAgain,
  openWorld,
  type TestWorld,
  verdict,
} from '../support/world.ts';

describe.each(placesInTime('postgres'))('it never fights anybody, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place);
  });
  afterAll(() => world?.close());

  it('an incident that we closed and somebody moved back stays open through repeats, sweeps and restarts, until it is released', async () => {
    const incident = await world.incident(['people/back#1']);
    const webhook = { issue: 'people/back#1', action: 'closed', at: Date.now() } as const;
    await world.github(webhook);
    await closed(world, incident);
    await acted(world, incident, 'close');
    world.incidentIo.moveIncident(incident.id, 'learning');

    await world.github(webhook);
    await sweepNow({ backlog: false }, world.context());
    await verdict(world, incident, { verdict: 'leave', reason: 'moved-back' });
    await world.restart();
    await world.github({ issue: 'people/back#1', action: 'reopened', at: Date.now() - 3_600_000 });
    await sweepNow({ backlog: true }, world.context());
    const other = await world.incident(['people/back#2']);
    await world.github({ issue: 'people/back#2', action: 'closed' });
    await closed(world, other);
    expect(edits(world, incident)).toBe(1);

    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
    expect(edits(world, incident)).toBe(2);
  });

  it('an incident that was closed by hand and moved back is left alone, and closed again once another follow-up is done', async () => {
    const incident = await world.incident(['people/hand#1']);
    world.incidentIo.moveIncident(incident.id, 'closed');
    world.incidentIo.moveIncident(incident.id, 'learning');
    await world.github({ issue: 'people/hand#1', action: 'closed', at: Date.now() - 3_600_000 });
    // Our own write of the follow-up comes after the move: something became done since, so it may be closed.
    await closed(world, incident);
    await acted(world, incident, 'close');

    world.incidentIo.moveIncident(incident.id, 'learning');
    await sweepNow({ backlog: false }, world.context());
    await verdict(world, incident, { verdict: 'leave', reason: 'moved-back' });
    followUpFor(world.incidentIo, incident.id, 'people/hand#2');
    await world.github({ issue: 'people/hand#2', action: 'closed' });
    await lookAgain(world);
    await closed(world, incident);
    expect(edits(world, incident)).toBe(2);
  });

  it('what a lost store knew is read from the incident’s history', async () => {
    const incident = await world.incident(['people/lost#1']);
    await world.github({ issue: 'people/lost#1', action: 'closed' });
    await closed(world, incident);
    await acted(world, incident, 'close');
    world.incidentIo.moveIncident(incident.id, 'learning');

    const { url, prefix } = await prepared(freshPlaceLike(place));
    await world.restart({ QUEUE_URL: url, QUEUE_PREFIX: prefix });
    await sweepNow({ backlog: true }, world.context());
    await verdict(world, incident, { verdict: 'leave', reason: 'moved-back' });
    expect(edits(world, incident)).toBe(1);
  });

  it('a sync of incident.io that reverts what was written is not written against', async () => {
    const incident = await world.incident(['people/revert#1', 'people/revert#2']);
    const [followUp = ''] = incident.followUps;
    const webhook = { issue: 'people/revert#1', action: 'closed', at: Date.now() - 5_000 } as const;
    await world.github(webhook);
    for (let n = 0; n < 3; n++) {
      await expect.poll(() => puts(followUp)).toBe(1);
      world.incidentIo.setFollowUp(followUp, 'outstanding', 'sync');
      await world.github(webhook);
      await lookAgain(world);
    }
    await world.github({ issue: 'people/revert#2', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', words: 'waits for people/revert#1' });
    expect(puts(followUp)).toBe(1);
  });

  it('a follow-up that cannot be written blocks with incident.io’s own words, and is not tried again', async () => {
    const incident = await world.incident(['people/refused#1']);
    const [followUp = ''] = incident.followUps;
    const heal = world.incidentIo.misbehave({
      route: 'PUT /v3/follow_ups/{id}',
      fault: { kind: 'status', status: 422 },
      times: 100,
    });
    await world.github({ issue: 'people/refused#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      blockers: [{ why: expect.stringContaining('incident.io refuses') }],
    });
    await sweepNow({ backlog: false }, world.context());
    await lookAgain(world);
    expect(puts(followUp)).toBe(1);
    heal();
  });

  const puts = (followUp: string) =>
    world.incidentIo.requests.filter(({ method, path }) => method === 'PUT' && path.endsWith(followUp))
      .length;
});
