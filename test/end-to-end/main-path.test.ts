import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placesInTime } from '../support/backends.ts';
import { sendGithub } from '../support/github.ts';
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

describe.each(placesInTime('redis'))('from a webhook to a closed incident, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place);
  });
  afterAll(() => world?.close());

  it('the first of two closes nothing, the last closes the incident once', async () => {
    const incident = await world.incident(['main/first#1', 'main/first#2']);
    await world.github({ issue: 'main/first#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', words: 'waits for main/first#2' });
    expect(edits(world, incident)).toBe(0);
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('completed');

    await world.github({ issue: 'main/first#2', action: 'closed', reason: 'not_planned' });
    await closed(world, incident);
    await acted(world, incident, 'close', 'all 2 follow-ups are done');
    expect(edits(world, incident)).toBe(1);
    expect(world.incidentIo.followUp(incident.followUps[1] ?? '').status).toBe('not_doing');
    expect(await world.store.closures.get(incident.id)).toMatchObject([
      {
        outcome: 'confirmed',
        to: 'closed',
        evidence: [{ status: 'completed', actor: 'octocat' }, { status: 'not_doing' }],
      },
    ]);
  });

  it('a webhook that comes a hundred times closes once', async () => {
    const incident = await world.incident(['main/often#1']);
    const webhook = { issue: 'main/often#1', action: 'closed', at: Date.now() } as const;
    await Promise.all(Array.from({ length: 100 }, () => world.github(webhook)));
    await closed(world, incident);
    await world.github(webhook);
    const other = await world.incident(['main/often#2']);
    await world.github({ issue: 'main/often#2', action: 'closed' });
    await closed(world, other);
    expect(edits(world, incident)).toBe(1);
  });

  it('a task that is closed before incident.io shows its follow-up still counts', async () => {
    await world.github({ issue: 'main/early#1', action: 'closed' });
    const made = world.incidentIo.createIncident({ name: 'Early' });
    followUpFor(world.incidentIo, made.id, 'main/early#1');
    await lookAgain(world);
    await closed(world, { ...made, followUps: [] });
  });

  it('an outstanding follow-up on the second page of the list keeps the incident open', async () => {
    const incident = await world.incident(['main/pages#1']);
    for (let n = 0; n < 260; n++)
      world.incidentIo.createFollowUp({ incident: incident.id, title: `No. ${n}`, status: 'completed' });
    const last = world.incidentIo.createFollowUp({ incident: incident.id, title: 'The last one' });
    await world.github({ issue: 'main/pages#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', words: 'waits for “The last one”' });
    expect(edits(world, incident)).toBe(0);

    world.incidentIo.setFollowUp(last.id, 'completed');
    await lookAgain(world);
    await closed(world, incident);
  });

  it.each([
    ['a 500', { kind: 'status', status: 500 }],
    ['a 404', { kind: 'status', status: 404 }],
    ['a 403', { kind: 'status', status: 403 }],
    ['an empty 404', { kind: 'empty-404' }],
    ['a page for people', { kind: 'html' }],
    ['garbage', { kind: 'garbage' }],
    ['half an answer', { kind: 'truncated' }],
  ] as const)('%s for a page of follow-ups is never "nothing outstanding"', async (name, fault) => {
    const issue = `main/unread-${name.replaceAll(' ', '-')}#1`;
    const incident = await world.incident([issue]);
    const heal = world.incidentIo.misbehave({ route: 'GET /v3/follow_ups', fault, times: 1_000_000 });
    const calls = () => world.incidentIo.requests.filter(({ query }) => query.includes(incident.id)).length;
    const before = calls();
    await world.github({ issue, action: 'closed' });
    await expect.poll(calls).toBeGreaterThan(before);
    expect(edits(world, incident)).toBe(0);
    expect((await world.store.outcomes.get(incident.id))?.verdict).not.toBe('close');
    heal();
    await closed(world, incident);
  });

  it('an incident that is closed already, and one in a status from which nothing is closed, are not touched', async () => {
    const done = await world.incident(['main/status#1'], { status: 'closed' });
    const paused = await world.incident(['main/status#2'], { status: 'paused' });
    const active = await world.incident(['main/status#3'], { status: 'live' });
    for (const n of [1, 2, 3]) await world.github({ issue: `main/status#${n}`, action: 'closed' });
    await verdict(world, done, { verdict: 'leave', reason: 'already-closed' });
    await verdict(world, paused, { verdict: 'leave', reason: 'not-closable' });
    await verdict(world, active, { verdict: 'leave', reason: 'active' });
    for (const incident of [done, paused, active]) expect(edits(world, incident)).toBe(0);
  });

  it('a task closed by a stale bot neither counts nor is written back', async () => {
    const incident = await world.incident(['main/stale#1']);
    await world.github({
      issue: 'main/stale#1',
      action: 'closed',
      reason: 'not_planned',
      labels: ['stale'],
      sender: { login: 'stale[bot]', type: 'Bot' },
    });
    await verdict(world, incident, {
      verdict: 'wait',
      blockers: [{ why: expect.stringContaining('closed by stale[bot]') }],
    });
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('outstanding');
  });

  it('a follow-up that a person set back stays set back, however often its webhook comes', async () => {
    const incident = await world.incident(['main/back#1', 'main/back#2']);
    const webhook = { issue: 'main/back#1', action: 'closed', at: Date.now() - 60_000 } as const;
    await world.github(webhook);
    const [first = ''] = incident.followUps;
    await expect.poll(() => world.incidentIo.followUp(first).status).toBe('completed');
    world.incidentIo.setFollowUp(first, 'outstanding');
    await world.github(webhook);
    await world.github({ issue: 'main/back#2', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'wait',
      blockers: [{ why: expect.stringContaining('has been outstanding again') }],
    });
    expect(world.incidentIo.followUp(first).status).toBe('outstanding');
    expect(edits(world, incident)).toBe(0);
  });

  it('a follow-up that a person ticks off while its task is open counts as done', async () => {
    const incident = await world.incident(['main/ticked#1']);
    world.incidentIo.setFollowUp(incident.followUps[0] ?? '', 'completed');
    await lookAgain(world);
    await closed(world, incident);
  });

  it('two follow-ups of two incidents on one task close both', async () => {
    const one = await world.incident(['main/shared#1']);
    const two = await world.incident(['main/shared#1']);
    await world.github({ issue: 'main/shared#1', action: 'closed' });
    await closed(world, one);
    await closed(world, two);
  });

  it('an incident in test mode is closed like every other once its tracker tells', async () => {
    const made = world.incidentIo.createIncident({ name: 'A drill', mode: 'test' });
    followUpFor(world.incidentIo, made.id, 'main/drill#1');
    // Lists do not show it, so nobody can find it by its task; asked for by name it is seen.
    await world.store.links.put('github:github.com/main/drill#1', [['x', made.id]]);
    await world.github({ issue: 'main/drill#1', action: 'closed' });
    await closed(world, { ...made, followUps: [] });
  });

  it('what is signed with another secret is refused, and nothing is queued', async () => {
    const incident = await world.incident(['main/forged#1']);
    const answer = await fetch(`${world.service.url}/webhooks/github`, {
      method: 'POST',
      headers: { 'x-github-event': 'issues', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
      body: '{}',
    });
    expect(answer.status).toBe(401);
    expect(await world.store.outcomes.get(incident.id)).not.toMatchObject({ verdict: 'close' });
  });

  it('what means nothing here is answered so', async () => {
    expect(await sendGithub(world.service.url, { issue: 'main/x#1', action: 'labeled' })).toMatchObject({
      status: 200,
      body: { status: 'ignored' },
    });
  });

  it('no secret is in any log', () => {
    const all = world.logged.join('');
    expect(all.length).toBeGreaterThan(1_000);
    expect(all).not.toContain(world.incidentIo.token);
    expect(all).not.toContain('a secret to everybody');
  });
});
