import { describe, expect, it, type TestContext } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { BODY_LIMIT } from '../../src/receiver/door.ts';
import { createProbeServer, type Readiness } from '../../src/receiver/server.ts';
import type { Source } from '../../src/trackers/tracker.ts';
import { ignored } from '../../src/trackers/translation.ts';
import { closed, other } from '../trackers/github/payloads.ts';
import { gate, post, type Running, running, SECRET, signed } from './support.ts';

async function refused(
  response: Response,
  status: number,
  reason: string | RegExp,
  { intake, lines }: Running,
) {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const text = await response.text();
  expect(JSON.parse(text)).toEqual({ status: 'error', reason: expect.stringMatching(reason) });
  expect(intake.calls).toBe(0);
  expect(text + JSON.stringify(lines)).not.toContain(SECRET);
}

describe('the receiver', () => {
  it('accepts a signed delivery once the queue has it', async () => {
    const server = await running();
    const response = await post(server.url);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ status: 'accepted' });
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const [batch] = server.intake.batches;
    expect(batch).toMatchObject({
      tasks: [
        {
          task: 'github:github.com/acme/api#12',
          state: 'done',
          receivedAt: Date.parse('2026-03-01T12:00:00Z'),
        },
      ],
      incidents: [],
    });
    expect(server.lines).toMatchObject([
      {
        level: 'info',
        source: 'github',
        delivery: '5f0c-1',
        task: 'github:github.com/acme/api#12',
        state: 'done',
      },
    ]);
  });

  it('queues the event only, never the payload', async () => {
    const server = await running();
    await post(server.url);
    expect(JSON.stringify(server.intake.batches).length).toBeLessThan(500);
    expect(JSON.stringify(server.intake.batches)).not.toContain('disk of the queue');
  });

  it('answers 200 with the reason for what means nothing here, and queues nothing', async () => {
    const server = await running();
    const response = await post(server.url, { payload: other('labeled') });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ignored',
      reason: 'the action "labeled" changes no state',
    });
    expect(server.intake.calls).toBe(0);
    expect(server.lines).toMatchObject([{ level: 'debug', reason: expect.any(String) }]);
  });

  it('refuses a delivery that is not signed, or by another secret, with the same words', async () => {
    const server = await running();
    const bodies = [];
    for (const headers of [{ 'x-hub-signature-256': '' }, signed(closed('completed'), 'another').headers]) {
      const response = await post(server.url, { headers });
      bodies.push(await response.clone().text());
      await refused(response, 401, 'signature missing or wrong', server);
    }
    expect(new Set(bodies).size).toBe(1);
    expect(server.lines).toMatchObject([{ level: 'warn', source: 'github' }, { level: 'warn' }]);
    expect(JSON.stringify(server.lines)).not.toContain('sha256');
  });

  it('looks at the body of a delivery only after its signature', async () => {
    const server = await running();
    const body = Buffer.from('not json');
    await refused(await post(server.url, { body }), 401, 'signature', server);
    const { headers } = signed(body);
    await refused(await post(server.url, { body, headers }), 400, 'not JSON', server);
    await refused(await post(server.url, { payload: {} }), 400, 'action', server);
    await refused(await post(server.url, { body: Buffer.alloc(0) }), 401, 'signature', server);
  });

  it.each([
    'text/plain',
    'application/octet-stream',
    'application/json; charset=utf-8',
    'application/vnd.github+json',
  ])('reads the bytes whatever the content type says: %s', async (type) => {
    const server = await running();
    expect((await post(server.url, { headers: { 'content-type': type } })).status).toBe(202);
  });

  it('says what to choose where GitHub sends forms', async () => {
    const server = await running();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await refused(await post(server.url, { headers }), 400, 'application/json', server);
  });

  it('has no route for a tracker without a secret, for unknown ones and for other paths', async () => {
    const server = await running({ webhookSecrets: {} });
    await refused(await post(server.url), 404, 'github is not configured', server);
    for (const path of [
      '/webhooks/jira',
      '/webhooks/',
      '/webhooks/github/x',
      '/nothing',
      '/%ff',
      `/${'a'.repeat(2000)}`,
    ]) {
      const response = await fetch(server.url + path, { method: 'POST', body: '{' });
      await refused(response, path === '/%ff' ? 400 : 404, '', server);
    }
    expect(server.lines).toMatchObject(
      ['github', 'jira'].map((source) => ({
        level: 'warn',
        source,
        msg: `delivery refused: ${source.toUpperCase()}_WEBHOOK_SECRET is not set here`,
      })),
    );
  });

  it('takes POST only', async () => {
    const server = await running();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${server.url}/webhooks/github`, { method });
      expect(response.headers.get('allow')).toBe('POST');
      await refused(response, 405, 'only POST', server);
    }
  });

  it('reads a body of 5 MiB and refuses one byte more, announced or not', async () => {
    const server = await running();
    const large = { ...closed('completed'), padding: '' };
    large.padding = 'x'.repeat(BODY_LIMIT - Buffer.byteLength(JSON.stringify(large)));
    expect((await post(server.url, { payload: large })).status).toBe(202);
    server.intake.calls = 0;

    large.padding += 'x';
    await refused(await post(server.url, { payload: large }), 413, '5 MiB', server);
    const { headers, body } = signed(large);
    const chunked = new Blob([new Uint8Array(body)]).stream();
    const init = { method: 'POST', headers, body: chunked, duplex: 'half' } as const;
    await refused(await fetch(`${server.url}/webhooks/github`, init), 413, '5 MiB', server);
    expect((await post(server.url)).status).toBe(202);
  });

  it('stops an endless body after its answer', async () => {
    const server = await running();
    const { socket, closed: cut, text } = await server.raw();
    socket.write('POST /webhooks/github HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const send = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', send);
    send();
    await cut;
    expect(text()).toMatch(/^HTTP\/1.1 413 /);
    expect(text().match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it('asks the sender to try again when the queue fails', async () => {
    const server = await running();
    server.intake.behave = () => Promise.reject(new Error(`redis://:${'hidden'}@host is down`));
    const response = await post(server.url);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toBe('{"status":"error","reason":"the queue cannot take it now"}');
    expect(server.lines).toMatchObject([{ level: 'error', delivery: '5f0c-1', err: { type: 'Error' } }]);
  });

  it('asks the sender to try again when the queue hangs, and never accepts what it did not take', async () => {
    const server = await running({ queueDeadline: 1_000 });
    const hanging = gate();
    server.intake.behave = () => hanging.opened;
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(server.url)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 503));
    expect(server.intake.batches).toEqual([]);

    hanging.open();
    expect((await post(server.url)).status).toBe(202);
    // Only the one that was being added when the queue hung; those that waited were dropped.
    expect(server.intake.deliveries).toHaveLength(2);
  });

  it('refuses what is more than it can hold, before reading it, and recovers', async () => {
    const server = await running({ inFlight: { requests: 2, bytes: 1e6 } });
    const hanging = gate();
    server.intake.behave = () => hanging.opened;
    const taken = [post(server.url), post(server.url)];
    await expect.poll(() => server.intake.calls).toBe(1);
    await expect
      .poll(async () => (await fetch(`${server.url}/webhooks/github`, { method: 'POST', body: 'x' })).status)
      .toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    hanging.open();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([202, 202]);
    expect((await post(server.url)).status).toBe(202);
  });

  it('hangs up on a client that sends its headers or body too slowly, and serves others meanwhile', async () => {
    const server = await running({ timeouts: { headers: 200, request: 400, check: 50 } });
    const headers = await server.raw();
    headers.socket.write('POST /webhooks/github HTTP/1.1\r\nhost: a\r\nx-slow:');
    const body = await server.raw();
    body.socket.write('POST /webhooks/github HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{');
    // A busy machine may be too slow itself, once or twice.
    await expect.poll(async () => (await post(server.url)).status).toBe(202);
    await Promise.all([headers.closed, body.closed]);
    for (const { text } of [headers, body]) expect(text()).toMatch(/^HTTP\/1.1 408 [\s\S]*"status":"error"/);
    expect(server.intake.calls).toBe(1);
  });

  it('answers bytes that are no HTTP', async () => {
    const server = await running();
    const { socket, closed: cut, text } = await server.raw();
    socket.write('hello\r\n\r\n');
    await cut;
    expect(text()).toMatch(/^HTTP\/1.1 400 [\s\S]*"status":"error"/);
  });

  it('finishes what it has begun when it is closed', async () => {
    const server = await running();
    const slow = gate();
    server.intake.behave = () => slow.opened;
    const answer = post(server.url);
    await expect.poll(() => server.intake.calls).toBe(1);
    const closing = server.app.close();
    slow.open();
    expect((await answer).status).toBe(202);
    await closing;
  });

  it('does not show its errors to clients', async () => {
    const source: Source = {
      name: 'broken',
      title: 'Broken',
      verify: () => Promise.reject(new Error('inner words')),
      translate: () => ignored(''),
      ping: async () => ({ headers: {}, body: '' }),
    };
    const server = await running({ sources: [source], webhookSecrets: { broken: ['s'] } });
    const response = await fetch(`${server.url}/webhooks/broken`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('{"status":"error","reason":"it failed here: see the log"}');
    expect(JSON.stringify(server.lines)).toContain('inner words');
  });
});

describe('the probes', () => {
  const log = createLogger('silent', { pretty: false });
  const ready = async (): Promise<Readiness> => ({ ok: true, problems: [] });

  async function probes(test: Pick<TestContext, 'onTestFinished'>, how: () => Promise<Readiness>) {
    const app = createProbeServer({ log, ready: how });
    test.onTestFinished(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  }

  it('say that the process lives and is ready', async () => {
    const { url } = await running();
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok', problems: [] });
  });

  it('say why a process is not ready', async (test) => {
    const url = await probes(test, async () => ({ ok: false, problems: ['Redis does not answer'] }));
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'unavailable', problems: ['Redis does not answer'] });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('are red where readiness cannot be found out', async (test) => {
    const url = await probes(test, () => Promise.reject(new Error('no')));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });

  it('come without webhooks where a process only works', async (test) => {
    const url = await probes(test, ready);
    expect((await fetch(`${url}/webhooks/github`, { method: 'POST' })).status).toBe(404);
  });
});
