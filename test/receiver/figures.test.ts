import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { Admission, type Place } from '../../src/receiver/admission.ts';
import { BODY_LIMIT, IN_FLIGHT } from '../../src/receiver/door.ts';
import { createServer, TIMEOUTS } from '../../src/receiver/server.ts';
import { gate, inMemory, post, type Raw, running, signed } from './support.ts';

const limits = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
const MIB = 1024 * 1024;
const CHUNKED = 'POST /webhooks/github HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';

it('SECURITY.md has the times and the number of connections that the server keeps to', async () => {
  const { server } = (await running()).app;
  expect(server).toMatchObject({
    headersTimeout: TIMEOUTS.headers,
    requestTimeout: TIMEOUTS.request,
    keepAliveTimeout: 65_000,
    maxConnections: 4_096,
  });
  for (const row of [
    `| headers to arrive, whole request to arrive | ${TIMEOUTS.headers / 1_000} s and ${TIMEOUTS.request / 1_000} s, else 408 |`,
    `| an answer of which nothing is taken | ${TIMEOUTS.untaken / 1_000} s, then the connection is closed |`,
    '| idle connection | 65 s |',
    '| connections at once | 4,096;',
  ])
    expect(limits).toContain(row);
});

/** A fiftieth of what the document says, which is the same of each. */
const PART = 50;
const scaled = {
  headers: TIMEOUTS.headers / PART,
  request: TIMEOUTS.request / PART,
  untaken: TIMEOUTS.untaken / PART,
  check: TIMEOUTS.check / PART,
};
/** Timers may be a little early. */
const EARLY = 20;

it('a request has the time that SECURITY.md says, of which its headers may take half, and 408 then', async () => {
  const server = await running({ timeouts: scaled });
  const took = async (text: string) => {
    const { socket, closed, text: answer } = await server.raw();
    const began = performance.now();
    socket.write(text);
    await closed;
    expect(answer()).toMatch(/^HTTP\/1.1 408 /);
    return performance.now() - began;
  };
  const [headers, body] = await Promise.all([took('POST /webhooks/github HTTP/1.1\r\n'), took(CHUNKED)]);
  expect(headers).toBeGreaterThanOrEqual(scaled.headers - EARLY);
  expect(body).toBeGreaterThanOrEqual(scaled.request - EARLY);
  expect(headers).toBeLessThan(body);
});

it('an answer of which nothing is taken has the time that SECURITY.md says, then the connection is closed', async (test) => {
  const app = createServer({ ...inMemory(), log: createLogger('silent'), timeouts: scaled });
  app.get('/large', async () => 'x'.repeat(64 * MIB));
  test.onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const open = () => new Promise<number>((done) => app.server.getConnections((_, count) => done(count)));
  const client = new Socket().on('error', () => {}).connect(Number(new URL(url).port), '127.0.0.1');
  test.onTestFinished(() => void client.destroy());
  client.pause().write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n');
  await expect.poll(open).toBe(1);
  const began = performance.now();
  await expect.poll(open, { interval: 10 }).toBe(0);
  // What its buffers took was taken while it was written.
  expect(performance.now() - began).toBeGreaterThanOrEqual(scaled.untaken / 2);
});

it('SECURITY.md has how much memory the bodies in flight may take: as much is let in, and the slowest is given up for more', () => {
  expect(limits).toContain(`| ${IN_FLIGHT.bytes / MIB} MiB together;`);
  const admission = new Admission(IN_FLIGHT, () => 0);
  const givenUp: number[] = [];
  const places = Array.from({ length: IN_FLIGHT.requests }, (_, n): Place => {
    const place = admission.enter(new Socket());
    if (place === undefined) throw new Error(`no place for ${n}`);
    place.onGivenUp = () => givenUp.push(n);
    // The later, the faster.
    place.arrived(n + 1);
    return place;
  });
  const usual = 64 * 1024;
  const room = IN_FLIGHT.bytes - IN_FLIGHT.requests * usual;
  const large = Math.ceil(room / BODY_LIMIT);
  for (const [n, place] of places.entries())
    place.charge(n >= large ? usual : Math.min(BODY_LIMIT, room - n * BODY_LIMIT));
  expect(givenUp).toEqual([]);
  expect(admission.bytes).toBe(IN_FLIGHT.bytes - large * usual);
  places.at(-1)?.charge(1);
  expect(givenUp).toEqual([0]);
  for (const place of places) place.charge(BODY_LIMIT - usual);
  expect(admission.bytes).toBeLessThanOrEqual(IN_FLIGHT.bytes);
  expect(givenUp.length).toBeGreaterThan(900);
});

it('SECURITY.md has the number of deliveries that may be in flight: 1,000 are let in, and one more is not', async () => {
  expect(limits).toContain(`| deliveries in flight | ${IN_FLIGHT.requests.toLocaleString('en')}, else 503 |`);
  const server = await running();
  const queue = gate();
  server.intake.behave = () => queue.opened;
  const { body, headers } = signed();
  const head = Object.entries({ ...headers, host: 'a', 'content-length': body.length });
  const lines = [
    'POST /webhooks/github HTTP/1.1',
    ...head.map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ];
  const whole = Buffer.concat([Buffer.from(lines.join('\r\n')), body]);
  const held: Raw[] = [];
  for (let i = 0; i < IN_FLIGHT.requests; i++) {
    const raw = await server.raw();
    raw.socket.write(whole);
    held.push(raw);
  }
  await expect.poll(async () => (await post(server.url)).status).toBe(503);
  queue.open();
  for (const { text } of held) await expect.poll(text).toMatch(/^HTTP\/1.1 202 /);
  expect((await post(server.url)).status).toBe(202);
});
