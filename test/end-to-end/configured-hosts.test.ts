import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { sweepNow } from '../../src/operations/sweep.ts';
import { trackers } from '../../src/trackers/index.ts';
import {
  asked,
  deliver,
  incidentIn,
  payloadsOf,
  pointing,
  trackerSettings,
} from '../support/all-trackers.ts';
import { onePlace } from '../support/backends.ts';
import { INCIDENT_IO_SECRET } from '../support/incident-io.ts';
import { closed, lookAgain, openWorld } from '../support/world.ts';
import { samples } from '../trackers/all-samples.ts';
import { type ApiAnswer, type ApiCall, fakeApi } from '../trackers/fake-api.ts';

type Test = Parameters<typeof fakeApi>[0];

const [place] = onePlace('redis');
const secretOf = (name: string) => samples[name]?.secret ?? `secret-of-${name}`;
const tokenOf = (name: string) => `ada@example.com:token-of-${name}-`;

/** Nothing may ever connect to it. */
async function trap(test: Test) {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.onTestFinished(() => void server.close());
  const address = z.object({ port: z.number() }).parse(server.address());
  return { url: `http://127.0.0.1:${address.port}`, visits: () => visits };
}

/** Every host and port that this process opens a connection to by HTTP, reached or not. */
function connections(test: Test): Set<string> {
  const hosts = new Set<string>();
  const message = z.object({ connectParams: z.object({ host: z.string() }) });
  const note = (told: unknown) => void hosts.add(message.parse(told).connectParams.host);
  subscribe('undici:client:beforeConnect', note);
  test.onTestFinished(() => void unsubscribe('undici:client:beforeConnect', note));
  return hosts;
}

/** Whose token came with a call. */
function callerOf({ headers }: ApiCall): string {
  const given = Object.values(headers).flat().join(' ');
  const decoded = Buffer.from(/Basic (\S+)/.exec(given)?.[1] ?? '', 'base64').toString();
  return asked.find(({ name }) => `${given} ${decoded}`.includes(tokenOf(name)))?.name ?? 'nobody';
}

it('only configured hosts are ever called, whatever webhooks, links, answers and redirects say', async (test) => {
  if (place === undefined) throw new Error('no backend is under test');
  const hosts = connections(test);
  const elsewhere = await trap(test);
  const callers: string[] = [];
  const api = await fakeApi(test, (call): ApiAnswer => {
    const name = callerOf(call);
    callers.push(name);
    // The first call of each is sent on; later ones are answered, with all addresses elsewhere.
    if (callers.filter((one) => one === name).length === 1)
      return { status: 307, headers: { location: `${elsewhere.url}${call.path}` } };
    const request = { url: `${api.url}${call.path}`, method: 'GET', headers: {} } as const;
    const answer = samples[name]?.api?.('open')({
      ...request,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    return {
      status: answer?.status ?? 200,
      headers: { link: `<${elsewhere.url}/next>; rel="next"` },
      body: pointing(JSON.parse(answer?.body ?? '{"url":"https://a","next":"https://a"}'), elsewhere.url),
    };
  });
  const world = await openWorld(place, {
    ...trackerSettings(secretOf, tokenOf, api.url),
    GENERIC_WEBHOOK_SECRET: INCIDENT_IO_SECRET,
    INCIDENT_IO_WEBHOOK_SECRET: INCIDENT_IO_SECRET,
    ANNOUNCE_IN_TASKS: 'true',
  });
  test.onTestFinished(() => world.close());
  const { incidentIo, service, store } = world;

  for (const { name } of trackers)
    for (const at of [undefined, api.url, elsewhere.url]) incidentIn(incidentIo, name, at);
  const permalink = `${elsewhere.url}/acme/api/issues/77`;
  const { id, reference } = incidentIo.createIncident({ name: 'closed by webhooks alone' });
  const link = { provider: 'github', name: 'a task', permalink } as const;
  incidentIo.createFollowUp({ incident: id, title: 'Do it', reference: link });
  await lookAgain(world);

  const taken = new Set<string>();
  const send = async (name: string, payload: unknown, as: string, secret = secretOf(name)) => {
    const { text } = await deliver(service.url, name, payload, secret);
    if (text.includes('"accepted"')) taken.add(as);
  };
  const sendAll = async (name: string) => {
    for (const payload of payloadsOf(name))
      await send(name, pointing(payload, elsewhere.url), `${name} elsewhere`);
    await send(name, pointing(payloadsOf(name)[0], undefined), name);
  };
  await Promise.all(trackers.map(({ name }) => sendAll(name)));
  await send('generic', { task: { url: permalink }, state: 'done' }, 'generic', INCIDENT_IO_SECRET);
  const incident = { id, permalink: elsewhere.url, call_url: elsewhere.url };
  const type = 'public_incident.incident_updated_v2';
  await send('incident-io', { event_type: type, [type]: incident }, 'incident-io', INCIDENT_IO_SECRET);

  const idle = async () => {
    const { events, reviews } = await world.context().backend.counts();
    const { waiting = 0, prioritized = 0, active = 0 } = reviews;
    return waiting + prioritized + active + (events.waiting ?? 0) + (events.active ?? 0);
  };
  await expect.poll(idle).toBe(0);
  await closed(world, { id, reference, followUps: [] });
  // Whoever was redirected is asked again.
  for (let again = 0; again < 2; again++) {
    for (const { name } of asked) await store.trackerStatus.remove(name);
    await sweepNow({ backlog: false }, world.context());
    await expect.poll(idle).toBe(0);
  }

  const names = [...trackers.map(({ name }) => name), 'generic', 'incident-io'];
  expect([...taken]).toEqual(expect.arrayContaining(names));
  // Those of a cloud alone may take nothing that is said to be elsewhere.
  for (const name of ['github', 'jira', 'gitlab', 'azure-devops', 'servicenow'])
    expect([...taken]).toContain(`${name} elsewhere`);
  for (const { name } of asked) expect(callers.filter((one) => one === name).length, name).toBeGreaterThan(1);
  expect(callers).not.toContain('nobody');
  expect(elsewhere.visits()).toBe(0);
  const ours = [incidentIo.url, service.url, api.url].map((url) => new URL(url).host);
  expect([...hosts].sort()).toEqual(ours.sort());
});
