import { expect, it } from 'vitest';
import { createClient, readOnly } from '../../src/incident-io/client.ts';
import { GarbledError, NotFoundError, TransientError, UnclearError } from '../../src/incident-io/errors.ts';
import { createPace } from '../../src/incident-io/pace/pace.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { version } from '../../src/version.ts';
import { identityJson, incidentJson } from './samples.ts';
import { KEY, ok, rejection, standIn } from './stand-in.ts';
import { hastyTime } from './virtual-time.ts';

it.each([301, 302, 303, 307, 308])(
  'a redirect (%i) is not followed: the key goes to one host alone',
  async (status) => {
    const other = await standIn(() => ok({ identity: identityJson }));
    const { client, calls } = await standIn(() => ({
      status,
      headers: { location: `${other.url}/v1/identity` },
    }));
    await expect(client.identity()).rejects.toThrow(GarbledError);
    await expect(client.editStatus('01INCIDENT', 'ST1')).rejects.toThrow(UnclearError);
    expect(calls).toHaveLength(2);
    expect(other.calls).toEqual([]);
  },
);

it('a request names its release and its key', async () => {
  const { client, asked } = await standIn(() => ok({ identity: identityJson }));
  await client.identity();
  expect(asked[0]?.headers).toMatchObject({
    'user-agent': `incident-closer/${version()}`,
    authorization: `Bearer ${KEY}`,
  });
  expect(version()).toMatch(/^\d+\.\d+\.\d+/);
});

it('how far the clocks are apart is told by the last answer that had a time', async () => {
  const date = { date: '' };
  const { client, time } = await standIn(() => ok({ identity: identityJson }, date));
  expect(client.clockAhead()).toBeUndefined();
  date.date = new Date(time.now() + 90_000).toUTCString();
  await client.identity();
  expect(Math.abs((client.clockAhead() ?? 0) - 90_000)).toBeLessThanOrEqual(1_000);
  date.date = 'soon';
  await client.identity();
  expect(Math.abs((client.clockAhead() ?? 0) - 90_000)).toBeLessThanOrEqual(1_000);
});

it('a base URL with a path and a slash at its end is kept', async () => {
  const { client, calls } = await standIn(() => ok({ identity: identityJson }), { basePath: '/proxy/' });
  await client.identity();
  expect(calls).toEqual(['GET /proxy/v1/identity']);
});

it('an incident is asked for by its id, its number or its reference', async () => {
  const { client, calls } = await standIn(() => ok({ incident: incidentJson() }));
  for (const id of ['01INCIDENT', '123', 'INC-123', 'inc-123', 'a/b?c']) await client.incident(id);
  expect(calls).toEqual([
    'GET /v2/incidents/01INCIDENT',
    'GET /v2/incidents/123',
    'GET /v2/incidents/123',
    'GET /v2/incidents/123',
    'GET /v2/incidents/a%2Fb%3Fc',
  ]);
});

it('an id that would name another path is not found, and nobody is asked', async () => {
  const { client, calls } = await standIn(() => ok({ incident: incidentJson() }));
  for (const id of ['', '.', '..', ' '])
    expect(await rejection(client.incident(id))).toBeInstanceOf(NotFoundError);
  expect(calls).toEqual([]);
});

it('an answer that does not come in time fails a read after three tries, and leaves a write unclear', async () => {
  // What was sent is counted here and not there: on a busy machine the deadline may be over before it arrives.
  const { client, reports } = await standIn(() => undefined, { deadlines: { total: 300 } });
  const read = await rejection(client.incident('01INCIDENT'));
  expect(read).toBeInstanceOf(TransientError);
  expect(read).toHaveProperty(
    'message',
    expect.stringMatching(/no answer within 0\.3 s\. It is tried again/),
  );
  expect(reports).toHaveLength(3);

  expect(await rejection(client.editStatus('01INCIDENT', 'ST1'))).toBeInstanceOf(UnclearError);
  expect(reports.map(({ method, route, status }) => [method, route, status])).toEqual([
    ['GET', '/v2/incidents/{id}', undefined],
    ['GET', '/v2/incidents/{id}', undefined],
    ['GET', '/v2/incidents/{id}', undefined],
    ['POST', '/v2/incidents/{id}/actions/edit', undefined],
  ]);
});

