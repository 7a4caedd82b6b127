import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { signed } from '../receiver/support.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { runProcess, startProcess } from '../support/process.ts';
import { closed as closedPayload } from '../trackers/github/payloads.ts';
import { openProcessWorld } from './world.ts';

const CANARY = 'canary-9f3c';

describe('wrong configuration stops the start', () => {
  it('all that is missing or malformed is told at once, with what it should be, and no secret', async () => {
    const { code, stdout, stderr } = await runProcess(['start'], {
      PORT: 'eighty',
      SETTLE_TIME: '5 minutes',
      QUEUE_URL: `mysql://root:${CANARY}@db/queue`,
      MIN_FOLLOW_UPS: '0',
      MAX_CLOSES_PER_HOUR: '-1',
      ACTIVE_INCIDENTS: 'shut',
      DRY_RUN: 'perhaps',
      INCIDENT_IO_API_URL: 'http://api.incident.io',
      GITHUB_WEBHOOK_SECRET_FILE: '/nowhere/secret',
      LOG_LEVEL: 'loud',
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const [name, wanted] of [
      ['INCIDENT_IO_API_KEY', 'is missing'],
      ['PORT', 'a whole number from 0 to 65535'],
      ['SETTLE_TIME', 'a duration such as'],
      ['QUEUE_URL', 'redis://'],
      ['MIN_FOLLOW_UPS', 'a whole number from 1'],
      ['MAX_CLOSES_PER_HOUR', 'a whole number from 0'],
      ['ACTIVE_INCIDENTS', 'one of leave, resolve, close'],
      ['DRY_RUN', 'true or false'],
      ['INCIDENT_IO_API_URL', 'https://'],
      ['GITHUB_WEBHOOK_SECRET_FILE', 'cannot be read'],
      ['LOG_LEVEL', 'one of trace'],
    ] as const) {
      const line = stderr.split('\n').filter((text) => text.startsWith(`  - ${name}`));
      expect(line, name).toEqual([expect.stringContaining(wanted)]);
    }
    expect(stderr).not.toContain(CANARY);
    expectNoStack(stderr);
  });

  it('a secret that is empty, or of blanks, counts as missing', async () => {
    for (const empty of ['', '  ']) {
      const { code, stderr } = await runProcess(['work'], {
        INCIDENT_IO_API_KEY: empty,
        QUEUE_URL: 'redis://127.0.0.1:1',
      });
      expect(code).toBe(1);
      expect(stderr).toContain('INCIDENT_IO_API_KEY is missing');
    }
  });

  it.each(['receive', 'work'])('`%s` refuses a folder and says what to set', async (command) => {
    const { code, stderr } = await runProcess([command], {
      INCIDENT_IO_API_KEY: CANARY,
      QUEUE_URL: freshFolder(),
    });
    expect(code).toBe(1);
    expect(stderr).toContain('QUEUE_URL');
    expect(stderr).toContain('redis://');
    expect(stderr).not.toContain(CANARY);
    expectNoStack(stderr);
  });

  it('a database that does not answer is waited for, and told in a sentence, without the password', async (test) => {
    const service = startProcess(['start'], {
      INCIDENT_IO_API_KEY: CANARY,
      QUEUE_URL: `postgres://postgres:${CANARY}@127.0.0.1:1/postgres`,
      PORT: '0',
    });
    test.onTestFinished(() => service.kill());
    expect(await service.logged(/does not answer/)).toContain('PostgreSQL at 127.0.0.1:1');
    service.signal('SIGTERM');
    expect(await service.ended()).toMatchObject({ code: 0 });
    const said = [...service.stdout, ...service.stderr].join('\n');
    expect(said).not.toContain(CANARY);
    expectNoStack(service.stderr.join('\n'));
  });

  it('a file where the folder should be is told in a sentence', async () => {
    const file = join(freshFolder(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await runProcess(['start'], { INCIDENT_IO_API_KEY: CANARY, QUEUE_URL: file });
    expect(code).toBe(1);
    expect(stderr).toContain(file);
    expectNoStack(stderr);
  });
});

const [anywhere] = onePlace('redis');

describe.runIf(anywhere !== undefined)('configuration of a running service', () => {
  const open = (test: Parameters<typeof openProcessWorld>[3], over: Record<string, string> = {}) => {
    if (anywhere === undefined) throw new Error('this run covers no backend');
    return openProcessWorld(anywhere, over, {}, test);
  };

  it('the key of another organisation on the same store stops the start, and names both', async (test) => {
    const world = await open(test);
    const first = await world.serve();
    await first.logged('first sync finished');
    first.signal('SIGTERM');
    await first.ended();

    const other = await startSimulator({ organisation: 'Elsewhere', key: { token: 'inc_elsewhere' } });
    test.onTestFinished(() => other.close());
    const theirs = { INCIDENT_IO_API_URL: other.url, INCIDENT_IO_API_KEY: other.token };
    for (const command of ['start', 'sweep']) {
      const { code, stderr } = await world.run([command], theirs);
      expect({ command, code }).toEqual({ command, code: 1 });
      expect(stderr).toContain('https://app.incident.io/example');
      expect(stderr).toContain('https://app.incident.io/elsewhere');
      expect(stderr).not.toContain(other.token);
      expectNoStack(stderr);
    }
  });

  it('a port that is taken is told in a sentence', async (test) => {
    const world = await open(test);
    const { port } = new URL(world.incidentIo.url);
    const { code, stderr } = await world.run(['start'], { PORT: port });
    expect(code).toBe(1);
    expect(stderr).toContain(port);
    expectNoStack(stderr);
  });

  it('secrets come from a file, one a line, and while they are rotated both are taken', async (test) => {
    const file = join(freshFolder(), 'secrets');
    writeFileSync(file, `${CANARY}-old\n${CANARY}-new\n`);
    const world = await open(test, { GITHUB_WEBHOOK_SECRET: '', GITHUB_WEBHOOK_SECRET_FILE: file });
    const service = await world.serve();
    expect(await statusWith(service.at, `${CANARY}-old`)).toBe(202);
    expect(await statusWith(service.at, `${CANARY}-new`)).toBe(202);
    expect(await statusWith(service.at, `${CANARY}-other`)).toBe(401);
    expect(await statusWith(service.at, `${CANARY}-old\n${CANARY}-new`)).toBe(401);
    expect([...service.stdout, ...service.stderr].join('\n')).not.toContain(CANARY);
  });

  it('two secrets with a comma between them are both taken, and an empty one opens no route', async (test) => {
    const world = await open(test);
    const both = await world.serve('start', { GITHUB_WEBHOOK_SECRET: `${CANARY}-old, ${CANARY}-new` });
    expect(await statusWith(both.at, `${CANARY}-old`)).toBe(202);
    expect(await statusWith(both.at, `${CANARY}-new`)).toBe(202);
    expect(await statusWith(both.at, '')).toBe(401);
    await both.kill();

    const none = await world.serve('start', { GITHUB_WEBHOOK_SECRET: ' ' });
    await none.logged('no tracker is configured');
    expect(await statusWith(none.at, ' ')).toBe(404);
  });
});

async function statusWith(at: string, secret: string): Promise<number> {
  const { body, headers } = signed(closedPayload('completed'), secret);
  const answer = await fetch(`${at}/webhooks/github`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  });
  await answer.body?.cancel();
  return answer.status;
}

function expectNoStack(text: string): void {
  expect(text).not.toMatch(/^\s+at .*(\(|file:|node:)/m);
}
