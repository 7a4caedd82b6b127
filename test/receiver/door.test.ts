import { once } from 'node:events';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Admission, type Place } from '../../src/receiver/admission.ts';
import { BODY_LIMIT } from '../../src/receiver/door.ts';
import { readBody } from '../../src/receiver/read-body.ts';
import { gate, post, type Raw, type Running, running, signed } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const UNSIGNED = 'POST /webhooks/github HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n';
/** Headers of a body of any length. */
const CHUNKED = 'POST /webhooks/github HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

/** That so many deliveries find room at once, which the queue holds up. */
async function expectFree(server: Running, places: number): Promise<void> {
  // The end of a connection is seen a moment later than it is made.
  await pause(100);
  const held = gate();
  const before = server.intake.behave;
  server.intake.behave = () => held.opened;
  const answers = Array.from({ length: places }, () => post(server.url));
  const one = await Promise.race([...answers, pause(300)]);
  expect(one && 'status' in one ? one.status : 'all are held').toBe('all are held');
  held.open();
  server.intake.behave = before;
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(202);
}

/** A delivery as it goes over the wire, so often one after another. */
function wire(times: number): Buffer {
  const { headers, body } = signed();
  const lines = Object.entries({ ...headers, host: 'a', 'content-length': String(body.length) });
  const head = `POST /webhooks/github HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat(Array.from({ length: times }, () => Buffer.concat([Buffer.from(head), body])));
}

describe('a place in flight', () => {
  it.each([
    ['unsigned', () => Buffer.from(UNSIGNED.repeat(100))],
    ['signed', () => wire(100)],
  ])('is given back where many %s requests come over one connection that is then reset', async (_, sent) => {
    const server = await running({ inFlight: { requests: 20, bytes: 64 * MIB } });
    const all: Raw[] = [];
    for (let connection = 0; connection < 50; connection++) {
      const raw = await server.raw();
      raw.socket.write(sent());
      all.push(raw);
    }
    await pause(20);
    for (const { socket } of all) socket.resetAndDestroy();
    await expectFree(server, 20);
  });

  it('is given back where a sender hangs up while its delivery is in flight', async () => {
    const server = await running({ inFlight: { requests: 5, bytes: 64 * MIB } });
    const held = gate();
    server.intake.behave = () => held.opened;
    for (let round = 0; round < 3; round++) {
      const all: Raw[] = [];
      const isFull = () => all.some(({ text }) => text().startsWith('HTTP/1.1 503'));
      await expect
        .poll(async () => {
          const raw = await server.raw();
          raw.socket.write(wire(1));
          all.push(raw);
          return isFull();
        })
        .toBe(true);
      for (const { socket } of all) socket.resetAndDestroy();
      await Promise.all(all.map(({ closed }) => closed));
    }
    held.open();
    await expectFree(server, 5);
  });

  it('is given back where nobody takes the answer', async () => {
    const server = await running({ inFlight: { requests: 2, bytes: 64 * MIB } });
    // More answers than the system holds for who does not read, to requests of which few arrive at once.
    const large = UNSIGNED.replace('host: a', `host: a\r\npadding: ${'x'.repeat(2_000)}`);
    for (let connection = 0; connection < 2; connection++) {
      const { socket } = await server.raw();
      socket.pause().write(large.repeat(25_000));
    }
    await pause(1_000);
    await expectFree(server, 2);
  });

  it('is one for a connection, whose requests are answered one after another', async () => {
    const server = await running({ inFlight: { requests: 2, bytes: 64 * MIB } });
    const { socket, text } = await server.raw();
    socket.write(wire(300));
    const count = () => text().match(/HTTP\/1.1 202/g)?.length ?? 0;
    expect((await post(server.url)).status).toBe(202);
    await expect.poll(count).toBe(300);
    socket.write(wire(3));
    await expect.poll(count).toBe(303);
  });

  it('is not waited for by more than a hundred requests of a connection, which is then hung up on', async () => {
    const server = await running();
    const { text, closed, socket } = await server.raw();
    socket.write(UNSIGNED.repeat(900));
    await closed;
    expect(text().match(/HTTP\/1.1 401/g)?.length ?? 0).toBeLessThanOrEqual(101);
    expect((await post(server.url)).status).toBe(202);
  });

  it('is missed aloud: the first delivery that finds none is logged, the others are counted once a minute', async () => {
    const outcomes: string[] = [];
    const server = await running({
      inFlight: { requests: 1, bytes: 64 * MIB, blockedAfter: 200 },
      sumUpEvery: 300,
      onDelivery: (source, outcome) => outcomes.push(`${source} ${outcome}`),
    });
    const held = gate();
    server.intake.behave = () => held.opened;
    const first = post(server.url);
    await expect.poll(() => server.intake.calls).toBe(1);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await post(server.url)).status).toBe(503);
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => 'github unavailable'));
    const said = () => server.lines.filter(({ msg }) => /turned away/.test(String(msg)));
    await expect.poll(() => said().reduce((sum, { deliveries = 1 }) => sum + Number(deliveries), 0)).toBe(10);
    expect(said().length).toBeLessThan(10);

    await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect(await (await fetch(`${server.url}/readyz`)).text()).toContain('all 1 places for deliveries');
    held.open();
    expect((await first).status).toBe(202);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });
});

describe('a door that is full', () => {
  const full = { requests: 2, bytes: 64 * MIB, blockedAfter: 30_000 };
  function doorAt(clock: { time: number }) {
    const door = new Admission(full, () => clock.time);
    const givenUp: string[] = [];
    const enter = (name: string) => {
      const place = door.enter(new Socket());
      if (place !== undefined) place.onGivenUp = () => givenUp.push(name);
      return place;
    };
    return { door, givenUp, enter };
  }

  it('gives up the slowest small body after 2 s for whoever comes, and never a complete one', () => {
    const clock = { time: 0 };
    const { givenUp, enter } = doorAt(clock);
    const fast = enter('fast');
    enter('slow');
    clock.time = 1_999;
    expect(enter('early')).toBeUndefined();
    clock.time = 2_000;
    fast?.arrived(1_000);
    expect(enter('next')).toBeDefined();
    expect(givenUp).toEqual(['slow']);
    fast?.complete();
    expect(enter('too many')).toBeUndefined();
    expect(givenUp).toEqual(['slow']);
  });

  it('counts as blocked where it turns deliveries away for 30 s without a pause, though places become free', () => {
    const clock = { time: 0 };
    const { door, enter } = doorAt(clock);
    for (; clock.time < 30_000; clock.time += 1_000) {
      expect(door.blockedFor()).toBeUndefined();
      const places = [enter('one'), enter('two')];
      for (const place of places) place?.complete();
      expect(enter('third')).toBeUndefined();
      for (const place of places) place?.leave();
    }
    expect(door.blockedFor()).toBe(30_000);
    clock.time += 10_000;
    expect(door.blockedFor()).toBeUndefined();
  });

  it('answers 503 to a slow small body, and takes the usual delivery that comes then', async () => {
    const server = await running({ inFlight: { requests: 1, bytes: 64 * MIB } });
    const { socket, text } = await server.raw();
    socket.write(CHUNKED + chunk(10));
    await expect.poll(async () => (await post(server.url)).status, { timeout: 10_000 }).toBe(202);
    expect(text()).toMatch(/^HTTP\/1.1 503 [\s\S]*too slowly/);
  });
});

describe('a body in chunks of a byte, each of which costs as much as a large one,', () => {
  const crumbs = (count: number) => chunk(1).repeat(count);

  it('is refused, and hung up on', async () => {
    const server = await running();
    const { socket, text, closed } = await server.raw();
    socket.write(CHUNKED + crumbs(3_000));
    await expect.poll(text).toMatch(/^HTTP\/1.1 400 [\s\S]*too many small chunks/);
    socket.write(crumbs(3_000));
    await closed;
    await expectFree(server, 20);
  });

  it.each([
    ['a route that reads none', 'GET /healthz', 200],
    ['no route', 'POST /nothing', 404],
    ['a tracker that is not set up', 'POST /webhooks/jira', 404],
  ])('is hung up on where it goes to %s', async (_, line, status) => {
    const server = await running();
    const { socket, text, closed } = await server.raw();
    socket.write(`${line} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`);
    await expect.poll(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.write(crumbs(3_000));
    await closed;
  });

  it('is taken where it is a small one, and so is a large one in packets of the usual size', async () => {
    const server = await running();
    const { body, headers } = signed({
      ...JSON.parse(signed().body.toString()),
      padding: 'x'.repeat(2 * MIB),
    });
    const head = Object.entries({ ...headers, host: 'a' }).map(([name, value]) => `${name}: ${value}\r\n`);
    const { socket, text } = await server.raw();
    socket.write(`POST /webhooks/github HTTP/1.1\r\n${head.join('')}transfer-encoding: chunked\r\n\r\n`);
    const piece = (from: number, bytes: number) => {
      const part = body.subarray(from, from + bytes);
      socket.write(
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
      );
    };
    for (let at = 0; at < 1_000; at++) piece(at, 1);
    for (let at = 1_000; at < body.length; at += 536) piece(at, 536);
    socket.write('0\r\n\r\n');
    await expect.poll(text).toMatch(/^HTTP\/1.1 202 /);
  });
});

describe('the memory for bodies', () => {
  it('is charged as bytes arrive, so that slow senders of chunks keep nobody out', async () => {
    const server = await running({ inFlight: { requests: 300, bytes: 64 * MIB } });
    for (let sender = 0; sender < 200; sender++) {
      const { socket } = await server.raw();
      socket.write(CHUNKED + chunk(100));
    }
    for (let i = 0; i < 60; i++) expect((await post(server.url)).status).toBe(202);
  });

  it('where it is used up, the slowest unfinished bodies are answered 503, and whoever sends on is taken', async () => {
    const server = await running({ inFlight: { requests: 20, bytes: 20 * 64 * KIB + 4 * MIB } });
    const slow: Raw[] = [];
    for (let sender = 0; sender < 3; sender++) {
      const raw = await server.raw();
      raw.socket.write(CHUNKED + chunk(1024 * KIB));
      slow.push(raw);
    }
    await pause(300);
    const padded = { ...JSON.parse(signed().body.toString()), padding: 'x'.repeat(3 * MIB) };
    expect((await post(server.url, { payload: padded })).status).toBe(202);
    const answered = slow.filter(({ text }) => /^HTTP\/1.1 503 [\s\S]*retry-after: \d/.test(text()));
    expect(answered.length).toBeGreaterThan(0);
    await Promise.all(answered.map(({ closed }) => closed));
    expect((await post(server.url)).status).toBe(202);
    expect(server.lines.some(({ msg }) => /turned away/.test(String(msg)))).toBe(true);
  });

  it('is not taken from usual deliveries, whatever large bodies are on their way', async () => {
    const server = await running({ inFlight: { requests: 100, bytes: 100 * 64 * KIB } });
    const large = await server.raw();
    large.socket.write(CHUNKED + chunk(60 * KIB));
    for (let i = 0; i < 5; i++) expect((await post(server.url)).status).toBe(202);
    large.socket.write(chunk(60 * KIB));
    await expect.poll(large.text).toMatch(/^HTTP\/1.1 503 /);
    expect((await post(server.url)).status).toBe(202);
  });

  it.each([
    ['small pieces', 64],
    ['large pieces', 64 * KIB],
  ])('is charged at most twice what came, in %s', async (_, size) => {
    const body = new PassThrough();
    let charged = 0;
    const place: Place = {
      charge: (bytes) => {
        charged += bytes;
      },
      arrived() {},
      complete() {},
      leave() {},
    };
    const read = readBody(Object.assign(body, { headers: {} }), place, BODY_LIMIT);
    const pieces = (300 * KIB) / size;
    for (let piece = 0; piece < pieces; piece++) if (!body.write('x'.repeat(size))) await once(body, 'drain');
    body.end();
    expect((await read).length).toBe(Math.ceil(pieces) * size);
    expect(charged).toBeLessThanOrEqual(2 * 320 * KIB);
  });
});

it('refused deliveries cost a line each for the first few a minute, and one for all others', async () => {
  const server = await running();
  for (let i = 0; i < 30; i++)
    expect((await post(server.url, { headers: { 'x-hub-signature-256': '' } })).status).toBe(401);
  for (let i = 0; i < 30; i++)
    expect((await fetch(`${server.url}/webhooks/jira`, { method: 'POST' })).status).toBe(404);
  // Whatever the machine takes for them, the minute ends here: what was spared is summed up before the receiver stops.
  await server.app.close();
  for (const source of ['github', 'jira']) {
    const lines = server.lines.filter((line) => line.source === source && line.level === 'warn');
    expect(lines.map(({ deliveries = 1 }) => deliveries)).toEqual([1, 1, 1, 1, 1, 25]);
  }
});
