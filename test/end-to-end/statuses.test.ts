import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { release } from '../../src/operations/release.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { onePlace } from '../support/backends.ts';
import { OPERATOR } from '../support/make.ts';
import {
  acted,
  closed,
  edits,
  lookAgain,
  openWorld,
  type TestIncident,
  type TestWorld,
  verdict,
} from '../support/world.ts';

/** The stand-in's organisation has three post-incident and two closed statuses. */
describe.each(onePlace('redis'))('from status to status, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place, {
      ACTIVE_INCIDENTS: 'resolve',
      RESOLVED_STATUS: 'reviewing',
      CLOSED_STATUS: 'Closed without review',
    });
  });
  afterAll(() => world?.close());

  /** The statuses that the incident was moved to by our key, by name. */
  const moves = ({ id }: TestIncident) =>
    world.incidentIo
      .updates(id)
      .filter(({ updater }) => updater.kind === 'api_key')
      .map(({ status }) => status.name);
  const finished = async (issue: string, status: string) => {
    const incident = await world.incident([issue], { status });
    await world.github({ issue, action: 'closed' });
    return incident;
  };

  it('an active incident is resolved to RESOLVED_STATUS, and from there left to people', async () => {
    const incident = await finished('statuses/live#1', 'Fixing');
    await acted(world, incident, 'resolve');
    await sweepNow({ backlog: false }, world.context());
    await verdict(world, incident, { verdict: 'leave', reason: 'resolved-by-us' });
    expect(moves(incident)).toEqual(['Reviewing']);
  });

  it('an incident in triage is resolved as well', async () => {
    const incident = await finished('statuses/triage#1', 'Triage');
    await acted(world, incident, 'resolve');
    expect(moves(incident)).toEqual(['Reviewing']);
  });

  it.each(['Documenting', 'Reviewing', 'Following up'])(
    'one in the post-incident status %s goes to CLOSED_STATUS, and never to another post-incident status',
    async (status) => {
      const incident = await finished(`statuses/${status.toLowerCase().replace(' ', '-')}#1`, status);
      await closed(world, incident);
      expect(moves(incident)).toEqual(['Closed without review']);
    },
  );

  it.each(['paused', 'declined', 'merged', 'canceled'])('a %s incident is not touched', async (status) => {
    const incident = await finished(`statuses/${status}#1`, status);
    await verdict(world, incident, { verdict: 'leave', reason: 'not-closable' });
    expect(edits(world, incident)).toBe(0);
  });

  it.each(['Closed', 'Closed without review'])('one that is %s already is not touched', async (status) => {
    const incident = await finished(`statuses/${status.toLowerCase().replaceAll(' ', '-')}#1`, status);
    await verdict(world, incident, { verdict: 'leave', reason: 'already-closed' });
    expect(edits(world, incident)).toBe(0);
  });

  it('a flow that refuses the status is a verdict with incident.io’s own words, asked once, and again after a release', async () => {
    const { incidentIo } = world;
    incidentIo.refuse('Closed without review', 'The flow of this incident has no such status');
    const incident = await finished('statuses/flow#1', 'Documenting');
    const refused = {
      verdict: 'leave',
      reason: 'refused',
      words: expect.stringContaining('The flow of this incident has no such status'),
    };
    await verdict(world, incident, refused);
    await sweepNow({ backlog: false }, world.context());
    await lookAgain(world);
    await verdict(world, incident, refused);
    expect(edits(world, incident)).toBe(1);
    expect((await world.context().backend.counts()).reviews.failed ?? 0).toBe(0);

    incidentIo.accept();
    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
    expect(moves(incident)).toEqual(['Closed without review']);
  });

  it('with ACTIVE_INCIDENTS=close an active incident is closed at once, by lowest rank where none is asked for', async () => {
    await world.restart({ ACTIVE_INCIDENTS: 'close', RESOLVED_STATUS: '', CLOSED_STATUS: '' });
    const incident = await finished('statuses/close#1', 'Monitoring');
    await closed(world, incident);
    expect(moves(incident)).toEqual(['Closed']);
  });

  it('a status that does not exist is a verdict that names what was set', async () => {
    await world.restart({ ACTIVE_INCIDENTS: 'leave', CLOSED_STATUS: 'Over' });
    const incident = await finished('statuses/none#1', 'Documenting');
    await verdict(world, incident, {
      verdict: 'leave',
      reason: 'no-status',
      words: expect.stringContaining('CLOSED_STATUS is “Over”'),
    });
    expect(edits(world, incident)).toBe(0);
    const active = await finished('statuses/left#1', 'Fixing');
    await verdict(world, active, { verdict: 'leave', reason: 'active' });
  });
});

const [anywhere] = onePlace('redis');

describe.runIf(anywhere !== undefined)('private incidents', () => {
  it('are closed with a key that may see them, and left with one that may not, without a look that goes round', async () => {
    if (anywhere === undefined) throw new Error('this run covers no backend');
    const world = await openWorld(anywhere);
    try {
      const { incidentIo } = world;
      const make = (issue: string) => {
        const made = incidentIo.createIncident({ visibility: 'private' });
        const reference = {
          provider: 'github',
          name: issue,
          permalink: `https://github.com/${issue.replace('#', '/issues/')}`,
        } as const;
        incidentIo.createFollowUp({ incident: made.id, reference });
        return { id: made.id, reference: made.reference, followUps: [] };
      };
      const seen = make('private/seen#1');
      await lookAgain(world);
      await world.github({ issue: 'private/seen#1', action: 'closed' });
      await closed(world, seen);

      const lost = make('private/lost#1');
      await lookAgain(world);
      await verdict(world, lost, { verdict: 'wait' });
      incidentIo.setRoles('incident-closer', ['viewer', 'incident_editor', 'post_incident_flow_opt_out']);
      await world.github({ issue: 'private/lost#1', action: 'closed' });
      await verdict(world, lost, { verdict: 'leave', reason: expect.stringMatching(/not-visible|too-few/) });
      expect(edits(world, lost)).toBe(0);
      expect(world.service.context()).toBeDefined();
      expect((await world.service.ready()).ok).toBe(true);
    } finally {
      await world.close();
    }
  });
});
