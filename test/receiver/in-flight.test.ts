import { request as httpRequest } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { createServer } from '../../src/receiver/server.ts';
import { gate, inMemory, post, running, signed } from './support.ts';

/** Sends the headers of a delivery and nothing of its body; answers how to hang up. */
function begin(url: string, headers: Record<string, string>) {
  const sending = httpRequest(`${url}/webhooks/github`, { method: 'POST', headers });
  sending.on('error', () => {});
  sending.flushHeaders();
  return { hangUp: () => void sending.destroy() };
}

describe('a place in flight', () => {
  it('is given back where the sender hangs up, before its body is there and after', async () => {
    const queue = gate();
    const { url, intake } = await running({ inFlight: { requests: 2, bytes: 1e9 } });
    intake.behave = () => queue.opened;
    const half = begin(url, { 'content-length': '100' });
    const { body, headers } = signed();
    const stop = new AbortController();
    const whole = fetch(`${url}/webhooks/github`, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      signal: stop.signal,
    });
    await expect.poll(() => intake.calls).toBe(1);
    await expect
      .poll(async () => (await post(url, { headers: { 'x-hub-signature-256': 'no' } })).status)
      .toBe(503);
    half.hangUp();
    stop.abort();
    await expect(whole).rejects.toThrow();
    // Both are free: one answer that waits, and one beside it.
    await expect
      .poll(async () => (await post(url, { headers: { 'x-hub-signature-256': 'no' } })).status)
      .toBe(401);
    const last = begin(url, { 'content-length': '100' });
    await expect
      .poll(async () => (await post(url, { headers: { 'x-hub-signature-256': 'no' } })).status)
      .toBe(401);
    last.hangUp();
    queue.open();
  });

  it('is given back after an answer of any kind', async () => {
    const { url, intake } = await running({ inFlight: { requests: 1, bytes: 1e9 } });
    const refused = { headers: { 'x-hub-signature-256': 'no' } };
    for (let n = 0; n < 3; n++) {
      await expect.poll(async () => (await post(url, refused)).status).toBe(401);
      await expect.poll(async () => (await post(url)).status).toBe(202);
      await expect
        .poll(async () => (await post(url, { body: Buffer.alloc(6 * 1024 * 1024) })).status)
        .toBe(413);
      intake.behave = () => Promise.reject(new Error('down'));
      await expect.poll(async () => (await post(url)).status).toBe(503);
      intake.behave = async () => {};
    }
  });
});

describe('what is told of a request', () => {
  it('holds none of its query, which may be a secret, whatever becomes of it', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('trace', {
      pretty: false,
      destination: { write: (line) => lines.push(JSON.parse(line)) },
    });
    const app = createServer({ ...inMemory(), log });
    app.get('/breaks', async () => {
      throw new Error('it broke');
    });
    const query = '?token=canary-of-the-query';
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => app.close());
    const large = { method: 'POST', body: new Uint8Array(6 * 1024 * 1024) };
    const answers = [
      await fetch(`${url}/webhooks/github${query}`, large),
      await fetch(`${url}/breaks${query}`),
      await fetch(`${url}/webhooks/linear${query}`, { method: 'POST', body: '{}' }),
      await fetch(`${url}/webhooks/github${query}`),
      await fetch(`${url}/nothing${query}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([413, 500, 404, 405, 404]);
    for (const answer of answers) expect(await answer.text()).not.toContain('canary');
    expect(lines.map(({ path }) => path)).toEqual(expect.arrayContaining(['/webhooks/github', '/breaks']));
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('readiness', () => {
  it('is found out once for all who ask at the same time', async () => {
    const held = gate();
    let looks = 0;
    const { url } = await running({
      ready: async () => {
        looks += 1;
        await held.opened;
        return { ok: true, problems: [] };
      },
    });
    const answers = Array.from({ length: 20 }, () => fetch(`${url}/readyz`));
    await expect.poll(() => looks).toBe(1);
    await Promise.race([Promise.all(answers), new Promise((resolve) => setTimeout(resolve, 200))]);
    held.open();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(looks).toBe(1);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(looks).toBe(2);
  });

  it('is answered in time, as not ready, where what it rests on never answers', async () => {
    const ready = { ok: true, problems: [] };
    const looks = [
      () => new Promise<typeof ready>(() => {}),
      () => Promise.reject(new Error('the store is down')),
      async () => ready,
    ];
    const { url } = await running({ ready: () => looks.shift()?.() ?? Promise.resolve(ready) });
    for (let n = 0; n < 2; n++) {
      const answer = await fetch(`${url}/readyz`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ status: 'unavailable', problems: [expect.any(String)] });
    }
    // It is looked at anew each time.
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});
