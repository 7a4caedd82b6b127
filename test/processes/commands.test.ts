import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFolderLock } from '../../src/queue/sql/folder-lock.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { freshFolder, onePlace, queuePlaces } from '../support/backends.ts';
import { runProcess } from '../support/process.ts';
import type { TestIncident } from '../support/world.ts';
import { about, changes, closed, openProcessWorld, type ProcessWorld, type Served } from './world.ts';

describe('the command line', () => {
  it('--help lists the commands', async () => {
    const { code, stdout } = await runProcess(['--help'], {});
    expect(code).toBe(0);
    for (const name of [
      'start',
      'receive',
      'work',
      'check',
      'sweep',
      'hold',
      'release',
      'history',
      'failed',
      'config',
      'replay',
      'doctor',
      'demo',
    ])
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
  });

  it.each([[['strat']], [['check']], [['sweep', '--all-of-it']], [[]]])(
    '%j ends with a code other than 0 and says what there is',
    async (args) => {
      const { code, stderr } = await runProcess(args, {});
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/--help|Usage/);
    },
  );
});

describe('log lines of a command', () => {
  it('are on stderr, so that what is piped holds what was asked for alone', async (test) => {
    const incidentIo = await startSimulator();
    test.onTestFinished(() => incidentIo.close());
    const { reference } = incidentIo.createIncident();
    const env = { INCIDENT_IO_API_KEY: incidentIo.token, INCIDENT_IO_API_URL: incidentIo.url };
    const args = ['check', reference, '--json'];
    const down = await runProcess(args, { ...env, QUEUE_URL: 'redis://127.0.0.1:1' });
    expect(down).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('Redis at 127.0.0.1:1'),
    });
    expect(down.stderr).not.toMatch(/^\s+at /m);

    const fresh = await runProcess(args, { ...env, QUEUE_URL: freshFolder(), LOG_LEVEL: 'debug' });
    expect(fresh).toMatchObject({ code: 0 });
    expect(JSON.parse(fresh.stdout)).toMatchObject({
      incident: reference,
      verdict: 'leave',
      unknown: expect.stringContaining('There is no store'),
    });
  });
});

// On Redis the stories of faults run commands beside a service.
describe.each(onePlace('embedded'))('commands next to a running service, on $name', (place) => {
  let world: ProcessWorld;
  let service: Served;
  let backlog: TestIncident;
  let outstanding: TestIncident;
  let movedBack: TestIncident;

  beforeAll(async () => {
    world = await openProcessWorld(place, { LOG_LEVEL: 'info' });
    outstanding = world.incident(['commands/open#1', 'commands/open#2']);
    movedBack = world.incident(['commands/back#1']);
    backlog = world.incident(['commands/backlog#1']);
    for (const id of backlog.followUps) world.incidentIo.setFollowUp(id, 'completed');
    service = await world.serve();
    await service.logged('first sync finished');
  });
  afterAll(() => world?.close());

  it('`check` tells in words what an incident waits for', async () => {
    await service.github({ issue: 'commands/open#1', action: 'closed' });
    await service.logged(about(outstanding, 'wait, waits for commands/open#2$'));
    const { code, stdout, stderr } = await world.run(['check', outstanding.reference]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${outstanding.reference}  About commands/open#1 and commands/open#2`);
    expect(stdout).toContain('WAIT: waits for commands/open#2');
    expect(stdout).toContain('https://github.com/commands/open/issues/2');
    expect(stdout).not.toContain('https://github.com/commands/open/issues/1');
  });

  // Whoever pipes it into a program sets the level that he likes.
  it.each(['info', 'debug'])(
    '`check --json` prints one object and nothing else, with LOG_LEVEL=%s',
    async (level) => {
      const before = world.incidentIo.effects.length;
      const { code, stdout } = await world.run(['check', outstanding.reference, '--json'], {
        LOG_LEVEL: level,
      });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        incident: outstanding.reference,
        verdict: 'wait',
        reason: 'follow-ups',
        blockers: [
          {
            followUp: outstanding.followUps[1],
            task: 'github:github.com/commands/open#2',
            url: 'https://github.com/commands/open/issues/2',
            why: expect.stringContaining('outstanding'),
          },
        ],
      });
      expect(world.incidentIo.effects).toHaveLength(before);
    },
  );

  it('`check` takes a full id as well, and no incident for anything else', async () => {
    const { stdout } = await world.run(['check', outstanding.id, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ incident: outstanding.reference });
    for (const unknown of ['INC-999', 'nonsense', '../identity']) {
      const { code, stdout, stderr } = await world.run(['check', unknown, '--json']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(unknown);
      expect(stderr.split('\n')).toHaveLength(1);
    }
  });

  it('`sweep` closes what was ready before only with --backlog', async () => {
    expect(await reason(backlog)).toBe('backlog');
    const plain = await world.run(['sweep']);
    expect(plain).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('incidents looked at'),
    });
    expect(await reason(backlog)).toBe('backlog');
    expect(changes(world, backlog)).toEqual([]);

    const asked = await world.run(['sweep', '--backlog']);
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of them') });
    await closed(world, backlog);
    expect(await reason(backlog)).toBe('already-closed');
  });

  it('`release` lets an incident be closed again that somebody moved back', async () => {
    await service.github({ issue: 'commands/back#1', action: 'closed' });
    await closed(world, movedBack);
    await service.logged(about(movedBack, 'close, '));
    world.incidentIo.moveIncident(movedBack.id, 'learning');
    expect(await reason(movedBack)).toBe('moved-back');
    await world.run(['sweep']);
    await service.logged(about(movedBack, 'leave, it was '));

    expect(await world.run(['release', movedBack.reference])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${movedBack.reference} is released; a worker reviews it now.`),
    });
    await closed(world, movedBack);
    expect(changes(world, movedBack)).toEqual(['closed', 'learning', 'closed']);
  });

  it('operations over HTTP need the token', async () => {
    for (const authorization of [undefined, 'Bearer ', `Bearer ${'0'.repeat(64)}`]) {
      const answer = await operation('check', { incident: outstanding.reference }, authorization);
      expect(answer.status).toBe(401);
    }
  });

  async function reason({ reference }: TestIncident): Promise<unknown> {
    const { stdout } = await world.run(['check', reference, '--json']);
    const { reason }: { reason: unknown } = JSON.parse(stdout);
    return reason;
  }

  function operation(name: string, asks: object, authorization?: string): Promise<Response> {
    return fetch(`${service.at}/operations/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify(asks),
    });
  }
});

