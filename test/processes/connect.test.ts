/** From nothing to the first closing by `init`, `connect`, `start` and one issue that is closed. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { freshFolder } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { permalinkOf } from '../support/github.ts';
import { runProcess, startProcess } from '../support/process.ts';
import { startAsana } from '../trackers/asana/stand-in.ts';
import { startGitHub } from '../trackers/github/stand-in.ts';

const TOKEN = 'ghp_canary_admin';
const ASANA_TOKEN = 'canary_of_asana';

it('init, connect and start lead to a first closing, and the admin token is nowhere', async () => {
  const incidentIo = await startSimulator();
  onTestFinished(() => incidentIo.close());
  const { id } = incidentIo.createIncident();
  const permalink = permalinkOf('acme/api#12');
  incidentIo.createFollowUp({ incident: id, reference: { provider: 'github', name: permalink, permalink } });
  const github = await startGitHub({ onTestFinished }, TOKEN, ['/repos/acme/api']);
  const folder = realpathSync(freshFolder('connect-'));
  const file = join(folder, '.env');
  const PORT = String(await freePort());
  const said: string[] = [];
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await runProcess(args, env);
    said.push(stdout, stderr);
    return { code, told: stdout + stderr };
  };

  const key = { INCIDENT_IO_API_KEY: incidentIo.token, INCIDENT_IO_API_URL: incidentIo.url };
  const data = join(folder, 'data');
  expect(await run(['init', '--no-dry-run', '--file', file, '--data', data], key)).toMatchObject({ code: 0 });
  const settings = () =>
    Object.fromEntries(Object.entries(parseEnv(readFileSync(file, 'utf8'))).map(([k, v]) => [k, v ?? '']));
  const asana = await startAsana(ASANA_TOKEN);
  onTestFinished(async () => void (await asana.close()));
  const env = {
    ...{ ...settings(), PORT, SETTLE_TIME: '0s', GITHUB_URL: github.url },
    ...{ ASANA_URL: asana.url, ASANA_WEBHOOK_SECRET: 'handshake' },
  };
  const at = { ...env, PUBLIC_URL: `http://127.0.0.1:${PORT}` };

  // What lacks or is wrong is said before anything is sent.
  const connect = ['connect', 'github', 'acme/api'];
  expect(await run(connect, { ...env, CONNECT_TOKEN: TOKEN })).toMatchObject({
    code: 1,
    told: expect.stringContaining('PUBLIC_URL is missing'),
  });
  expect(await run(connect, at)).toMatchObject({ code: 2, told: expect.stringContaining('--token-file') });
  expect(await run(['connect', 'githob', 'acme/api'], at)).toMatchObject({ code: 2 });
  expect(await run(['connect', 'github', 'acme/api/12'], at)).toMatchObject({ code: 2 });
  const shown = await run([...connect, '--dry-run'], { ...at, CONNECT_TOKEN: TOKEN });
  expect(shown).toMatchObject({ code: 0, told: expect.stringContaining('Would send: POST') });
  expect(github.hooks.get('/repos/acme/api')).toEqual([]);

  // Made before the service is there, it is said to be no more than that.
  const made = await run(connect, { ...at, CONNECT_TOKEN: TOKEN });
  expect(made).toMatchObject({
    code: 1,
    told: expect.stringContaining('Not yet: its ping was answered 502'),
  });
  const service = startProcess(['start'], env);
  onTestFinished(() => service.kill());
  await service.logged('first sync finished');
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${TOKEN}\n`);
  const again = await run([...connect, '--token-file', tokenFile], at);
  expect(again).toMatchObject({
    code: 0,
    told: expect.stringContaining('Proven: its ping was answered 200'),
  });
  expect(await run(['connect', 'github', '--list'], at)).toMatchObject({
    code: 0,
    told: expect.stringContaining('github'),
  });
  expect(github.hooks.get('/repos/acme/api')).toHaveLength(1);

  expect(await github.closeIssue('/repos/acme/api', 'acme/api#12')).toEqual([202]);
  await expect.poll(() => incidentIo.incident(id).status.category).toBe('closed');
  // Asana offers its secret to the service that runs; after that only a change to a task shows that deliveries arrive.
  const project = ['connect', 'asana', '1300', '--wait', '60s'];
  const shaken = await run(project, { ...at, CONNECT_TOKEN: ASANA_TOKEN });
  expect(shaken).toMatchObject({ code: 0, told: expect.stringContaining('Proven: the service answered') });
  const changing = run([...project, '--json'], { ...at, CONNECT_TOKEN: ASANA_TOKEN });
  await expect.poll(() => asana.calls.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  expect((await asana.complete('1300', '41')).ok).toBe(true);
  const proven = await changing;
  expect(proven).toMatchObject({ code: 0, told: expect.stringContaining('Proven: a delivery came') });
  expect(proven.told).toContain('"result": "proven"');

  const all = [...said, ...service.stdout, ...service.stderr, readFileSync(file, 'utf8')].join('\n');
  for (const hidden of [TOKEN, ASANA_TOKEN, ...asana.secrets()]) expect(all).not.toContain(hidden);
  expect([...said].join('\n')).not.toContain(settings().GITHUB_WEBHOOK_SECRET);

  const gone = await run(['disconnect', 'github', 'acme/api', '--token-file', tokenFile], at);
  expect(gone).toMatchObject({ code: 0, told: expect.stringContaining('Removed webhook') });
  expect(github.hooks.get('/repos/acme/api')).toEqual([]);
});
