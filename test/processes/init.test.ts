import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { freshFolder } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { PATIENCE } from '../support/patience.ts';
import { startGitHub } from '../trackers/github/stand-in.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/main.js');

describe('init', () => {
  let incidentIo: Simulator;
  let incident: string;
  beforeAll(async () => {
    incidentIo = await startSimulator();
    const { id } = incidentIo.createIncident();
    incident = id;
    for (const [provider, permalink] of [
      ['github', 'https://github.com/acme/api/issues/1'],
      ['github', 'https://github.com/acme/api/issues/2'],
      ['jira', 'https://acme.atlassian.net/browse/OPS-1'],
    ] as const)
      incidentIo.createFollowUp({ incident: id, reference: { provider, name: permalink, permalink } });
    incidentIo.createFollowUp({ incident: id });
  });
  afterAll(() => incidentIo.close());

  const emptyFolder = () => realpathSync(freshFolder('init-'));
  const key = () => ({ INCIDENT_IO_API_KEY: incidentIo.token, INCIDENT_IO_API_URL: incidentIo.url });

  /** Runs it in a folder; at a terminal, each answer is typed when its question has come. */
  async function run(
    folder: string,
    args: readonly string[],
    env: Record<string, string> = key(),
    answers?: readonly (readonly [question: string, answer: string])[],
  ) {
    const command = [process.execPath, PROGRAM, ...args];
    const [file = '', ...rest] =
      answers === undefined ? command : ['script', '-qec', command.join(' '), '/dev/null'];
    const child = spawn(file, rest, {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)));
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    let from = 0;
    for (const [question, answer] of answers ?? []) {
      const about = { timeout: PATIENCE, message: `asks “${question}”` };
      await expect.poll(() => said.indexOf(question, from), about).toBeGreaterThan(-1);
      from = said.indexOf(question, from) + question.length;
      child.stdin.write(`${answer}\n`);
    }
    if (answers === undefined) child.stdin.end();
    return { code: await code, said };
  }
  const settingsIn = (folder: string) => parseEnv(readFileSync(join(folder, '.env'), 'utf8'));

  it('writes, without a terminal, what a service needs for the trackers that are in use, for its owner alone', async () => {
    const folder = emptyFolder();
    const { code, said } = await run(folder, ['init']);
    expect({ code, said }).toMatchObject({ code: 0 });
    expect(said).toContain('with the roles');
    expect(said).toContain('Follow-ups: 2 in GitHub, 1 in Jira, 1 with no issue.');
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    const settings = settingsIn(folder);
    expect(settings).toEqual({
      ...key(),
      GITHUB_WEBHOOK_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/),
      JIRA_WEBHOOK_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/),
      QUEUE_URL: '.incident-closer',
      DRY_RUN: 'true',
    });
    for (const value of [incidentIo.token, settings.GITHUB_WEBHOOK_SECRET ?? ''])
      expect(said).not.toContain(value);
    const text = readFileSync(join(folder, '.env'), 'utf8');
    for (const name of Object.keys(settings)) expect(text).toMatch(new RegExp(`^# .+\\n${name}=`, 'm'));

    const checked = await run(folder, ['config', '--check'], {});
    expect(checked).toMatchObject({ code: 0 });
  });

  it('run again adds a tracker, and changes nothing that is there', async () => {
    const folder = emptyFolder();
    await run(folder, ['init', '--tracker', 'github', '--no-dry-run', '--data', 'here']);
    const before = readFileSync(join(folder, '.env'), 'utf8');
    expect(settingsIn(folder)).not.toHaveProperty('DRY_RUN');
    const again = await run(folder, ['init', '--tracker', 'github', '--no-dry-run'], {});
    expect(again).toMatchObject({ code: 0, said: expect.stringContaining('nothing was changed') });
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(before);

    const more = await run(folder, ['init', '--tracker', 'github', 'linear', 'asana', '--no-dry-run'], {});
    expect(more.code).toBe(0);
    const after = readFileSync(join(folder, '.env'), 'utf8');
    expect(after.startsWith(before)).toBe(true);
    expect(settingsIn(folder)).toMatchObject({ QUEUE_URL: 'here', ASANA_WEBHOOK_SECRET: 'handshake' });
    // Linear makes its secret itself, and Asana's webhooks tell no state without a token.
    expect(more.said).toContain('Still to be filled in there: LINEAR_WEBHOOK_SECRET');
  });

  it('asks at a terminal, at most ten questions, again where a key does not work, and makes the webhooks that are wished', async () => {
    const folder = emptyFolder();
    const github = await startGitHub({ onTestFinished }, 'ghp_canary', ['/repos/acme/api']);
    const shell = { INCIDENT_IO_API_URL: incidentIo.url, GITHUB_URL: github.url };
    const { code, said } = await run(folder, ['init'], shell, [
      ['API key of incident.io', 'inc_wrong'],
      ['API key of incident.io', incidentIo.token],
      ['Trackers to take webhooks from', 'githob'],
      ['Trackers to take webhooks from', ''],
      ['API token of GitHub', ''],
      ['API token of Jira', 'a token of mine'],
      ['API token of Jira', 'me@acme.example:token#of-mine'],
      ['Where Jira is', ''],
      ['Where queue and store live', ''],
      ['Begin with a dry run', 'y'],
      ['Where trackers reach the service', 'closer.example.com'],
      ['Where trackers reach the service', 'http://127.0.0.1:9'],
      ['Make the webhook in GitHub now (acme/api)?', 'y'],
      ['Make the webhook in Jira now (acme.atlassian.net)?', 'n'],
      ['Token of GitHub for this command alone', 'ghp_canary'],
    ]);
    // Nothing runs yet that could answer its ping.
    expect({ code, said }).toMatchObject({ code: 1 });
    expect(said).toContain('Not yet: its ping was answered 502');
    expect(github.hooks.get('/repos/acme/api')).toMatchObject([
      {
        config: {
          url: 'http://127.0.0.1:9/webhooks/github',
          secret: settingsIn(folder).GITHUB_WEBHOOK_SECRET,
        },
      },
    ]);
    for (const text of [said, JSON.stringify(settingsIn(folder))]) expect(text).not.toContain('ghp_canary');
    expect(said).not.toMatch(/of.mine/);
    expect(said).toContain('While it runs, these make the webhooks');
    expect(said).toContain('connect github acme/api');
    expect(said).toContain('connect jira acme.atlassian.net');
    expect(settingsIn(folder)).toMatchObject({
      JIRA_API_TOKEN: 'me@acme.example:token#of-mine',
      JIRA_URL: 'https://acme.atlassian.net',
      DRY_RUN: 'true',
    });
  });

  it('says what is wrong, and writes nothing', async () => {
    const folder = emptyFolder();
    const written = () => expect(() => statSync(join(folder, '.env'))).toThrow();
    expect((await run(folder, ['init'], {})).said).toContain('There is no terminal to ask');
    written();
    const wrong = await run(folder, ['init'], { ...key(), INCIDENT_IO_API_KEY: 'inc_wrong' });
    expect(wrong.code).toBe(1);
    written();
    expect((await run(folder, ['init', '--tracker', 'githob'])).code).toBe(2);
    written();
    // Whoever laid the file there would get the key.
    mkdirSync(join(folder, 'planted'));
    writeFileSync(join(folder, 'planted/.env'), 'INCIDENT_IO_API_URL=https://elsewhere.example\n');
    const planted = await run(join(folder, 'planted'), ['init'], { INCIDENT_IO_API_KEY: incidentIo.token });
    expect(planted).toMatchObject({ code: 1, said: expect.stringContaining('set both in one place') });
  });

  it('leads to a service that closes an incident', async () => {
    const folder = emptyFolder();
    await run(folder, ['init', '--no-dry-run', '--tracker', 'github']);
    for (const { id, reference } of incidentIo.followUps(incident))
      if (reference?.name !== 'https://github.com/acme/api/issues/2') incidentIo.setFollowUp(id, 'completed');
    const PORT = String(await freePort());
    const child = spawn(process.execPath, [PROGRAM, 'start'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', HOME: folder, PORT, SETTLE_TIME: '0s' },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (data) => (said += String(data)));
    await expect.poll(() => said, { timeout: PATIENCE }).toContain('first sync finished');
    const secret = settingsIn(folder).GITHUB_WEBHOOK_SECRET ?? '';
    const told = await run(
      folder,
      ['simulator', 'close', 'acme/api#2', '--to', `http://127.0.0.1:${PORT}`, '--secret', secret],
      {},
    );
    expect(told).toMatchObject({ code: 0 });
    await expect
      .poll(() => incidentIo.incident(incident).status.category, { timeout: PATIENCE })
      .toBe('closed');
  });
});
