import { hostname, userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { runOnTerminal, runProcess } from '../support/process.ts';
import type { TestIncident } from '../support/world.ts';
import { about, changes, closed, openProcessWorld, type ProcessWorld, type Served } from './world.ts';

describe.each(onePlace('embedded'))('what operators ask next to a running service, on $name', (place) => {
  let world: ProcessWorld;
  let service: Served;
  let incident: TestIncident;
  let waiting: TestIncident;
  let backlog: TestIncident;

  beforeAll(async () => {
    world = await openProcessWorld(place, { LOG_LEVEL: 'info' });
    waiting = world.incident(['operators/api#1', 'operators/api#2']);
    incident = world.incident(['operators/api#3']);
    backlog = world.incident(['operators/api#4']);
    for (const id of backlog.followUps) world.incidentIo.setFollowUp(id, 'completed');
    service = await world.serve();
    await service.logged('first sync finished');
  });
  afterAll(() => world?.close());
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await world.run([...args, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const parsed: unknown = JSON.parse(stdout);
    return parsed;
  };

  it('`hold` keeps an incident open that is ready, says why, and `release` lets it be closed', async () => {
    const { reference } = incident;
    expect(await world.run(['hold', reference, '--why', 'the audit is not over'])).toMatchObject({
      code: 0,
      stdout: `${reference} is held: it is not closed until \`release ${reference}\`.`,
    });
    await service.github({ issue: 'operators/api#3', action: 'closed', delivery: 'delivery-of-3' });
    await service.logged(about(incident, 'leave, it has been held since .*: the audit is not over'));
    expect(await json('check', reference)).toMatchObject({ verdict: 'leave', reason: 'held' });
    expect(changes(world, incident)).toEqual([]);
    expect(await world.run(['release', reference])).toMatchObject({ code: 0 });
    await closed(world, incident);
  });

  it('`hold` needs a reason and an incident that exists', async () => {
    expect(await world.run(['hold', waiting.reference])).toMatchObject({ code: 2 });
    const empty = await world.run(['hold', waiting.reference, '--why', ' ']);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('why it is held') });
    const unknown = await world.run(['hold', 'INC-999', '--why', 'x']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('INC-999') });
  });

  it('`history` traces a closing to the tasks and deliveries that it rested on', async () => {
    await service.logged(/is confirmed: moved to closed/);
    expect(await json('history')).toMatchObject([
      {
        incident: incident.reference,
        to: 'closed',
        confirmed: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        evidence: [
          {
            name: 'operators/api#3',
            task: 'github:github.com/operators/api#3',
            state: 'done',
            actor: 'octocat',
            delivery: 'delivery-of-3',
          },
        ],
      },
    ]);
    const { stdout } = await world.run(['history']);
    expect(stdout).toContain(`${incident.reference}  About operators/api#3: moved to closed at`);
    expect(stdout).toContain('(delivery delivery-of-3)');
  });

  it('`history` tells who held and who released an incident, and from where', async () => {
    const by = { name: userInfo().username, via: 'command line', from: hostname() };
    const { reference } = incident;
    expect(await json('history', '--actions')).toMatchObject([
      { action: 'release', incident: reference, by },
      { action: 'hold', incident: reference, by, why: 'the audit is not over' },
    ]);
    expect(await json('history')).toMatchObject([
      { incident: reference, actions: [{ action: 'release', by }, { action: 'hold' }] },
    ]);
    const { stdout } = await world.run(['history']);
    const who = `${by.name} (command line on ${by.from})`;
    expect(stdout).toContain(`${who} held ${reference}: the audit is not over`);
    expect(stdout).toContain(`${who} released ${reference}`);
  });

  it('`check` tells of every follow-up what it counts as, who said so and when, and the rule', async () => {
    await service.github({ issue: 'operators/api#1', action: 'closed', delivery: 'delivery-of-1' });
    await service.logged(about(waiting, 'wait, waits for operators/api#2$'));
    expect(await json('check', waiting.reference)).toMatchObject({
      reason: 'follow-ups',
      followUps: [
        {
          name: 'operators/api#1',
          counts: 'done',
          state: 'done',
          actor: 'octocat',
          delivery: 'delivery-of-1',
        },
        { name: 'operators/api#2', counts: 'blocks', why: expect.stringContaining('outstanding') },
      ],
    });
    const { stdout } = await world.run(['check', waiting.reference]);
    expect(stdout).toContain('rule: the settings, reason: follow-ups');
    expect(stdout).toContain('was reported done by octocat at');
  });

  it('`check --all` tells what would be closed now, and changes nothing', async () => {
    const before = world.incidentIo.effects.length;
    expect(await json('check', '--all')).toMatchObject({
      withoutFollowUps: 0,
      incidents: expect.arrayContaining([
        expect.objectContaining({
          incident: waiting.reference,
          verdict: 'wait',
          words: 'waits for operators/api#2',
        }),
        expect.objectContaining({ incident: backlog.reference, verdict: 'leave', reason: 'backlog' }),
      ]),
    });
    expect(world.incidentIo.effects).toHaveLength(before);
    expect(await world.run(['check'])).toMatchObject({ code: 2 });
    expect(await world.run(['check', waiting.reference, '--all'])).toMatchObject({ code: 2 });
  });

  it('`failed` works also while the key does not, and says when nothing failed', async () => {
    world.incidentIo.revokeKey(world.incidentIo.key.name);
    expect(await world.run(['failed'])).toMatchObject({ code: 0, stdout: 'Nothing failed for good.' });
    expect(await world.run(['failed', 'retry', '--all'])).toMatchObject({ code: 0 });
    const unknown = await world.run(['failed', 'retry', 'events/999']);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('no failed job events/999') });
    expect(await world.run(['history'])).toMatchObject({ code: 0 });
  });
});

