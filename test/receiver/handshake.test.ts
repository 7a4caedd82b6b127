import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { Tables } from '../../src/store/tables.ts';
import { OFFER_WINDOW, WebhookSecrets } from '../../src/store/webhook-secrets.ts';
import { changed, events } from '../trackers/asana/payloads.ts';
import { event } from '../trackers/notion/payloads.ts';
import { type Running, running } from './support.ts';

const OWN = 'canary-own-secret';
const OFFERED = 'canary-offered-secret';

interface Given {
  tables?: Tables;
  secrets?: string[];
  /** Whether the settings ask for a handshake. */
  asked?: boolean;
  queueDeadline?: number;
}

async function receiver({ tables = createMemoryTables(), secrets = [], asked = true, ...rest }: Given = {}) {
  const kept = new WebhookSecrets(tables);
  // A store that does not answer opens nothing.
  for (const source of ['asana', 'notion']) void kept.openFirst(source).catch(() => {});
  return running({
    webhookSecrets: { asana: secrets, notion: secrets },
    handshakes: { sources: asked ? ['asana', 'notion'] : [], kept: new WebhookSecrets(tables) },
    ...rest,
  });
}

function post(server: Running, source: string, payload: unknown, headers: Record<string, string> = {}) {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return fetch(`${server.url}/webhooks/${source}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}
const offer = (server: Running, secret: string) => post(server, 'asana', {}, { 'x-hook-secret': secret });
const deliver = (server: Running, secret: string, payload: unknown = events(changed('completed'))) => {
  const body = JSON.stringify(payload);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return post(server, 'asana', body, { 'x-hook-signature': signature });
};
const words = (server: Running) => JSON.stringify(server.lines);

describe('a handshake of Asana', () => {
  it('is answered with its secret once the store has it, and then what is signed with it is taken', async () => {
    const tables = createMemoryTables();
    const server = await receiver({ tables });
    expect((await deliver(server, OFFERED)).status).toBe(401);

    const answer = await offer(server, OFFERED);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-hook-secret')).toBe(OFFERED);
    expect(await answer.json()).toEqual({ status: 'accepted' });
    expect(await new WebhookSecrets(tables).of('asana')).toEqual([OFFERED]);

    expect(await (await deliver(server, OFFERED, events())).json()).toMatchObject({ status: 'ignored' });
    expect((await deliver(server, OFFERED)).status).toBe(202);
    expect(server.intake.batches).toMatchObject([{ tasks: [], hints: [{ tracker: 'asana' }] }]);
    expect((await deliver(server, 'another')).status).toBe(401);
    expect(words(server)).not.toContain(OFFERED);
  });

  it('counts in every process, and after a restart', async () => {
    const tables = createMemoryTables();
    const [one, other] = [await receiver({ tables }), await receiver({ tables })];
    await offer(one, OFFERED);
    expect((await deliver(other, OFFERED)).status).toBe(202);
    expect((await deliver(await receiver({ tables }), OFFERED)).status).toBe(202);
  });

  it('is answered again for the same secret, and refused for another, with what to do in the log', async () => {
    const server = await receiver();
    await offer(server, OFFERED);
    expect((await offer(server, OFFERED)).status).toBe(200);
    const refused = await offer(server, 'canary-strange');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('x-hook-secret')).toBeNull();
    expect((await deliver(server, 'canary-strange')).status).toBe(401);
    expect((await deliver(server, OFFERED)).status).toBe(202);
    expect(words(server)).toContain('secret asana --another');
    expect(words(server)).not.toContain('canary');
  });

  it('is kept along with secrets of the settings, which are valid too', async () => {
    const server = await receiver({ secrets: [OWN] });
    expect((await deliver(server, OWN)).status).toBe(202);
    await offer(server, OFFERED);
    for (const secret of [OWN, OFFERED]) expect((await deliver(server, secret)).status).toBe(202);
    expect((await offer(server, OWN)).status).toBe(200);
  });

  it('is refused where the settings ask for none, but for a secret that they have', async () => {
    const server = await receiver({ asked: false, secrets: [OWN] });
    expect((await offer(server, OFFERED)).status).toBe(401);
    expect((await deliver(server, OFFERED)).status).toBe(401);
    expect((await offer(server, OWN)).headers.get('x-hook-secret')).toBe(OWN);
  });

  it('the word that asks for it signs nothing', async () => {
    const server = await receiver();
    expect((await deliver(server, 'handshake')).status).toBe(401);
    expect((await deliver(server, '')).status).toBe(401);
  });

  it('is to be tried again while the store does not answer, and so is a delivery that cannot be verified', async () => {
    const silent: Tables = { ...createMemoryTables(), get: () => new Promise(() => {}) };
    const broken: Tables = { ...createMemoryTables(), get: () => Promise.reject(new Error('down')) };
    for (const tables of [silent, broken]) {
      const server = await receiver({ tables, secrets: [OWN], queueDeadline: 200 });
      for (const answer of [await offer(server, OFFERED), await deliver(server, OFFERED)]) {
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).not.toBeNull();
        expect(answer.headers.get('x-hook-secret')).toBeNull();
      }
      // What the settings can verify needs no store, so it is not kept waiting either.
      expect((await deliver(await receiver({ tables, secrets: [OWN] }), OWN)).status).toBe(202);
    }
  });

  it('of many at once, one is kept and the others are refused', async () => {
    const server = await receiver();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => offer(server, `secret-${i}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 401),
    ]);
  });
});