const embedded = queuePlaces().find(({ name }) => name === 'embedded');

describe.runIf(embedded !== undefined)('commands on the embedded folder', () => {
  let world: ProcessWorld;
  beforeAll(async () => {
    if (embedded !== undefined) world = await openProcessWorld(embedded, { LOG_LEVEL: 'info' });
  });
  afterAll(() => world?.close());
  const folder = () => world.env.QUEUE_URL ?? '';

  it('work without a running service as well, and leave the rest to the next start', async () => {
    const ready = world.incident(['folder/ready#1']);
    for (const id of ready.followUps) world.incidentIo.setFollowUp(id, 'completed');
    const before = await world.serve();
    await before.logged('first sync finished');
    before.signal('SIGTERM');
    await before.ended();
    expect(await world.run(['sweep'])).toMatchObject({ code: 0 });
    expect(await world.run(['check', ready.reference])).toMatchObject({
      stdout: expect.stringContaining('it was ready before incident-closer came'),
    });
    expect(await world.run(['release', ready.reference])).toMatchObject({ code: 0 });
    expect(changes(world, ready)).toEqual([]);
    const service = await world.serve();
    await closed(world, ready);
    service.signal('SIGTERM');
    expect(await service.ended()).toEqual({ code: 0, signal: null });
  });

  it('a second start exits 1 and names the process that has the folder', async () => {
    const first = await world.serve();
    const { code, stderr } = await world.run(['start']);
    expect(code).toBe(1);
    expect(stderr).toContain(`${folder()} is in use by process ${first.pid}`);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(first.messages()).not.toContainEqual(expect.stringContaining('stopping'));
    await first.kill();
  });

  it('go through the process that has it open, with the token of its lock, which ends with the process', async () => {
    const incident = world.incident(['folder/through#1']);
    const first = await world.serve();
    const lock = await readFolderLock(folder());
    expect(lock).toMatchObject({ pid: first.pid, announcement: { address: first.at } });
    const ask = (token: string) =>
      fetch(`${first.at}/operations/check`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ incident: incident.reference }),
      });
    const { token = '' } = lock?.announcement ?? {};
    expect((await ask(token)).status).toBe(200);
    expect((await ask(token.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status).toBe(401);
    expect([...first.stdout, ...first.stderr].join('\n')).not.toContain(token);

    await first.kill();
    expect(await readFolderLock(folder())).toBeUndefined();
    // Nobody is there to ask, so it opens the folder itself.
    expect(await world.run(['check', incident.reference])).toMatchObject({ code: 0 });
  });
});
