/** From nothing to the first closing, by the commands on the trackers' pages, against stand-ins of the trackers. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { onePlace } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { startAzureDevOps } from '../trackers/azure-devops/stand-in.ts';
import { startClickUp } from '../trackers/clickup/stand-in.ts';
import { startShortcut } from '../trackers/shortcut/stand-in.ts';
import { closed, openProcessWorld } from './world.ts';

const run = promisify(execFile);
const TOKEN = 'pk_canary_token';
const [place] = onePlace('redis');

/** The command on a page that makes the webhook, with other addresses in it. */
function commandOf(name: string, addresses: Record<string, string>): string {
  const page = readFileSync(join(import.meta.dirname, `../../docs/trackers/${name}.md`), 'utf8');
  const command = /```sh\n\s*(curl -X POST[\s\S]*?)```/.exec(page)?.[1] ?? '';
  return Object.entries(addresses).reduce((text, [from, to]) => text.replaceAll(from, to), command);
}

it.each([
  ['azure-devops', 'azure_devops', 'https://dev.azure.com/acme', startAzureDevOps],
  ['clickup', 'click_up', 'https://api.clickup.com', startClickUp],
  ['shortcut', 'shortcut', 'https://api.app.shortcut.com', startShortcut],
] as const)(
  'with %s: a secret, a webhook, and a task that is finished',
  async (name, provider, api, start) => {
    if (place === undefined) throw new Error('no backend is tested');
    const tracker = await start({ onTestFinished }, TOKEN);
    const world = await openProcessWorld(place, {}, {}, { onTestFinished });
    const { id, reference } = world.incidentIo.createIncident({ name: 'Everything is down' });
    world.incidentIo.createFollowUp({
      incident: id,
      title: 'Do it',
      reference: { provider, name: 'it', permalink: tracker.permalink },
    });

    const prefix = name.toUpperCase().replaceAll('-', '_');
    const made = (await world.run(['secret', name])).stdout.split('\n')[0] ?? '';
    const secret = tracker.secret ?? made;
    const PORT = String(await freePort());
    const env = { PATH: process.env.PATH, TOKEN, PROJECT: '11bb', [`${prefix}_WEBHOOK_SECRET`]: secret };
    const at = `http://127.0.0.1:${PORT}`;
    const command = commandOf(name, {
      [api]: tracker.url,
      'https://closer.example.com': at,
      '<number>': '9012',
    });
    const { stdout } = await run('sh', ['-c', command], { env });
    if (tracker.secret !== undefined) expect(stdout).toContain(tracker.secret);

    const service = await world.serve('start', {
      PORT,
      [`${prefix}_WEBHOOK_SECRET`]: secret,
      [`${prefix}_API_TOKEN`]: TOKEN,
      [`${prefix}_URL`]: tracker.url,
    });
    await service.logged('first sync finished');
    expect((await tracker.finish()).status).toBe(202);
    await closed(world, { id, reference, followUps: [] });
    const log = [...service.stdout, ...service.stderr].join('\n');
    for (const hidden of [secret, TOKEN]) expect(log).not.toContain(hidden);
  },
);
