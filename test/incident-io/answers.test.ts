import { describe, expect, it } from 'vitest';
import {
  ForbiddenError,
  GarbledError,
  type IncidentIoError,
  KeyRejectedError,
  NotFoundError,
  RefusedError,
  TransientError,
  UnclearError,
} from '../../src/incident-io/errors.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUpJson, identityJson, incidentJson, statusJson } from './samples.ts';
import { apiError, nothing, ok, type Reply, rejection, standIn } from './stand-in.ts';

const followUp: FollowUp = {
  id: '01FOLLOWUP',
  incidentId: '01INCIDENT',
  title: 'Add an alert',
  status: 'outstanding',
  createdAt: 0,
  updatedAt: 0,
  writable: { title: 'Add an alert', labels: [] },
};

/** An incident.io that answers a read or a write with `reply`, and lets the client find out its version. */
function answering(reply: () => Reply) {
  return standIn(({ path }) => (path === '/v3/follow_ups' ? ok({ follow_ups: [] }) : reply()));
}

type Kind = new (...args: never[]) => IncidentIoError;

/** What each status is, for a read and for a write. 429 is no failure but a pause: see rate-limits.test.ts. */
function expectedFor(status: number): { read: Kind; write: Kind } {
  if (status === 401) return { read: KeyRejectedError, write: KeyRejectedError };
  if (status === 403) return { read: ForbiddenError, write: ForbiddenError };
  if (status === 404) return { read: NotFoundError, write: NotFoundError };
  if (status === 408 || status === 409 || status >= 500) return { read: TransientError, write: UnclearError };
  return { read: RefusedError, write: RefusedError };
}

const statuses = Array.from({ length: 200 }, (_, i) => 400 + i).filter((status) => status !== 429);

describe('every status that is an error', () => {
  it('becomes one kind of error, says what to do, and only reads that may pass are tried again', async () => {
    let status = 0;
    const { client, asked } = await answering(() => apiError(status));
    await client.followUpsOf('01INCIDENT');
    for (status of statuses) {
      const { read, write } = expectedFor(status);

      asked.length = 0;
      const failedRead = await rejection(client.incident('01INCIDENT'));
      expect(failedRead, `read, ${status}`).toBeInstanceOf(read);
      expect(failedRead).toMatchObject({ status, requestId: 'req_123', code: 'some_code' });
      expect(failedRead).toHaveProperty(
        'message',
        expect.stringMatching(/read incident 01INCIDENT.*Its own words/),
      );
      expect(asked, `read, ${status}`).toHaveLength(read === TransientError ? 3 : 1);

      asked.length = 0;
      const failedWrite = await rejection(client.setFollowUpStatus(followUp, 'completed'));
      expect(failedWrite, `write, ${status}`).toBeInstanceOf(write);
      expect(failedWrite).toHaveProperty(
        'message',
        expect.stringMatching(/set follow-up 01FOLLOWUP to completed/),
      );
      expect(asked, `write, ${status}`).toHaveLength(1);
    }
  });

  it('is understood without a body, or with one that is none of incident.io', async () => {
    for (const reply of [
      nothing(404),
      { status: 404, text: '<html>not here</html>' },
      { status: 404, json: [] },
    ]) {
      const { client } = await answering(() => reply);
      expect(await rejection(client.incident('01INCIDENT'))).toBeInstanceOf(NotFoundError);
    }
  });
});

