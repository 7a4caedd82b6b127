import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/log.ts';
import type { Refused, SignedDelivery } from '../../src/receiver/memory.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { TRIAL } from '../../src/receiver/webhooks.ts';
import { closed, other } from '../trackers/github/payloads.ts';
import { FakeIntake, post, running, signed } from './support.ts';

/** A receiver, and what it had remembered. */
async function remembering(over: Parameters<typeof running>[0] = {}) {
  const told: SignedDelivery[] = [];
  const refused: Refused[] = [];
  const server = await running({
    memory: { signed: (one) => told.push(one), refused: (one) => refused.push(one) },
    ...over,
  });
  return { ...server, told, refused };
}

describe('what became of a delivery', () => {
  it('is remembered with its ids, what it was read as or why not, and never its body', async () => {
    const server = await remembering();
    await post(server.url, { headers: { 'x-github-hook-id': '4711' } });
    await post(server.url, { payload: other('labeled') });
    await post(server.url, { payload: {} });
    expect(server.told).toMatchObject([
      {
        outcome: 'accepted',
        source: 'github',
        id: '5f0c-1',
        hook: '4711',
        from: '127.0.0.1',
        told: { tasks: [{ task: 'github:github.com/acme/api#12', state: 'done' }] },
      },
      { outcome: 'ignored', why: 'the action "labeled" changes no state' },
      { outcome: 'malformed', why: expect.stringContaining('action') },
    ]);
    expect(JSON.stringify(server.told)).not.toContain('disk of the queue');
    expect(server.refused).toEqual([]);
  });

  it('is remembered as not taken where the queue fails', async () => {
    const intake = new FakeIntake();
    intake.behave = () => Promise.reject(new Error('Redis is down'));
    const server = await remembering({ intake });
    expect((await post(server.url)).status).toBe(503);
    expect(server.told).toMatchObject([{ outcome: 'unavailable', id: '5f0c-1', why: expect.any(String) }]);
  });

  it('is not remembered of what doctor tries out, whatever is answered', async () => {
    const server = await remembering();
    await post(server.url, { payload: other('labeled'), headers: { [TRIAL]: '1' } });
    await post(server.url, { headers: { ...signed(closed('completed'), 'wrong').headers, [TRIAL]: '1' } });
    expect([...server.told, ...server.refused]).toEqual([]);
  });
});

describe('a delivery that is not signed with our secret', () => {
  it('is logged by the name of the setting, its own id and that of its webhook, and remembered by them', async () => {
    const server = await remembering();
    const { headers } = signed(closed('completed'), 'wrong');
    const answer = await post(server.url, { headers: { ...headers, 'x-github-hook-id': '4711' } });
    expect(await answer.json()).toEqual({ status: 'error', reason: 'signature missing or wrong' });
    expect(server.lines).toMatchObject([
      {
        level: 'warn',
        setting: 'GITHUB_WEBHOOK_SECRET',
        delivery: '5f0c-1',
        hook: '4711',
        msg: 'delivery refused: it is not signed with GITHUB_WEBHOOK_SECRET (delivery 5f0c-1, webhook 4711)',
      },
    ]);
    expect(server.refused).toMatchObject([{ reason: 'signature', source: 'github', from: '127.0.0.1' }]);
    expect(server.refused[0]?.ids?.()).toEqual({ id: '5f0c-1', hook: '4711' });
  });
});

describe('an address that no route has', () => {
  const send = (url: string, path: string) => fetch(url + path, { method: 'POST', body: '{}' });

  it('names no tracker, or one that is not set up, and is told apart', async () => {
    const server = await remembering();
    const words = async (path: string) => (await send(server.url, path)).json();
    expect(await words('/webhooks/githob')).toEqual({
      status: 'error',
      reason: 'there is no tracker "githob": did you mean github?',
    });
    expect(await words('/webhooks/GitHub/')).toMatchObject({
      reason: expect.stringContaining('did you mean github?'),
    });
    expect(await words('/webhooks/trello')).toMatchObject({
      reason: expect.stringMatching(
        /^there is no tracker "trello": the address ends in one of github, jira, /,
      ),
    });
    expect(await words('/webhooks/jira')).toMatchObject({
      reason: expect.stringContaining('jira is not configured'),
    });
    expect(server.refused).toMatchObject([
      { reason: 'no-tracker', source: '?', tracker: 'githob' },
      { reason: 'no-tracker', source: '?', tracker: 'GitHub' },
      { reason: 'no-tracker', source: '?', tracker: 'trello' },
      { reason: 'unset', source: 'jira' },
    ]);
    expect(server.lines.map(({ msg }) => msg)).toEqual([
      'delivery refused: there is no tracker "githob": did you mean github?',
      'delivery refused: there is no tracker "GitHub": did you mean github?',
      expect.stringContaining('"trello"'),
      'delivery refused: JIRA_WEBHOOK_SECRET is not set here',
    ]);
  });

  it('is no question of a secret where a process takes no webhooks', async () => {
    const app = createProbeServer({
      log: createLogger('silent'),
      ready: async () => ({ ok: true, problems: [] }),
    });
    onTestFinished(() => app.close());
    const answer = await send(await app.listen({ port: 0, host: '127.0.0.1' }), '/webhooks/github');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ reason: expect.stringContaining('takes no webhooks') });
  });

  it('costs the memory one place, whatever names a stranger tries', async () => {
    const server = await remembering();
    for (let n = 0; n < 20; n++) await send(server.url, `/webhooks/guess-${n}`);
    expect(new Set(server.refused.map(({ source }) => source))).toEqual(new Set(['?']));
  });
});
