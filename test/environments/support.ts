import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, type TestContext } from 'vitest';
import { closed, get, type ProcessWorld } from '../processes/world.ts';
import { type PrivateRedis, privateRedis, redisProgram } from '../queue/private-redis.ts';
import { freshFolder, type QueuePlace } from '../support/backends.ts';
import type { TestProcess } from '../support/process.ts';

type Test = Pick<TestContext, 'onTestFinished'>;

/** Says loudly what is missing here, and answers whether it is: then the tests that need it are skipped. */
export function isMissing(what: string, found: boolean): boolean {
  if (!found) console.warn(`SKIPPED: ${what} is missing here, so what needs it is not tried.`);
  return !found;
}

export const hasRedis = redisProgram() !== undefined;

/** A Redis of the test's own, and a connection of its administrator. */
export async function redisOf(
  test: Test,
  ...extra: string[]
): Promise<{ server: PrivateRedis; admin: Redis; at(user: string, database?: number): QueuePlace }> {
  const program = redisProgram();
  if (program === undefined) throw new Error('redis-server is missing: install it');
  const server = await privateRedis(program, freshFolder('redis-'));
  await server.start(...extra);
  test.onTestFinished(() => server.kill());
  // It is told at once that the server loads its data.
  const admin = new Redis(server.url, { enableReadyCheck: false });
  // A server that the test ends.
  admin.on('error', () => {});
  test.onTestFinished(() => void admin.disconnect());
  const at = (user: string, database = 0) => ({
    name: 'redis' as const,
    url: `${server.url.replace('//', user === '' ? '//' : `//${user}:pw@`)}/${database}`,
    prefix: 'environments',
  });
  return { server, admin, at };
}

/** An address that leads to one server now and to another later; connections that are open stay where they are. */
export async function nameFor(
  port: number,
  test: Test,
): Promise<{ port: number; leadTo(other: number): void }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {}).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    leadTo(other) {
      target = other;
    },
  };
}

/** What every environment has to bear: it says that it lives, is not busy with nothing, and ends within 10 s of SIGTERM. */
export async function bears(
  service: Pick<TestProcess, 'pid' | 'signal' | 'ended'>,
  at: string,
): Promise<void> {
  expect(await get(`${at}/healthz`)).toMatchObject({ status: 200 });
  expect(await busyFor(service.pid, 1_000)).toBeLessThan(700);
  await stops(service);
}

/** SIGTERM ends it with code 0 within 10 s. */
export async function stops(service: Pick<TestProcess, 'signal' | 'ended'>): Promise<void> {
  service.signal('SIGTERM');
  expect(await service.ended(10_000)).toEqual({ code: 0, signal: null });
}

/** How long the process has a core for itself in `ms`, in ms: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function busyFor(pid: number, ms: number): Promise<number> {
  const ticks = () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await sleep(ms);
  return (ticks() - before) * 10;
}

/** Closes an incident, as a webhook asks for it. */
export async function closesOne(
  world: ProcessWorld,
  incident: ReturnType<ProcessWorld['incident']>,
  github: (webhook: { issue: string; action: 'closed' }) => Promise<void>,
  issue: string,
): Promise<void> {
  await github({ issue, action: 'closed' });
  await closed(world, incident);
}
