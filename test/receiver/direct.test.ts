import { createHmac } from 'node:crypto';
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { senderBehind } from '../../src/receiver/sender.ts';
import { closed } from '../trackers/github/payloads.ts';
import { gate, type Running, running, SECRET, signed } from './support.ts';

interface Sent {
  path?: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Its bytes come in so many parts, one after another. */
  parts?: number;
}

/** All of the answer to a delivery, but for its time. */
async function answerTo(server: Running, { path = '/webhooks/github', headers, body, parts = 1 }: Sent) {
  const delivery = signed();
  const bytes = body ?? delivery.body;
  const lines = { host: 'a', 'content-length': String(bytes.length), ...delivery.headers, ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  const all = Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n`), bytes]);
  const { socket, text } = await server.raw();
  const size = Math.ceil(all.length / parts);
  for (let at = 0; at < all.length; at += size) {
    socket.write(all.subarray(at, at + size));
    if (parts > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await expect.poll(text).toMatch(/\r\n\r\n\{.*\}$/);
  return text().replace(/^date: .*$/im, 'date: …');
}

function signedAs(text: string): Sent {
  const body = Buffer.from(text);
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return { body, headers: { 'x-hub-signature-256': `sha256=${signature}` } };
}

const large = JSON.stringify({ ...closed('completed'), more: 'x'.repeat(300_000) });

it.each<[string, Sent, number]>([
  ['accepted', {}, 202],
  ['in parts', { parts: 3 }, 202],
  ['large', signedAs(large), 202],
  ['large and in parts', { ...signedAs(large), parts: 3 }, 202],
  ['ignored', { headers: { 'x-github-event': 'ping' } }, 200],
  ['not signed', { headers: { 'x-hub-signature-256': 'sha256=00' } }, 401],
  ['no JSON', signedAs('nothing'), 400],
  ['the last of its connection', { headers: { connection: 'close' } }, 202],
])('a delivery of the usual form gets the answer that Fastify gives: %s', async (_, sent, code) => {
  const server = await running();
  // Fastify takes an address with a query.
  const path = '/webhooks/github?by=fastify';
  const [directly, byFastify] = [await answerTo(server, sent), await answerTo(server, { ...sent, path })];
  expect(directly).toBe(byFastify);
  expect(directly).toContain(`HTTP/1.1 ${code} `);
});

it('a delivery of the usual form is answered and told what a failure of ours is', async () => {
  const server = await running({
    clock: {
      now: () => {
        throw new Error('no clock');
      },
    },
  });
  const path = '/webhooks/github?by=fastify';
  expect(await answerTo(server, {})).toBe(await answerTo(server, { path }));
  expect(server.lines.filter(({ msg }) => msg === 'a request failed')).toHaveLength(2);
});

it('a delivery that is in flight at the end of a receiver is answered', async () => {
  const server = await running();
  const held = gate();
  server.intake.behave = () => held.opened;
  const answered = answerTo(server, {});
  await expect.poll(() => server.intake.calls).toBe(1);
  const ended = server.app.close();
  held.open();
  expect(await answered).toContain('HTTP/1.1 202 ');
  await ended;
});

it.each([
  [undefined],
  ['9.9.9.9'],
  ['9.9.9.9, 10.1.2.3'],
  ['9.9.9.9,  10.1.2.3 ,127.0.0.1'],
  ['10.1.2.3, 10.1.2.4'],
  ['9.9.9.9, nonsense, 10.1.2.3'],
  [' , '],
  ['::ffff:10.1.2.3, 10.0.0.1'],
])('the sender behind trusted proxies is the one that Fastify finds: %s', async (forwarded) => {
  const trusted = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'];
  const senderOf = senderBehind(trusted);
  const app = Fastify({ trustProxy: trusted });
  onTestFinished(() => app.close());
  app.get('/', ({ ip, raw }) => ({ fastify: ip, ours: senderOf(raw) }));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  const { fastify, ours } = (await app.inject({ url: '/', headers })).json();
  expect(ours).toBe(fastify);
});
