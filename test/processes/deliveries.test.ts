import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signed } from '../receiver/support.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { closed, openProcessWorld } from './world.ts';

describe.each(onePlace('embedded'))('deliveries, on $name', (like) => {
  it('are remembered: which incident one woke, which secret is wrong, and where a webhook goes that is none', async (test) => {
    const world = await openProcessWorld(like, {}, {}, test);
    const incident = world.incident(['acme/api#12']);
    const service = await world.serve();
    await service.logged('first sync finished');
    await service.github({ issue: 'acme/api#12', action: 'closed' });
    await closed(world, incident);
    const ask = async (...args: string[]) => {
      const { code, stdout, stderr } = await world.run(['deliveries', ...args]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return stdout;
    };
    const api = async () => JSON.stringify(await (await fetch(`${service.at}/api/deliveries`)).json());
    await expect.poll(api).toContain(`woke ${incident.reference}`);
    expect(await ask('--task', 'acme/api#12')).toContain(`woke ${incident.reference}`);

    const payload = join(freshFolder(), 'payload.json');
    writeFileSync(payload, signed().body);
    const replayed = await world.run(['replay', 'github', payload, '--header', 'X-GitHub-Event: issues']);
    expect(replayed.stdout).toContain(`It belongs to ${incident.reference}.`);

    const { body, headers } = signed(undefined, 'wrong');
    const send = (path: string) =>
      fetch(`${service.at}${path}`, {
        method: 'POST',
        headers: { ...headers, 'x-github-hook-id': '4711' },
        body: new Uint8Array(body),
      });
    expect((await send('/webhooks/github')).status).toBe(401);
    expect((await send('/webhooks/githob')).status).toBe(404);
    await service.logged(/it is not signed with GITHUB_WEBHOOK_SECRET \(delivery 5f0c-1, webhook 4711\)/);

    await expect.poll(api).toContain('did you mean github?');
    const told = await ask('--refused');
    expect(told).toMatch(/REFUSED +github: it is not signed with GITHUB_WEBHOOK_SECRET; once/);
    expect(told).toMatch(/delivery 5f0c-1, webhook 4711 +from 127\.0\.0\.1/);
    expect(told).toContain('there is no tracker "githob": did you mean github?');
    const board = await (await fetch(`${service.at}/api/board`)).json();
    expect(board).toMatchObject({
      sources: [{ name: 'github', alarms: [expect.stringContaining('webhook 4711')] }],
    });
    const found = await world.run(['doctor']);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(
      /^TROUBLE +github: .*not signed with GITHUB_WEBHOOK_SECRET \(delivery 5f0c-1, webhook 4711\)/m,
    );
    expect(found.stdout).toMatch(/^WARNING +webhooks: .*did you mean github\?/m);

    // What is signed again makes it good, for this webhook.
    const right = signed(undefined, world.env.GITHUB_WEBHOOK_SECRET);
    await fetch(`${service.at}/webhooks/github`, {
      method: 'POST',
      headers: { ...right.headers, 'x-github-hook-id': '4711' },
      body: new Uint8Array(right.body),
    });
    await expect
      .poll(async () => JSON.stringify(await (await fetch(`${service.at}/api/board`)).json()))
      .not.toContain('"alarms"');
  });
});
