import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { openProcessWorld, type Served } from '../processes/world.ts';
import { signed } from '../receiver/support.ts';
import { onePlace } from '../support/backends.ts';
import { GITHUB_SECRET } from '../support/github.ts';
import { closed as closedIssue } from '../trackers/github/payloads.ts';
import { opened, type Storm, storms } from './kinds.ts';
import { type Random, seeded } from './random.ts';

const SEED = Number(process.env.STORMS_SEED ?? 1);
const LONG = process.env.STORMS_LONG === '1';
/** Connections of one storm, and how many of them at a time. */
const CONNECTIONS = LONG ? 5_000 : 200;
const AT_ONCE = 100;
/** What must find room after each storm. */
const DELIVERIES = 60;
const PLACES = 900;
/** MB that may be left over. */
const LEFT_OVER = 50;
/** A sender tries again where it is asked to, so often. */
const TRIES = 10;

const [place] = onePlace('redis');

it.runIf(place)(`storms of connections use nothing up (--seed ${SEED})`, async (test) => {
  if (place === undefined) throw new Error('no place for the queue');
  const over = { GITHUB_WEBHOOK_SECRET: GITHUB_SECRET, LOG_LEVEL: 'warn', HOST: '127.0.0.1' };
  const world = await openProcessWorld(place, {}, {}, test);
  const served = await world.serve(place.name === 'embedded' ? 'start' : 'receive', {
    ...over,
    LOG_LEVEL: 'info',
  });
  const delivery = wire();
  await warmUp(served, delivery);
  const before = memory(served);

  for (const [number, [kind, storm]] of Object.entries(storms).entries()) {
    const began = Date.now();
    const taken = await blow(served, storm, delivery, seeded(SEED * 1_000 + number));
    expect(taken, `${kind}: deliveries in between that were taken`).toEqual(taken.map(() => 202));
    await expectFree(served, delivery);
    const left = await memoryBack(served, before + LEFT_OVER);
    console.log(
      `${kind}: ${CONNECTIONS} connections, ${taken.length} deliveries in between, ${Math.round((Date.now() - began) / 1000)} s, ${left - before} MB more`,
    );
  }

  expect((await fetch(`${served.at}/readyz`)).status).toBe(200);
  const outcomes = await counted(served);
  served.signal('SIGTERM');
  await served.ended();
  for (const [outcome, said] of [
    ['refused', /^delivery refused: it is not signed|more deliveries were refused: it is not signed/],
    ['unavailable', /turned away/],
  ] as const)
    expect(toldIn(served, said), `${outcome} deliveries that the log tells of`).toBe(outcomes[outcome] ?? 0);
});

/** A delivery as it goes over the wire. */
function wire(): Buffer {
  const { headers, body } = signed(closedIssue('completed'), GITHUB_SECRET);
  const lines = Object.entries({ ...headers, host: 'a', 'content-length': String(body.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST /webhooks/github HTTP/1.1\r\n${head}\r\n`), body]);
}

/** Blows a storm, and answers how the deliveries in between were taken in the end. */
async function blow(served: Served, storm: Storm, delivery: Buffer, random: Random): Promise<number[]> {
  const port = Number(new URL(served.at).port);
  let left = CONNECTIONS;
  let blowing = true;
  const one = async (): Promise<void> => {
    while (left-- > 0) await storm({ random, delivery, open: () => opened(port) });
  };
  const taken: number[] = [];
  const between = (async () => {
    while (blowing) {
      taken.push(await deliver(served));
      await pause(50 + random.int(100));
    }
  })();
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  blowing = false;
  await between;
  return taken;
}

/** As senders do: again where they are asked to, or where no answer came. */
async function deliver({ at }: Served): Promise<number> {
  const { headers, body } = signed(closedIssue('completed'), GITHUB_SECRET);
  let status = 0;
  for (let tries = 0; tries < TRIES && status !== 202; tries++) {
    if (tries > 0) await pause(500);
    const init = { method: 'POST', headers, body: new Uint8Array(body), signal: AbortSignal.timeout(20_000) };
    status = await fetch(`${at}/webhooks/github`, init).then(
      async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      },
      () => 0,
    );
  }
  return status;
}

/** Whatever V8 takes once for the objects of a busy time is no leak: a first storm comes before memory is looked at. */
async function warmUp(served: Served, delivery: Buffer): Promise<void> {
  for (const storm of Object.values(storms).slice(0, 1)) await blow(served, storm, delivery, seeded(SEED));
  await expectFree(served, delivery);
}

/** That deliveries one after another are taken, and so many at once find room: each lacks its last byte until all are there. */
async function expectFree(served: Served, delivery: Buffer): Promise<void> {
  for (let i = 0; i < DELIVERIES; i++) expect(await deliver(served)).toBe(202);
  const port = Number(new URL(served.at).port);
  const held = await Promise.all(
    Array.from({ length: PLACES }, async () => {
      const socket = await opened(port);
      const answer = new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (data) => {
          text += data.toString('latin1');
          resolve(text.slice(9, 12));
        });
        socket.once('error', (error) => resolve(String(error)));
        socket.once('close', () => resolve(text || 'nothing'));
      });
      socket.write(delivery.subarray(0, -1));
      return { socket, answer };
    }),
  );
  await pause(500);
  for (const { socket } of held) socket.write(delivery.subarray(-1));
  const answers = await Promise.all(held.map(({ answer }) => answer));
  for (const { socket } of held) socket.destroy();
  const told = answers.filter((answer) => answer !== '202');
  expect(told, [...served.stderr, ...served.stdout].slice(-8).join('\n')).toEqual([]);
}

/** Resident memory, MB: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function memory({ pid }: Served): number {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb) / 1024);
}

/** Waits until no more than `most` MB are taken: memory is given back where something is done now and then. */
async function memoryBack(served: Served, most: number): Promise<number> {
  await expect
    .poll(async () => {
      await deliver(served);
      return memory(served);
    })
    .toBeLessThanOrEqual(most);
  return memory(served);
}

/** What became of the deliveries, as `/metrics` counts them. */
async function counted({ at }: Served): Promise<Record<string, number>> {
  const text = await (await fetch(`${at}/metrics`)).text();
  const found: Record<string, number> = {};
  for (const [, outcome = '', count] of text.matchAll(
    /^incident_closer_deliveries_total\{.*outcome="(\w+)".*\} (\d+)$/gm,
  ))
    found[outcome] = (found[outcome] ?? 0) + Number(count);
  return found;
}

const line = z.object({ msg: z.string(), deliveries: z.number().default(1) });

/** How many deliveries the lines of the log tell of whose message fits. */
function toldIn({ stdout }: Served, message: RegExp): number {
  const lines = stdout.map((text) => line.parse(JSON.parse(text)));
  return lines.filter(({ msg }) => message.test(msg)).reduce((sum, { deliveries }) => sum + deliveries, 0);
}
