/** incident.io as it is on a bad day: one call in fifty fails, whatever the story is about. */
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'vitest';
import { ROUTES, type RouteName } from '../../src/simulator/call.ts';
import type { Fault } from '../../src/simulator/misbehaviour.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import type { Chance } from './chance.ts';

const FAULTS: { fault: Fault; when?: 'before' | 'after' }[] = [
  { fault: { kind: 'status', status: 500 } },
  // Done, but the caller saw an error.
  { fault: { kind: 'status', status: 500 }, when: 'after' },
  { fault: { kind: 'reset' } },
  { fault: { kind: 'reset' }, when: 'after' },
  { fault: { kind: 'cut' } },
  { fault: { kind: 'truncated' } },
  { fault: { kind: 'garbage' } },
  { fault: { kind: 'html', status: 502 } },
  { fault: { kind: 'html' } },
  { fault: { kind: 'status', status: 429, retryAfterSeconds: 1 } },
];
/** The request or its answer gets lost on the way: the line hangs. */
const HANGS = ['request', 'answer'] as const;
/** Of all calls, and of those each kind of failure. */
const SHARE = 0.02;
const EACH = SHARE / (FAULTS.length + HANGS.length);
/** After so long (ms) a line that hangs is reset: the program's own patience with incident.io is no setting. */
const HANG = 2_000;

export interface Weather {
  /** Where incident.io is reached. */
  url: string;
  /** From now on calls of this stand-in go wrong, by its seed, and lines to it hang. */
  over(incidentIo: Simulator): void;
  /** Calls of this route go well from now on; all other rules of the stand-in are forgotten. */
  spare(route: RouteName): void;
}

export async function openWeather(
  chance: Chance,
  test: Pick<TestContext, 'onTestFinished'>,
): Promise<Weather> {
  let stand: Simulator | undefined;
  let spared: RegExp | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(stand?.url ?? 'http://127.0.0.1:1').port), '127.0.0.1');
    let lost: (typeof HANGS)[number] | undefined;
    near.on('data', (data) => {
      const [head = ''] = data.toString('latin1').split('\r\n', 1);
      const begins = /^[A-Z]+ \S+ HTTP\/1\.1$/.test(head) && spared?.test(head) !== true;
      if (begins && lost === undefined) {
        lost = HANGS[Math.floor(chance() / EACH)];
        if (lost !== undefined) setTimeout(() => near.resetAndDestroy(), HANG).unref();
      }
      if (lost !== 'request') far.write(data);
    });
    far.on('data', (data) => {
      if (lost !== 'answer') near.write(data);
    });
    // As the stand-in ends it: with a reset, or after what it wrote.
    far.on('error', () => near.resetAndDestroy()).on('close', () => near.end());
    near.on('error', () => {}).on('close', () => far.destroy());
    for (const socket of [near, far]) sockets.add(socket.on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line listens on no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    over(incidentIo) {
      stand = incidentIo;
      for (const rule of FAULTS) incidentIo.misbehave({ ...rule, chance: EACH });
    },
    spare(route) {
      spared = new RegExp(`^${route.replace('{id}', '[^/?]+')}[? ]`);
      stand?.behave();
      for (const other of ROUTES.filter((one) => one !== route))
        for (const rule of FAULTS) stand?.misbehave({ ...rule, route: other, chance: EACH });
    },
  };
}