describe('what an error says', () => {
  const cases: [string, Reply, RegExp][] = [
    [
      'a rejected key: to make a new one',
      apiError(401),
      /rejects the API key.*Make a new key.*INCIDENT_IO_API_KEY/,
    ],
    [
      'a missing scope: which one, and to give the key a role with it',
      apiError(403, { metadata: { scope: 'incidents.view' } }),
      /lacks the scope incidents\.view.*Give the key a role/,
    ],
    [
      'a forbidden call without a scope: to give the key a role',
      apiError(403),
      /may not do this.*Give the key a role/,
    ],
    [
      'a thing that is not there: to check the id and private incidents',
      nothing(404),
      /Check the id.*private incidents/,
    ],
    [
      'a refused request: its words, code and field',
      apiError(422, { code: 'is_required', source: { field: 'severity_id' } }),
      /refuses the request: "Its own words" \(is_required, field severity_id\).*changed in incident\.io/,
    ],
    [
      'an outage: that it is tried again, and where to look',
      apiError(500),
      /answered 500.*tried again.*status page/,
    ],
  ];
  it.each(cases)('%s', async (_, reply, text) => {
    const { client } = await answering(() => reply);
    expect(await rejection(client.incident('01INCIDENT'))).toHaveProperty(
      'message',
      expect.stringMatching(text),
    );
  });

  it('holds the request and its id, but no query', async () => {
    const { client } = await standIn(() => apiError(400));
    const { message } = Object(await rejection(client.updates('01INCIDENT')));
    expect(message).toMatch(
      /\(GET http:\/\/127\.0\.0\.1:\d+\/v2\/incident_updates, HTTP 400, request id req_123\)/,
    );
    expect(message).not.toContain('?');
  });

  it('names the scope, the code and the field also in fields of its own', async () => {
    const { client } = await answering(() => apiError(403, { metadata: { scope: 'incidents.view' } }));
    expect(await rejection(client.incident('1'))).toMatchObject({ scope: 'incidents.view', status: 403 });
    const other = await answering(() => apiError(422, { source: { field: 'title' } }));
    expect(await rejection(other.client.incident('1'))).toMatchObject({ field: 'title', code: 'some_code' });
  });
});

describe('an answer of success that is not what it should be', () => {
  const { updated_at: _, ...timeless } = incidentJson();
  const bodies: [string, Reply][] = [
    ['not JSON', { status: 200, text: 'sorry' }],
    ['a page of a proxy', { status: 200, text: '<!doctype html><title>Log in</title>' }],
    ['empty', nothing(204)],
    ['JSON of another kind', ok({ hello: 'world' })],
    ['null', ok(null)],
    ['without a required field', ok({ incident: timeless, follow_up: {} })],
    ['with a time that is none', ok({ incident: incidentJson('A', { updated_at: 'yesterday' }) })],
    [
      'with a time without its zone',
      ok({ incident: incidentJson('A', { updated_at: '2026-01-01T00:00:00' }) }),
    ],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/v2/incidents/1' }, text: '' }],
  ];
  it.each(bodies)('(%s) is garbled for a read, and not tried again', async (_, reply) => {
    const { client, calls } = await answering(() => reply);
    const error = await rejection(client.incident('01INCIDENT'));
    expect(error).toBeInstanceOf(GarbledError);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/read incident 01INCIDENT.*INCIDENT_IO_API_URL/),
    );
    expect(calls).toHaveLength(1);
  });

  it.each(bodies)('(%s) leaves a write unclear', async (_, reply) => {
    const { client } = await answering(() => reply);
    const error = await rejection(client.setFollowUpStatus(followUp, 'completed'));
    expect(error).toBeInstanceOf(UnclearError);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/may have taken effect; read how things stand/),
    );
  });
});

