/** From nothing to the first closing, as the pages of the docs say, against stand-ins of the trackers. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { runProcess } from '../support/process.ts';
import { sentByRule } from '../support/servicenow-rule.ts';
import { startAsana } from '../trackers/asana/stand-in.ts';
import { startNotion } from '../trackers/notion/stand-in.ts';
import { HOST, SYS_ID } from '../trackers/servicenow/payloads.ts';
import { closed, openProcessWorld, type ProcessWorld, type Served } from './world.ts';

const run = promisify(execFile);
const TOKEN = 'canary-api-token';

type Provider = 'asana' | 'notion' | 'service_now';

/** An incident whose only follow-up is that task. */
function incidentAbout({ incidentIo }: ProcessWorld, provider: Provider, permalink: string) {
  const incident = incidentIo.createIncident({ name: `About ${permalink}` });
  const reference = { provider, name: permalink, permalink };
  incidentIo.createFollowUp({ incident: incident.id, title: 'Do it', reference });
  return { id: incident.id, reference: incident.reference, followUps: [] };
}

const logOf = ({ stdout, stderr }: Served) => [...stdout, ...stderr].join('\n');

// The store's own tests show that PostgreSQL keeps a secret as well.
const places = onePlace('redis');

describe.each(places)('from nothing to the first closing, on $name', (place) => {
  it('with Asana: one webhook, a restart, and another one', async (test) => {
    const asana = await startAsana(TOKEN);
    test.onTestFinished(async () => void (await asana.close()));
    const settings = { ASANA_WEBHOOK_SECRET: 'handshake', ASANA_API_TOKEN: TOKEN, ASANA_URL: asana.url };
    const world = await openProcessWorld(place, settings, {}, test);
    const first = incidentAbout(world, 'asana', 'https://app.asana.com/0/1300/41/f');
    const second = incidentAbout(world, 'asana', 'https://app.asana.com/1/1100/project/1301/task/42');

    const docs = readFileSync(join(import.meta.dirname, '../../docs/trackers/asana.md'), 'utf8');
    const step =
      /<!-- example: sh -->\n *```sh\n([\s\S]*?)```/.exec(docs)?.[1]?.replaceAll(/^ {3}/gm, '') ?? '';
    const create = (service: Served, project: string) => {
      const env = { PATH: process.env.PATH, PROJECT: project, CLOSER_URL: service.at, ...settings };
      return run('sh', ['-c', step], { env });
    };

    const PORT = String(await freePort());
    let service = await world.serve('start', { PORT });
    await service.logged('first sync finished');
    await create(service, '1300');
    await service.logged('Asana offered the secret of its webhook, and it is kept');
    expect((await asana.heartbeat('1300')).status).toBe(200);
    expect((await asana.complete('1300', '41')).status).toBe(202);
    await closed(world, first);

    service.signal('SIGTERM');
    await service.ended();
    service = await world.serve('start', { PORT });
    expect((await asana.heartbeat('1300')).status).toBe(200);
    await expect(create(service, '1301')).rejects.toThrow('400');
    await service.logged('secret asana --another');
    expect(await world.run(['secret', 'asana', '--another'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^One more secret of Asana is taken until \d{4}-/),
    });
    await create(service, '1301');
    expect((await asana.complete('1301', '42')).status).toBe(202);
    await closed(world, second);

    expect((await asana.heartbeat('1300')).status).toBe(200);
    for (const secret of [...asana.secrets(), TOKEN]) expect(logOf(service)).not.toContain(secret);
  });

  it('with Notion: the token that a person has to paste is shown to who asks for it, and in no log', async (test) => {
    const notion = await startNotion(TOKEN);
    test.onTestFinished(async () => void (await notion.close()));
    const settings = { NOTION_WEBHOOK_SECRET: 'handshake', NOTION_API_TOKEN: TOKEN, NOTION_URL: notion.url };
    const world = await openProcessWorld(place, settings, {}, test);
    const id = 'ab'.repeat(16);
    const incident = incidentAbout(world, 'notion', `https://www.notion.so/acme/Rotate-the-keys-${id}`);
    const service = await world.serve();
    await service.logged('first sync finished');
    const target = `${service.at}/webhooks/notion`;

    const early = await world.run(['secret', 'notion', '--show']);
    expect(early).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no secret yet') });
    expect((await notion.subscribe(target)).status).toBe(200);
    await service.logged('secret notion --show');
    const { stdout } = await world.run(['secret', 'notion', '--show']);
    expect(notion.isVerifiedBy(stdout)).toBe(true);

    expect((await notion.finish(target, id)).status).toBe(202);
    await closed(world, incident);
    for (const secret of [notion.secret, TOKEN]) expect(logOf(service)).not.toContain(secret);

    const forget = await world.run(['secret', 'notion', '--forget']);
    expect(forget).toMatchObject({ code: 0, stdout: expect.stringContaining('1 forgotten') });
    expect((await notion.finish(target, id)).status).toBe(401);
  });

  it('with ServiceNow: a secret, and the rule as it is documented', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const { stdout } = await world.run(['secret', 'servicenow']);
    const secret = stdout.split('\n')[0] ?? '';
    const incident = incidentAbout(
      world,
      'service_now',
      `https://${HOST}/nav_to.do?uri=incident.do?sys_id=${SYS_ID}`,
    );
    const service = await world.serve('start', { SERVICENOW_WEBHOOK_SECRET: secret });
    await service.logged('first sync finished');
    const record = { state: '6', sys_updated_on: new Date().toISOString().slice(0, 19).replace('T', ' ') };
    const { headers, body } = sentByRule({
      record,
      before: '2',
      operation: 'update',
      secret,
      at: Date.now(),
    });
    const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const init = { method: 'POST', headers: sent, body: new Uint8Array(body) };
    expect((await fetch(`${service.at}/webhooks/servicenow`, init)).status).toBe(202);
    await closed(world, incident);
  });
});

describe('`secret`', () => {
  it('makes a strong one of the form that the tracker needs, on the first line', async () => {
    const first = async (...args: string[]) =>
      (await runProcess(['secret', ...args], {})).stdout.split('\n')[0];
    expect(await first('generic')).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await first('servicenow')).toMatch(/^whsec_/);
    expect(await first('github')).toMatch(/^[0-9a-f]{64}$/);
    expect((await runProcess(['secret', 'linear'], {})).stdout).not.toMatch(
      /[0-9a-f]{64}|whsec_[A-Za-z0-9+/]{30}/,
    );
    expect((await runProcess(['secret', 'linear'], {})).stdout).toContain('LINEAR_WEBHOOK_SECRET');
    expect(await first()).toMatch(/^[0-9a-f]{64}$/);
    expect(await first('github')).not.toBe(await first('github'));
  });
});