it('`check --all` works before the first start, on nothing that is remembered', async () => {
  const [place] = onePlace('redis');
  if (place === undefined) return;
  const world = await openProcessWorld(place);
  try {
    const open = world.incident(['new/api#1']);
    const ready = world.incident(['new/api#2']);
    for (const id of ready.followUps) world.incidentIo.setFollowUp(id, 'completed');
    const before = world.incidentIo.effects.length;
    const { code, stdout } = await world.run(['check', '--all']);
    expect(code).toBe(0);
    expect(stdout).toContain('2 open incidents with follow-ups (0 of them still active), 0 without');
    expect(stdout).toContain('0 would be closed now');
    expect(stdout).toContain(`wait     ${open.reference}  About new/api#1: waits for new/api#1`);
    expect(stdout).toContain(
      `leave    ${ready.reference}  About new/api#2: it is ready before the first start`,
    );
    expect(world.incidentIo.effects).toHaveLength(before);
    const drawn = await runOnTerminal(['check', '--all'], world.env);
    expect(drawn).toContain('follow-ups read: 2');
    expect(drawn).toMatch(/incidents looked at {2}[=-]+ {2}\d of 2/);
    expect(drawn.indexOf(open.reference)).toBeLessThan(drawn.indexOf('0 would be closed now'));
  } finally {
    await world.close();
  }
});

describe('`config`', () => {
  const env = {
    INCIDENT_IO_API_KEY: 'canary-key-1',
    GITHUB_WEBHOOK_SECRET: 'canary-secret-that-is-long-2',
    ADMIN_TOKEN: 'canary-token-that-is-long-3',
    QUEUE_URL: 'redis://user:canary-password-4@redis:6379',
    SETTLE_TIME: '5m',
  };

  it('shows what is in force and what of it are defaults, and no secret', async () => {
    const { code, stdout, stderr } = await runProcess(['config', '--check', '--all'], env);
    expect(code).toBe(0);
    expect(stderr).toBe('The settings are valid.');
    expect(stdout).toMatch(/^SETTLE_TIME +5m +\(from the environment\)$/m);
    expect(stdout).toMatch(/^SWEEP_EVERY +10m +\(default\)$/m);
    expect(stdout).toMatch(/^ADMIN_TOKEN +\(set\) /m);
    expect(stdout).not.toContain('canary');
  });

  it('shows what is not valid among the rest, and exits with 1 where that is asked', async () => {
    const wrong = { ...env, SETTLE_TIME: 'soon', MIN_FOLLOW_UPS: '0' };
    const shown = await runProcess(['config'], wrong);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^SETTLE_TIME +\(cannot be used\) /m);
    expect(shown.stdout).toMatch(/^ADMIN_TOKEN +\(set\) /m);
    expect(shown.stderr).toContain('problem: SETTLE_TIME is "soon"');
    expect(shown.stderr).toContain('problem: MIN_FOLLOW_UPS is "0"');
    expect(shown.stdout + shown.stderr).not.toContain('canary');
    expect(await runProcess(['config', '--check'], wrong)).toMatchObject({ code: 1 });
  });

  it('exits with 1 for what looks like a mistake, contradicts another setting or does nothing, and for nothing else', async () => {
    for (const [odd, value] of [
      ['SWEEP_EVRY', '5m'],
      ['JIRA_URL', 'https://acme.atlassian.net'],
      ['RESOLVED_STATUS', 'Reviewing'],
    ] as const) {
      const checked = await runProcess(['config', '--check'], { ...env, [odd]: value });
      expect(checked).toMatchObject({ code: 1, stderr: expect.stringContaining(odd) });
    }
    // What it advises about a server is no fault of the settings: none is asked.
    expect(
      await runProcess(['config', '--check'], { ...env, QUEUE_URL: 'redis://127.0.0.1:1' }),
    ).toMatchObject({
      code: 0,
    });
  });

  it('a variable that was meant to keep the service from acting stops the start', async () => {
    for (const nearly of ['DRYRUN', 'INCIDENT_CLOSER_DRY_RUN', 'DRY_RUN_FILE']) {
      const { code, stdout, stderr } = await runProcess(['start'], { ...env, [nearly]: 'true' });
      expect({ nearly, code, stdout }).toEqual({ nearly, code: 1, stdout: '' });
      expect(stderr).toContain(`${nearly} is no setting of incident-closer: did you mean DRY_RUN?`);
    }
  });
});
