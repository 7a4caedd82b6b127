import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { IncidentIoError } from '../../src/incident-io/errors.ts';
import type { Pace } from '../../src/incident-io/pace/pace.ts';
import { manners } from '../support/chatty.ts';
import { KEY, ok, type Reply, rejection, standIn } from './stand-in.ts';

/** Whatever of an error could end up in a log, its causes included. */
function all(error: unknown): string {
  const shown = inspect(error, { depth: 20, showHidden: true });
  if (!(error instanceof Error)) return shown;
  return [shown, error.message, error.stack, JSON.stringify(error), error.cause && all(error.cause)].join(
    '\n',
  );
}

/** An answer that says the key wherever an answer can say something. */
function chatty(status: number, more: object = {}): Reply {
  const said = `the key ${KEY} it was`;
  return {
    status,
    headers: { 'x-request-id': said, location: `http://127.0.0.1:1/?key=${KEY}`, 'retry-after': '600' },
    json: {
      type: said,
      status,
      request_id: said,
      errors: [{ code: said, message: said, metadata: { scope: said }, source: { field: said } }],
      ...more,
    },
  };
}

const answers: [string, Reply][] = [
  ...[302, 400, 401, 403, 404, 409, 418, 422, 429, 500].map((s): [string, Reply] => [String(s), chatty(s)]),
  ['garbled JSON', chatty(200, { incident: { id: KEY } })],
  ['text', { status: 200, text: `<p>${KEY}`, headers: { 'content-type': `text/html; a=${KEY}` } }],
];

it.each(answers)('the API key is in no error about an answer that repeats it (%s)', async (_, reply) => {
  const attempts: ((client: IncidentIoClient) => Promise<unknown>)[] = [
    (client) => client.incident('01INCIDENT'),
    (client) => client.editStatus('01INCIDENT', 'ST1'),
    (client) => client.followUpsOf('01INCIDENT'),
  ];
  for (const attempt of attempts) {
    const { client } = await standIn(() => reply);
    const error = await rejection(attempt(client));
    expect(error).toBeInstanceOf(IncidentIoError);
    expect(all(error)).not.toContain(KEY);
  }
});

it.each(manners)(
  'the API key is in no error about an answer that repeats the request (%s)',
  async (_, manner) => {
    const { client } = await standIn(({ headers }, response) => {
      manner(JSON.stringify(headers), response);
      return undefined;
    });
    const answers = await Promise.allSettled([
      client.incident('01INCIDENT'),
      client.editStatus('01INCIDENT', 'ST1'),
      client.followUpsOf('01INCIDENT'),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe('rejected');
      expect(all(answer)).not.toContain(KEY);
    }
  },
);

it('the API key is in no error about an answer that did not come, and in no warning', async () => {
  const { client, warnings } = await standIn((_, response) => {
    response.destroy();
    return undefined;
  });
  expect(all(await rejection(client.incident('01INCIDENT')))).not.toContain(KEY);
  expect(all(await rejection(client.editStatus('01INCIDENT', 'ST1')))).not.toContain(KEY);
  const old = await standIn(({ path }) => (path.startsWith('/v3') ? chatty(404) : ok({ follow_ups: [] })));
  await old.client.followUpsOf('01INCIDENT');
  expect([...warnings, ...old.warnings].join()).not.toContain(KEY);
});

it('a key that no header could carry is refused at once, and not repeated', () => {
  const pace: Pace = { take: () => Promise.reject(new Error('nothing is called')) };
  for (const apiKey of ['', `${KEY}\n`, `${KEY} and more`]) {
    const make = () =>
      createClient({ baseUrl: 'http://x', apiKey, pace, log: { warn() {} }, notifyIncidentChannel: true });
    expect(make).toThrow(/Set INCIDENT_IO_API_KEY to the key alone/);
    expect(make).not.toThrow(KEY);
  }
});