describe('a handshake of Notion', () => {
  const token = { verification_token: OFFERED };
  const sign = (payload: unknown) => ({
    'x-notion-signature': `sha256=${createHmac('sha256', OFFERED).update(JSON.stringify(payload)).digest('hex')}`,
  });

  it.each([
    ['unsigned', {}],
    ['signed with itself', sign(token)],
  ])('keeps the token, %s, and tells how to see it, not what it is', async (_, headers) => {
    const server = await receiver();
    const answer = await post(server, 'notion', token, headers);
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain(OFFERED);
    expect(words(server)).toContain('secret notion --show');
    expect(words(server)).not.toContain(OFFERED);

    const payload = event('page.undeleted');
    expect((await post(server, 'notion', payload, sign(payload))).status).toBe(202);
    expect((await post(server, 'notion', token, headers)).status).toBe(200);
    expect((await post(server, 'notion', { verification_token: 'secret_2' })).status).toBe(401);
  });
});

describe('an offer', () => {
  it.each([
    ['with Origin', { origin: 'https://evil.example' }],
    ['with Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
  ])('%s comes from somebody’s browser, and is none', async (_, headers) => {
    const server = await receiver();
    const asana = await post(server, 'asana', {}, { 'x-hook-secret': OFFERED, ...headers });
    expect(asana.status).toBe(401);
    expect(asana.headers.get('x-hook-secret')).toBeNull();
    expect((await post(server, 'notion', { verification_token: OFFERED }, headers)).status).toBe(401);
    expect((await deliver(server, OFFERED)).status).toBe(401);
  });

  it('of Notion that is not JSON is none', async () => {
    const server = await receiver();
    const form = { 'content-type': 'text/plain' };
    expect((await post(server, 'notion', { verification_token: OFFERED }, form)).status).toBe(401);
  });

  it('only verifies signatures, and is no secret that a header may carry', async () => {
    const server = await receiver();
    expect((await post(server, 'notion', { verification_token: OFFERED })).status).toBe(200);
    const plain = await post(server, 'notion', event('page.undeleted'), { 'x-webhook-secret': OFFERED });
    expect(plain.status).toBe(401);
  });

  it('is refused once the hour of the first start is over', async () => {
    const tables = createMemoryTables();
    await new WebhookSecrets(tables).openFirst('asana');
    const time = tables.time;
    tables.time = async () => (await time()) + OFFER_WINDOW + 1;
    const server = await receiver({ tables });
    expect((await offer(server, OFFERED)).status).toBe(401);
    await new WebhookSecrets(tables).openDoor('asana');
    expect((await offer(server, OFFERED)).status).toBe(200);
  });
});

it('a source without a handshake never looks into the store', async () => {
  const down = () => Promise.reject(new Error('down'));
  const tables: Tables = { ...createMemoryTables(), get: down, time: down };
  const server = await receiver({ tables, asked: false, secrets: [OWN] });
  expect((await deliver(server, 'another')).status).toBe(401);
  expect((await deliver(server, OWN)).status).toBe(202);
});