describe('what incident.io answers', () => {
  it('is read with fields and values that came later', async () => {
    const { client } = await standIn(() =>
      ok({
        incident: incidentJson('A', {
          mode: 'a_mode_that_came_later',
          incident_status: statusJson('asleep'),
        }),
      }),
    );
    expect(await client.incident('A')).toEqual({
      id: 'A',
      reference: 'INC-123',
      name: 'The database is down',
      status: { id: 'ST-asleep', name: 'The asleep one', category: 'asleep', rank: 3 },
      mode: 'a_mode_that_came_later',
      visibility: 'public',
      customFields: [],
      debriefs: [],
      hasPostmortem: false,
      createdAt: Date.parse('2026-01-02T03:04:05Z'),
      updatedAt: Date.parse('2026-01-02T03:04:05.678Z'),
    });
  });

  it('about an incident has what rules look at, whatever the kind of its custom fields', async () => {
    const field = (name: string, ...values: object[]) => ({
      custom_field: { id: `01${name}`, name },
      values,
    });
    const { client } = await standIn(() =>
      ok({
        incident: incidentJson('A', {
          severity: { id: 'S1', name: 'Critical', rank: 3 },
          incident_type: { id: 'T1', name: null },
          postmortem_document_ids: ['D1'],
          custom_field_entries: [
            field(
              'Team',
              { value_option: { id: 'O1', value: 'Payments' } },
              { value_catalog_entry: { name: 'Checkout' } },
            ),
            field('Notes', { value_text: 'x' }, { value_link: 'https://a' }, { value_numeric: '7' }),
            field('Empty'),
          ],
        }),
      }),
    );
    expect(await client.incident('A')).toMatchObject({
      severity: { id: 'S1', name: 'Critical' },
      type: { id: 'T1', name: 'T1' },
      hasPostmortem: true,
      customFields: [
        { id: '01Team', name: 'Team', values: ['Payments', 'Checkout'] },
        { id: '01Notes', name: 'Notes', values: ['x', 'https://a', '7'] },
        { id: '01Empty', name: 'Empty', values: [] },
      ],
    });
  });

  it('one follow-up with a malformed reference refuses none of the others, and says what is wrong', async () => {
    const references = [
      [{ provider: 'jira', issue_name: 'OPS-1', issue_permalink: null }, 'issue_permalink'],
      [{ provider: 7, issue_name: 'OPS-1', issue_permalink: 'https://x.example' }, 'provider'],
      [{}, 'provider'],
      ['OPS-1', 'the reference itself'],
      [[], 'the reference itself'],
    ] as const;
    for (const [external_issue_reference, field] of references) {
      const odd = followUpJson('F', { external_issue_reference });
      const { client } = await standIn(() => ok({ follow_ups: [odd, followUpJson('G')] }));
      const [first, second] = await client.followUpsOf('01INCIDENT');
      expect(first).toMatchObject({ id: 'F', malformedReference: field });
      expect(first).not.toHaveProperty('reference');
      expect(second).toMatchObject({ id: 'G' });
      expect(second).not.toHaveProperty('malformedReference');
    }
  });

  it('about a follow-up keeps its reference, its times and all that can be written', async () => {
    const full = followUpJson('F', {
      status: 'a_status_that_came_later',
      description: 'Details',
      completed_at: '2026-01-03T00:00:00+01:00',
      assignee: { id: 'U1', name: 'Ann' },
      assignee_team: { id: 'T1', name: 'SRE' },
      category: { id: 'C1', name: 'Process', rank: 1 },
      priority: { id: 'P1', name: 'High', rank: 1 },
      external_issue_reference: {
        provider: 'a_tracker_that_came_later',
        issue_name: 'API-12',
        issue_permalink: 'https://tracker.example/API-12',
      },
    });
    const bare = followUpJson('B', { labels: null, completed_at: null, assignee: null, description: null });
    const { client } = await standIn(() => ok({ follow_ups: [full, bare] }));
    const [first, second] = await client.followUpsOf('01INCIDENT');
    expect(first).toEqual({
      id: 'F',
      incidentId: '01INCIDENT',
      title: 'Add an alert',
      status: 'a_status_that_came_later',
      createdAt: Date.parse('2026-01-02T03:04:05Z'),
      updatedAt: Date.parse('2026-01-02T03:04:05Z'),
      completedAt: Date.parse('2026-01-02T23:00:00Z'),
      priority: { id: 'P1', name: 'High' },
      owner: 'Ann',
      reference: {
        provider: 'a_tracker_that_came_later',
        name: 'API-12',
        permalink: 'https://tracker.example/API-12',
      },
      writable: {
        title: 'Add an alert',
        description: 'Details',
        assigneeId: 'U1',
        assigneeTeamId: 'T1',
        categoryId: 'C1',
        priorityId: 'P1',
        labels: ['reliability'],
      },
    });
    expect(second).not.toHaveProperty('completedAt');
    expect(second?.writable).toEqual({ title: 'Add an alert', labels: [] });
  });

  it('about the key and the statuses is read', async () => {
    const { client } = await standIn(({ path }) =>
      ok(
        path === '/v1/identity' ? { identity: identityJson } : { incident_statuses: [statusJson('closed')] },
      ),
    );
    expect(await client.identity()).toEqual({
      name: 'closer',
      dashboardUrl: 'https://app.incident.io/acme',
      roles: ['viewer', 'a_role_that_came_later'],
    });
    expect(await client.statuses()).toMatchObject([{ category: 'closed' }]);
  });
});
