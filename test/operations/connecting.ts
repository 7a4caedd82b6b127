/** How `connect` goes about a place in a stand-in of a tracker, and a service that its webhooks lead to. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttp } from '../../src/http.ts';
import {
  areWell,
  type ConnectDeps,
  connectPlace,
  disconnectPlace,
  listPlace,
} from '../../src/operations/connect.ts';
import { sleep } from '../../src/sleep.ts';
import { trackerByName } from '../../src/trackers/index.ts';

export const TOKEN = 'ghp_canary_token';
export const SECRET = 'canary-webhook-secret';

/** A service whose webhooks of a tracker have this secret. */
export async function serviceWith(name: string, secret: string) {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const delivery = { headers: request.headers, body: Buffer.concat(parts), receivedAt: Date.now() };
    const isOurs = await trackerByName(name)?.verify(delivery, [secret]);
    response.writeHead(isOurs ? 200 : 401).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/${name}`;
}

/** How `connect` goes about a place in a tracker at this address, and what it says. */
export function connecting(name: string, place: string, url: string, over: Partial<ConnectDeps> = {}) {
  const there = trackerByName(name)?.connecting?.place(place, [url]);
  if (there === undefined) throw new Error(`${place} is no place`);
  const http = createHttp();
  onTestFinished(() => http.close());
  let now = 0;
  const said: string[] = [];
  const deps: ConnectDeps = {
    ...{ token: TOKEN, dryRun: false, secrets: [] },
    secretOf: trackerByName(name)?.connecting?.secretOf,
    send: http.send,
    clock: { now: () => now },
    async sleep(ms: number) {
      now += ms;
      await sleep(2);
    },
    say: (...lines: string[]) => void said.push(...lines),
    ...over,
  };
  return {
    said: () => said.join('\n'),
    connect: (address: string, secret = SECRET) => connectPlace(there, { address, secret }, deps),
    disconnect: (address: string) => disconnectPlace(there, address, deps),
    list: async (address: string) => areWell(await listPlace(there, address, deps)),
  };
}
