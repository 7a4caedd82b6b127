import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followUpJson } from '../../src/simulator/render.ts';
import { onePlace } from '../support/backends.ts';
import { permalinkOf } from '../support/github.ts';
import { INCIDENT_IO_SECRET, sendIncidentIo } from '../support/incident-io.ts';
import { untilTaken } from '../support/until-taken.ts';
import {
  closed,
  closedByWantedSync,
  edits,
  followUpFor,
  openWorld,
  type TestIncident,
  type TestWorld,
  verdict,
} from '../support/world.ts';

const LIST = 'GET /v3/follow_ups';

describe.each(onePlace('postgres'))('incident.io’s own webhooks, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place, { INCIDENT_IO_WEBHOOK_SECRET: INCIDENT_IO_SECRET });
  });
  afterAll(() => world?.close());

  /** An incident with follow-ups in a tracker of which nobody sends webhooks. */
  const elsewhere = (...names: string[]): TestIncident => {
    const { incidentIo } = world;
    const made = incidentIo.createIncident({ name: `About ${names.join(' and ')}` });
    const followUps = names.map((name) => {
      const reference = {
        provider: 'service_now',
        name,
        permalink: `https://acme.service-now.com/task.do?number=${name}`,
      } as const;
      return incidentIo.createFollowUp({ incident: made.id, reference }).id;
    });
    return { id: made.id, reference: made.reference, followUps };
  };
  const tell = (type: string, about: object, id: string = randomUUID()) =>
    untilTaken(() => sendIncidentIo(world.service.url, type, about, id));
  /** What incident.io's own sync does when the task is done in the tracker, and tells. */
  const doneInTracker = async (followUp: string, type = 'public_incident.follow_up_updated_v2') => {
    world.incidentIo.setFollowUp(followUp, 'completed', 'sync');
    const shown = followUpJson(world.incidentIo.followUp(followUp), 2);
    await tell(type, type.startsWith('private') ? { id: followUp } : Object(shown));
  };

  it('a tracker without any webhook works: incident.io’s sync completes the follow-ups and tells, and the incident is closed', async () => {
    const incident = elsewhere('TASK1', 'TASK2');
    const [first = '', second = ''] = incident.followUps;
    await doneInTracker(first);
    await verdict(world, incident, { verdict: 'wait', words: 'waits for TASK2' });
    expect(edits(world, incident)).toBe(0);
    await doneInTracker(second, 'public_incident.follow_up_updated_v1');
    await closed(world, incident);
    expect(edits(world, incident)).toBe(1);
  });

  it('a private incident, of which the id of a follow-up alone is told, is closed', async () => {
    const { incidentIo } = world;
    const { id, reference } = incidentIo.createIncident({ visibility: 'private' });
    const followUp = incidentIo.createFollowUp({ incident: id }).id;
    const incident = { id, reference, followUps: [followUp] };
    await tell('private_incident.follow_up_created_v2', { id: followUp });
    await verdict(world, incident, { verdict: 'wait', reason: 'follow-ups' });
    await doneInTracker(followUp, 'private_incident.follow_up_updated_v2');
    await closed(world, incident);
    expect(edits(world, incident)).toBe(1);
  });

  it('a follow-up that is not known has the sync read soon, and its incident looked at', async () => {
    const { incidentIo } = world;
    const { id, reference } = incidentIo.createIncident();
    const followUp = incidentIo.createFollowUp({ incident: id, status: 'completed' }).id;
    await tell('private_incident.follow_up_updated_v1', { id: followUp });
    await closedByWantedSync(world, { id, reference, followUps: [followUp] });
    expect(await world.store.followUps.get(followUp)).toMatchObject({ incident: id });
  });

  it('a follow-up that was connected to an issue has its link at once, so that the issue’s own webhook closes the incident', async () => {
    const { incidentIo } = world;
    const { id, reference } = incidentIo.createIncident();
    const followUp = followUpFor(incidentIo, id, 'own/link#1');
    const incident = { id, reference, followUps: [followUp] };
    await tell(
      'public_incident.follow_up_created_v2',
      Object(followUpJson(incidentIo.followUp(followUp), 2)),
    );
    await verdict(world, incident, { verdict: 'wait' });
    expect(await world.store.links.get('github:github.com/own/link#1')).toEqual([[followUp, id]]);

    incidentIo.connectIssue(followUp, {
      provider: 'github',
      name: 'own/link#2',
      permalink: permalinkOf('own/link#2'),
    });
    await tell(
      'public_incident.follow_up_updated_v2',
      Object(followUpJson(incidentIo.followUp(followUp), 2)),
    );
    await expect.poll(() => world.store.links.get('github:github.com/own/link#2')).toEqual([[followUp, id]]);
    await expect.poll(() => world.store.links.get('github:github.com/own/link#1')).toBeUndefined();
    await world.github({ issue: 'own/link#2', action: 'closed' });
    await closed(world, incident);
  });

  it.each(['test', 'tutorial'] as const)(
    'an incident in %s mode, which no list shows, is found by its webhook, also for its tracker’s',
    async (mode) => {
      const { incidentIo } = world;
      const { id, reference } = incidentIo.createIncident({ mode });
      const followUp = followUpFor(incidentIo, id, `own/${mode}#1`);
      const incident = { id, reference, followUps: [followUp] };
      await tell(
        'public_incident.follow_up_created_v2',
        Object(followUpJson(incidentIo.followUp(followUp), 2)),
      );
      await verdict(world, incident, { verdict: 'wait', words: `waits for own/${mode}#1` });
      await world.github({ issue: `own/${mode}#1`, action: 'closed' });
      await closed(world, incident);
      expect(edits(world, incident)).toBe(1);
    },
  );

  it('an incident that enters a post-incident status is looked at, and closed where nothing is left to do', async () => {
    const { incidentIo } = world;
    const { id, reference } = incidentIo.createIncident({ status: 'live' });
    const incident = { id, reference, followUps: [] };
    incidentIo.createFollowUp({ incident: id, status: 'completed' });
    await tell('public_incident.incident_created_v2', { id });
    await verdict(world, incident, { verdict: 'leave', reason: 'active' });
    incidentIo.moveIncident(id, 'learning');
    await tell('public_incident.incident_status_updated_v2', { incident: { id }, message: 'over' });
    await closed(world, incident);
  });

  it('an incident that nobody may see is told as that, and not asked for again and again', async () => {
    const gone = { id: '01HNOSUCHINCIDENT000000000', reference: 'INC-0', followUps: [] };
    await tell('private_incident.incident_updated_v2', { id: gone.id });
    await verdict(world, gone, { verdict: 'leave', reason: 'not-visible' });
    const asked = () => world.incidentIo.requests.filter(({ path }) => path.includes(gone.id)).length;
    const before = asked();
    // Another incident that is told of later is done with: nothing waits to be tried again before it.
    const other = elsewhere('TASK9');
    await doneInTracker(other.followUps[0] ?? '');
    await closed(world, other);
    // But for a look that was put back for a moment.
    await expect.poll(async () => (await world.context().backend.counts()).reviews.delayed ?? 0).toBe(0);
    expect(asked()).toBe(before);
  });

  it('a storm of them costs few reads: a thousand of one incident within a second', async () => {
    const incident = elsewhere('TASK3', 'TASK4');
    const [first = ''] = incident.followUps;
    const { incidentIo } = world;
    await tell('public_incident.incident_created_v2', { id: incident.id });
    await verdict(world, incident, { verdict: 'wait' });
    const from = incidentIo.requests.length;
    const began = Date.now();
    const about = Object(followUpJson(incidentIo.followUp(first), 2));
    let sent = 0;
    const sender = async () => {
      while (sent++ < 1_000) await tell('public_incident.follow_up_updated_v2', about);
    };
    await Promise.all(Array.from({ length: 100 }, sender));
    for (const followUp of incident.followUps) await doneInTracker(followUp);
    await closed(world, incident);
    const seconds = (Date.now() - began) / 1000;
    const reads = incidentIo.requests.slice(from).filter(({ method }) => method === 'GET');
    const syncs = reads.filter(({ route, query }) => route === LIST && !query.includes('incident_id'));
    // However long the machine takes: one look in three quarters of a second, one sync in five.
    expect(syncs.length).toBeLessThanOrEqual(2 + seconds / 4);
    expect(reads.length - syncs.length).toBeLessThanOrEqual(6 + 2 * (seconds / 0.75));
    expect(edits(world, incident)).toBe(1);
  });

  it('what is signed with another secret is refused', async () => {
    const answer = await fetch(`${world.service.url}/webhooks/incident-io`, {
      method: 'POST',
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
        'webhook-signature': 'v1,AAAA',
      },
      body: '{"event_type":"public_incident.incident_updated_v2"}',
    });
    expect(answer.status).toBe(401);
  });

  it('the store knows when the last one came', async () => {
    const last = await world.store.deliveries.get('incident-io');
    expect(Date.now() - (last?.at ?? 0)).toBeLessThan(120_000);
  });
});
