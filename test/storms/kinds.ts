import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.ts';

/** What one connection of a storm does: it writes what it likes, and ends as it likes, sooner or later. */
export type Storm = (attack: Attack) => Promise<void>;

export interface Attack {
  random: Random;
  /** A delivery that is good, as it goes over the wire. */
  delivery: Buffer;
  open(): Promise<Socket>;
}

const START = 'POST /webhooks/github HTTP/1.1\r\nhost: a\r\n';
const UNSIGNED = `${START}content-length: 0\r\n\r\n`;
const CHUNKED = `${START}transfer-encoding: chunked\r\n\r\n`;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

/** A connection to the process under attack. What goes wrong on it is what storms are for. */
export async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}

export const storms: Readonly<Record<string, Storm>> = {
  'a hundred requests at once, and a reset': async ({ random, delivery, open }) => {
    const socket = await open();
    socket.write(random.chance(0.3) ? Buffer.concat(Array(100).fill(delivery)) : UNSIGNED.repeat(100));
    await pause(random.int(20));
    socket.resetAndDestroy();
  },
  'half closed at any byte': async ({ random, delivery, open }) => {
    const socket = await open();
    socket.resume().end(delivery.subarray(0, random.int(delivery.length + 1)));
    await pause(50 + random.int(200));
    socket.destroy();
  },
  'reset at any byte': async ({ random, delivery, open }) => {
    const socket = await open();
    socket.write(delivery.subarray(0, random.int(delivery.length + 1)));
    await pause(random.int(30));
    socket.resetAndDestroy();
  },
  'byte after byte': async ({ random, delivery, open }) => {
    const socket = await open();
    const start = random.int(delivery.length);
    socket.write(delivery.subarray(0, start));
    for (let at = start; at < delivery.length && at < start + 40 && socket.writable; at++) {
      socket.write(delivery.subarray(at, at + 1));
      await pause(random.int(50));
    }
    if (random.chance(0.5)) socket.destroy();
    else socket.resetAndDestroy();
  },
  'never reading': async ({ random, open }) => {
    const socket = await open();
    socket.pause().write(UNSIGNED.repeat(200 + random.int(800)));
    await pause(1_000 + random.int(1_000));
    socket.destroy();
  },
  'chunks without end': async ({ random, open }) => {
    const socket = await open();
    const size = random.chance(0.3) ? 1 : 1 + random.int(0x10000);
    const more = chunk(size).repeat(Math.max(1, Math.floor(0x10000 / (size + 8))));
    socket.resume().write(CHUNKED);
    const until = Date.now() + 500 + random.int(1_500);
    while (socket.writable && Date.now() < until) if (!socket.write(more)) await pause(1 + random.int(30));
    if (random.chance(0.5)) socket.resetAndDestroy();
    else socket.destroy();
  },
  'random bytes': async ({ random, delivery, open }) => {
    const socket = await open();
    const bytes = Buffer.from(delivery);
    if (random.chance(0.5)) socket.write(random.bytes(1 + random.int(5_000)));
    else {
      for (let i = 0; i <= random.int(5); i++) bytes[random.int(bytes.length)] = random.int(256);
      socket.write(bytes);
    }
    await pause(random.int(200));
    socket.destroy();
  },
};
