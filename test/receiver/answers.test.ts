import { describe, expect, it } from 'vitest';
import { sources } from '../../src/trackers/index.ts';
import { AT } from '../trackers/samples.ts';
import { running } from './support.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const webhookSecrets = Object.fromEntries(sources.map(({ name }) => [name, [SECRET]]));

/** What an answer costs at the sender's end is decided source by source: each adapter names its own source for it. */
const COSTLY = ['azure-devops', 'notion', 'clickup', 'gitlab', 'asana', 'linear', 'incident-io', 'shortcut'];
const FORGETFUL = ['azure-devops', 'clickup'];

describe('what an answer costs its sender', () => {
  it.each(sources)(
    '$title: rightly signed and of no use is 2xx where an error would count against the webhook',
    async (source) => {
      const server = await running({ webhookSecrets, clock: { now: () => AT } });
      const { headers, body } = await source.ping(SECRET, AT);
      const answer = await fetch(`${server.url}/webhooks/${source.name}`, { method: 'POST', headers, body });
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({
        status: 200,
        body: { status: 'ignored' },
      });
      expect(source.answers?.useless).toBe(COSTLY.includes(source.name) ? 200 : undefined);
    },
  );

  it('Azure DevOps: a body that is none of its own is ignored with 200, and a wrong password is told to come again', async () => {
    const server = await running({ webhookSecrets, clock: { now: () => AT } });
    const send = (secret: string, body: string) =>
      fetch(`${server.url}/webhooks/azure-devops`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`x:${secret}`).toString('base64')}` },
        body,
      });
    const useless = await send(SECRET, 'no JSON');
    expect(useless.status).toBe(200);
    expect(await useless.json()).toMatchObject({ status: 'ignored', reason: expect.any(String) });
    const wrong = await send('another', '{}');
    expect({ status: wrong.status, after: wrong.headers.get('retry-after') }).toEqual({
      status: 503,
      after: '5',
    });
  });

  it('while a secret is not set, a sender that forgets what is answered 404 is asked to come again', async () => {
    const server = await running({ webhookSecrets: {}, clock: { now: () => AT } });
    for (const { name } of sources) {
      const answer = await fetch(`${server.url}/webhooks/${name}`, { method: 'POST', body: '{}' });
      expect({ name, status: answer.status }).toEqual({ name, status: FORGETFUL.includes(name) ? 503 : 404 });
    }
    expect((await fetch(`${server.url}/webhooks/trello`, { method: 'POST' })).status).toBe(404);
  });
});