it('an answer that stops half-way is no answer, also when what came of it is JSON', async () => {
  let stop: 'reset' | 'silence' = 'reset';
  const { client, reports } = await standIn(
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100000' });
      response.write(JSON.stringify({ incident: incidentJson() }), () => {
        if (stop === 'reset') response.destroy();
      });
      return undefined;
    },
    { deadlines: { total: 500 } },
  );
  for (stop of ['reset', 'silence'] as const) {
    reports.length = 0;
    expect(await rejection(client.incident('01INCIDENT')), stop).toBeInstanceOf(TransientError);
    expect(reports).toHaveLength(3);
    expect(await rejection(client.editStatus('01INCIDENT', 'ST1')), stop).toBeInstanceOf(UnclearError);
    expect(reports).toHaveLength(4);
  }
});

it('a read outlives two failures, with a growing pause before each further try', async () => {
  let failures = 2;
  const { client, time } = await standIn((_, response) => {
    if (failures-- > 0) {
      response.destroy();
      return undefined;
    }
    return ok({ incident: incidentJson('A') });
  });
  expect(await client.incident('A')).toMatchObject({ id: 'A' });
  expect(time.slept).toEqual([225, 450]);
});

it('a kept connection that is closed under a request costs a read nothing, and leaves a write unclear', async () => {
  let closeNext = false;
  const { client, asked } = await standIn((_, response) => {
    if (closeNext) {
      closeNext = false;
      response.socket?.destroy();
      return undefined;
    }
    return ok({ incident: incidentJson('A') });
  });
  await client.incident('A');
  closeNext = true;
  expect(await client.incident('A')).toMatchObject({ id: 'A' });

  asked.length = 0;
  closeNext = true;
  expect(await rejection(client.editStatus('A', 'ST1'))).toBeInstanceOf(UnclearError);
  expect(asked).toHaveLength(1);
});

it('an answer larger than 20 MB is not taken, and not asked for again', async () => {
  const { client, calls } = await standIn(() => ({ status: 200, text: ' '.repeat(21 * 1024 * 1024) }));
  const error = await rejection(client.incident('A'));
  expect(error).toBeInstanceOf(GarbledError);
  expect(error).toHaveProperty('message', expect.stringContaining('larger than 20 MB'));
  expect(calls).toHaveLength(1);
});

it('nobody listening is a failure that passes, and says so', async () => {
  const time = hastyTime();
  const client = createClient({
    // Nobody listens on port 1, and nobody is given it by chance.
    baseUrl: 'http://127.0.0.1:1',
    apiKey: KEY,
    pace: createPace(createMemoryTables(time), time),
    log: { warn() {} },
    notifyIncidentChannel: true,
    sleep: time.sleep,
  });
  const error = await rejection(client.identity());
  expect(error).toBeInstanceOf(TransientError);
  expect(error).toHaveProperty(
    'message',
    expect.stringMatching(/read whose the API key is.*ECONNREFUSED.*network/),
  );
  await client.close();
});

it('closing the client breaks off what is under way, and nothing is called after', async () => {
  let arrived = () => {};
  const underway = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { client, asked } = await standIn(() => {
    arrived();
    return undefined;
  });
  const reading = rejection(client.incident('A'));
  await underway;
  await client.close();
  expect(await reading).toHaveProperty('message', expect.stringContaining('the client is closing'));
  expect(await rejection(client.incident('A'))).toBeInstanceOf(TransientError);
  expect(asked).toHaveLength(1);
});

it('a read-only client reads, and has no way to write', async () => {
  const { client } = await standIn(() => ok({ identity: identityJson }));
  const reader = readOnly(client);
  expect(await reader.identity()).toMatchObject({ name: 'closer' });
  expect(Object.keys(reader).sort()).toEqual(
    ['followUps', 'followUpsOf', 'identity', 'incident', 'incidents', 'statuses', 'updates'].sort(),
  );
  expect(Object.getPrototypeOf(reader)).toBe(Object.prototype);
});
