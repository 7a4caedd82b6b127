import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { check } from '../../src/operations/check.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { permalinkOf } from '../support/github.ts';
import { acted, closed, edits, linked, openWorld, type TestWorld, verdict } from '../support/world.ts';

describe.each(onePlace('postgres'))("a team's own rules, on $name", (place) => {
  let world: TestWorld;
  const folders: string[] = [];
  const open = async (rules: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-'));
    folders.push(folder);
    const file = join(folder, 'incident-closer.yaml');
    writeFileSync(file, rules);
    world = await openWorld(freshPlaceLike(place), { POLICY_FILE: file });
  };
  afterEach(async () => {
    await world?.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const add = async (incident: string, issue: string, over: { labels?: string[] } = {}) => {
    const reference = { provider: 'github', name: issue, permalink: permalinkOf(issue) } as const;
    world.incidentIo.createFollowUp({ incident, title: `Fix ${issue}`, reference, ...over });
    await linked(world.store, [issue]);
  };

  it('the first rule that fits decides, and another incident is closed by the settings', async () => {
    await open(
      'rules:\n  - name: Security\n    when: { incident_type: Security }\n    set: { close: false }\n',
    );
    const { incidentIo } = world;
    const security = incidentIo.createIncident({ type: 'Security' });
    const other = incidentIo.createIncident({ type: 'Platform' });
    await add(security.id, 'policy/a#1');
    await add(other.id, 'policy/a#2');
    await world.github({ issue: 'policy/a#1', action: 'closed' });
    await world.github({ issue: 'policy/a#2', action: 'closed' });
    const otherIncident = { id: other.id, reference: other.reference, followUps: [] };
    const left = { id: security.id, reference: security.reference, followUps: [] };
    await closed(world, otherIncident);
    await verdict(world, left, { verdict: 'leave', reason: 'rule', rule: 'Security' });
    expect(await check(security.reference, world.context())).toMatchObject({
      verdict: 'leave',
      rule: 'Security',
    });
    expect(await check(other.reference, world.context())).toMatchObject({ rule: 'the settings' });
    expect(edits(world, left)).toBe(0);
    // Its follow-up was kept in step all the same.
    expect(incidentIo.followUps(security.id).map(({ status }) => status)).toEqual(['completed']);
  });

  it('what may stay open does not keep an incident open, and the sweep knows it', async () => {
    await open(
      'rules:\n  - name: Nice to have\n    when: { custom_field: { Team: Payments } }\n    set: { may_stay_open: { labels: nice to have } }\n',
    );
    const { incidentIo } = world;
    const made = incidentIo.createIncident({ customFields: { Team: ['Payments'] } });
    const incident = { id: made.id, reference: made.reference, followUps: [] };
    await add(made.id, 'policy/b#1');
    await add(made.id, 'policy/b#2', { labels: ['Nice to have'] });
    await verdict(world, incident, { verdict: 'wait', reason: 'follow-ups' });
    // Ticked off by hand, of which no webhook tells.
    const [first] = incidentIo.followUps(made.id);
    incidentIo.setFollowUp(first?.id ?? '', 'completed');
    await sweepNow({ backlog: false }, world.context());
    await closed(world, incident);
    await acted(world, incident, 'close', '1 of its 2 follow-ups are done, and the others may stay open');
  });

  it('an incident whose rule wants a post-mortem is closed once it has one', async () => {
    await open(
      'rules:\n  - name: With post-mortem\n    when: { severity: Critical }\n    set: { require_postmortem: true }\n',
    );
    const { incidentIo } = world;
    const made = incidentIo.createIncident({ severity: 'Critical' });
    const incident = { id: made.id, reference: made.reference, followUps: [] };
    await add(made.id, 'policy/c#1');
    await world.github({ issue: 'policy/c#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'no-postmortem' });
    incidentIo.describeIncident(made.id, { postmortemUrl: 'https://docs.example.com/pm' });
    await sweepNow({ backlog: false }, world.context());
    await closed(world, incident);
  });

  it('an incident whose rule wants a role filled is closed once somebody has it', async () => {
    await open('rules:\n  - name: Led\n    set: { required_roles: Incident lead }\n');
    const { incidentIo } = world;
    const made = incidentIo.createIncident();
    const incident = { id: made.id, reference: made.reference, followUps: [] };
    await add(made.id, 'policy/f#1');
    await world.github({ issue: 'policy/f#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', reason: 'roles' });
    incidentIo.describeIncident(made.id, { lead: 'Ada' });
    await sweepNow({ backlog: false }, world.context());
    await closed(world, incident);
  });

  it('a severity that changed brings the rule with it, whatever was remembered', async () => {
    await open('rules:\n  - name: Critical\n    when: { severity: Critical }\n    set: { close: false }\n');
    const { incidentIo } = world;
    const made = incidentIo.createIncident({ severity: 'Minor' });
    const incident = { id: made.id, reference: made.reference, followUps: [] };
    await add(made.id, 'policy/d#1');
    await verdict(world, incident, { reason: 'follow-ups', rule: 'the settings' });
    incidentIo.describeIncident(made.id, { severity: 'Critical' });
    await world.github({ issue: 'policy/d#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'leave', reason: 'rule', rule: 'Critical' });
    expect(edits(world, incident)).toBe(0);
  });

  it('a pause writes nothing, and what was told meanwhile counts once it is over', async () => {
    await open('paused: change freeze');
    const incident = await world.incident(['policy/e#1']);
    await world.github({ issue: 'policy/e#1', action: 'closed' });
    await verdict(world, incident, {
      verdict: 'leave',
      reason: 'paused',
      words: 'everything is paused: change freeze',
    });
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('outstanding');
    expect(world.incidentIo.effects).toEqual([]);
    writeFileSync(world.env.POLICY_FILE ?? '', 'rules: []\n');
    await world.restart();
    await sweepNow({ backlog: false }, world.context());
    await closed(world, incident);
  });
});
