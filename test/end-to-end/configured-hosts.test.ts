import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { sweepNow } from '../../src/operations/sweep.ts';
import { PROVIDERS } from '../../src/simulator/types.ts';
import { sleep } from '../../src/sleep.ts';
import { trackers } from '../../src/trackers/index.ts';
import { signed } from '../../src/trackers/standard-webhooks.ts';
import { queuePlaces } from '../support/backends.ts';
import { INCIDENT_IO_SECRET } from '../support/incident-io.ts';
import { closed, lookAgain, openWorld, type TestWorld } from '../support/world.ts';
import { type ApiAnswer, type ApiCall, fakeApi } from '../trackers/fake-api.ts';
import { samples } from '../trackers/samples/index.ts';

type Test = Parameters<typeof fakeApi>[0];

const [place] = queuePlaces();
const prefix = (name: string) => name.toUpperCase().replaceAll('-', '_');
const secretOf = (name: string) => samples[name]?.secret ?? `secret-of-${name}`;
const tokenOf = (name: string) => `ada@example.com:token-of-${name}-`;
const asked = trackers.filter(({ readBack }) => readBack !== undefined);

/** Where nobody has any business. */
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

/** The same, with every address in it at another host, and sent just now. */
function pointing(value: unknown, at: string | undefined): unknown {
  const text = JSON.stringify(value).replaceAll(/("webhookTimestamp":)\d+/g, `$1${Date.now()}`);
  return JSON.parse(at === undefined ? text : text.replaceAll(/https?:\/\/[^/\s"\\]+/g, at));
}

/** The headers of a delivery that is sent just now. */
function headersOf(name: string, body: string): Record<string, string> {
  const { headers } = samples[name] ?? {};
  const own = headers?.(Buffer.from(body), secretOf(name)) ?? {};
  return own['webhook-signature'] === undefined && headers !== undefined
    ? own
    : {
        ...own,
        ...signed(body, name === 'gitlab' ? secretOf(name) : INCIDENT_IO_SECRET, Date.now()).headers,
      };
}

/** Whether it was taken, and not ignored or refused. */
async function deliver({ service }: TestWorld, name: string, payload: unknown): Promise<boolean> {
  const body = JSON.stringify(payload);
  for (;;) {
    const init = { method: 'POST', headers: headersOf(name, body), body };
    const answer = await fetch(`${service.url}/webhooks/${name}`, init);
    const { status } = z.object({ status: z.string() }).parse(await answer.json());
    // A receiver whose queue is slow just now asks for another try.
    if (answer.status !== 503) return status === 'accepted';
    await sleep(100);
  }
}

/** Whose token came with a call. */
function callerOf({ headers }: ApiCall): string | undefined {
  const given = Object.values(headers).flat().join(' ');
  const decoded = Buffer.from(/Basic (\S+)/.exec(given)?.[1] ?? '', 'base64').toString();
  return asked.find(({ name }) => `${given} ${decoded}`.includes(tokenOf(name)))?.name;
}

it('only configured hosts are ever called, whatever webhooks, links, answers and redirects say', async (test) => {
  if (place === undefined) throw new Error('no backend is under test');
  const hosts = connections(test);
  const elsewhere = await trap(test);
  const callers: string[] = [];
  const api = await fakeApi(test, (call): ApiAnswer => {
    const name = callerOf(call) ?? 'nobody';
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

  const settings = Object.fromEntries(
    trackers.map(({ name }) => [`${prefix(name)}_WEBHOOK_SECRET`, secretOf(name)]),
  );
  for (const { name } of asked) {
    settings[`${prefix(name)}_API_TOKEN`] = tokenOf(name);
    settings[`${prefix(name)}_URL`] = name === 'azure-devops' ? `${api.url}/acme` : api.url;
  }
  const world = await openWorld(place, {
    ...settings,
    GENERIC_WEBHOOK_SECRET: INCIDENT_IO_SECRET,
    INCIDENT_IO_WEBHOOK_SECRET: INCIDENT_IO_SECRET,
    ANNOUNCE_IN_TASKS: 'true',
  });
  test.onTestFinished(() => world.close());
  const { incidentIo, service, store } = world;

  // A follow-up of each tracker at its own host, at the host that is set, and elsewhere.
  for (const { name, providers } of trackers) {
    const provider = PROVIDERS.find((one) => providers.includes(one));
    if (provider === undefined) throw new Error(`incident.io does not know ${name}`);
    for (const at of [undefined, api.url, elsewhere.url]) {
      const permalink = z.string().parse(pointing(samples[name]?.permalinks[0]?.[0] ?? '', at));
      const incident = incidentIo.createIncident({ name: `${name} at ${at}` }).id;
      const reference = { provider, name: 'a task', permalink };
      incidentIo.createFollowUp({ incident, title: 'Do it', reference });
    }
  }
  const link = `${elsewhere.url}/acme/api/issues/77`;
  const { id, reference } = incidentIo.createIncident({ name: 'closed by webhooks alone' });
  const byWebhook = { id, reference, followUps: [] };
  const named = { provider: 'github', name: 'a task', permalink: link } as const;
  incidentIo.createFollowUp({ incident: id, title: 'Do it', reference: named });
  await lookAgain(world);

  const taken = new Set<string>();
  const deliverAll = async (name: string) => {
    const { events = [], hints = [] } = samples[name] ?? {};
    const payloads = [...hints, ...events].map(({ payload }) => payload);
    for (const payload of payloads)
      if (await deliver(world, name, pointing(payload, elsewhere.url))) taken.add(`${name} elsewhere`);
    if (await deliver(world, name, pointing(payloads[0], undefined))) taken.add(name);
  };
  await Promise.all(trackers.map(({ name }) => deliverAll(name)));
  await deliver(world, 'generic', { task: { url: link }, state: 'done' });
  const incident = { id, permalink: elsewhere.url, call_url: elsewhere.url };
  const type = 'public_incident.incident_updated_v2';
  await deliver(world, 'incident-io', { event_type: type, [type]: incident });

  const idle = async () => {
    const { events, reviews } = await world.context().backend.counts();
    const { waiting = 0, prioritized = 0, active = 0 } = reviews;
    return waiting + prioritized + active + (events.waiting ?? 0) + (events.active ?? 0);
  };
  await expect.poll(idle).toBe(0);
  await closed(world, byWebhook);
  // Whoever was redirected is asked again.
  for (let again = 0; again < 2; again++) {
    for (const { name } of asked) await store.trackerStatus.remove(name);
    await sweepNow({ backlog: false }, world.context());
    await expect.poll(idle).toBe(0);
  }

  expect([...taken]).toEqual(expect.arrayContaining(trackers.map(({ name }) => name)));
  // Those of a cloud alone may take nothing that is said to be elsewhere.
  for (const name of ['github', 'jira', 'gitlab', 'azure-devops', 'servicenow'])
    expect([...taken]).toContain(`${name} elsewhere`);
  for (const { name } of asked) expect(callers.filter((one) => one === name).length, name).toBeGreaterThan(1);
  expect(callers).not.toContain('nobody');
  expect(elsewhere.visits()).toBe(0);
  const ours = [incidentIo.url, service.url, api.url].map((url) => new URL(url).host);
  expect([...hosts].sort()).toEqual(ours.sort());
});
