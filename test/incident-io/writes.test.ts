import { describe, expect, it } from 'vitest';
import {
  ForbiddenError,
  NotFoundError,
  RefusedError,
  TransientError,
  UnclearError,
} from '../../src/incident-io/errors.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUpJson, incidentJson } from './samples.ts';
import { type Asked, apiError, collected, nothing, ok, type Reply, rejection, standIn } from './stand-in.ts';

const EDIT = 'POST /v2/incidents/A/actions/edit';
const READ = 'GET /v2/incidents/A';
const PATCH = 'PATCH /v2/incidents/A';

/** An incident.io that answers as `table` says for `METHOD /path`, and with the incident to anything else. */
function incidentAt(table: Record<string, Reply>) {
  return ({ method, path }: Asked) => table[`${method} ${path}`] ?? ok({ incident: incidentJson('A') });
}

describe('moving an incident to a status', () => {
  it('sends the status alone, and whether to tell the channel', async () => {
    for (const notifyIncidentChannel of [true, false]) {
      const { client, calls, asked } = await standIn(incidentAt({}), { notifyIncidentChannel });
      await client.editStatus('A', 'ST1');
      expect(calls).toEqual([EDIT]);
      expect(asked[0]?.body).toEqual({
        incident: { incident_status_id: 'ST1' },
        notify_incident_channel: notifyIncidentChannel,
      });
    }
  });

  it('is tried once more without a message where the refusal names the channel, and only then', async () => {
    const refusing =
      (message: string) =>
      ({ body }: Asked): Reply =>
        JSON.stringify(body).includes('"notify_incident_channel":true')
          ? apiError(422, { message })
          : ok({ incident: incidentJson('A') });
    const archived = await standIn(refusing('The Slack channel is archived'), {
      notifyIncidentChannel: true,
    });
    expect(await archived.client.editStatus('A', 'ST1')).toMatchObject({ incident: { id: 'A' } });
    expect(archived.calls).toEqual([EDIT, EDIT]);
    const other = await standIn(refusing('A severity is required'), { notifyIncidentChannel: true });
    expect(await rejection(other.client.editStatus('A', 'ST1'))).toBeInstanceOf(RefusedError);
    expect(other.calls).toEqual([EDIT]);
  });

  it('answers the incident as it is after, and the id of the request from its header or body', async () => {
    const header = await standIn(() => ok({ incident: incidentJson('A') }, { 'x-request-id': 'req_h' }));
    expect(await header.client.editStatus('A', 'ST1')).toMatchObject({
      incident: { id: 'A' },
      requestId: 'req_h',
    });
    const body = await standIn(() => ok({ incident: incidentJson('A'), request_id: 'req_b' }));
    expect(await body.client.editStatus('A', 'ST1')).toMatchObject({ requestId: 'req_b' });
    const neither = await standIn(() => ok({ incident: incidentJson('A') }));
    expect(await neither.client.editStatus('A', 'ST1')).not.toHaveProperty('requestId');
  });

  it.each([404, 405])(
    'falls back to PATCH where POST answers %i, and POST is not tried again after',
    async (status) => {
      const { client, calls, asked } = await standIn(incidentAt({ [EDIT]: nothing(status) }));
      await client.editStatus('A', 'ST1');
      expect(calls).toEqual([EDIT, READ, PATCH]);
      expect(asked[2]?.body).toEqual(asked[0]?.body);
      await client.editStatus('A', 'ST1');
      expect(calls.slice(3)).toEqual([PATCH]);
    },
  );

  it('does not remember PATCH before it succeeded', async () => {
    const table: Record<string, Reply> = { [EDIT]: nothing(404), [PATCH]: apiError(422) };
    const { client, calls } = await standIn(incidentAt(table));
    expect(await rejection(client.editStatus('A', 'ST1'))).toBeInstanceOf(RefusedError);
    delete table[EDIT];
    calls.length = 0;
    await client.editStatus('A', 'ST1');
    expect(calls).toEqual([EDIT]);
  });

  it('of an incident that cannot be read tries no other route', async () => {
    const { client, calls } = await standIn(incidentAt({ [EDIT]: nothing(404), [READ]: nothing(404) }));
    const error = await rejection(client.editStatus('A', 'ST1'));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toHaveProperty('message', expect.stringContaining('read incident A'));
    expect(calls).toEqual([EDIT, READ]);
  });

  it('tries no other route where it is not known whether the incident can be read', async () => {
    const { client, calls } = await standIn(incidentAt({ [EDIT]: nothing(404), [READ]: nothing(503) }));
    expect(await rejection(client.editStatus('A', 'ST1'))).toBeInstanceOf(TransientError);
    expect(calls).toEqual([EDIT, READ, READ, READ]);
  });

  it('is refused, with what to do, where neither route exists for this key', async () => {
    const { client } = await standIn(incidentAt({ [EDIT]: nothing(404), [PATCH]: nothing(404) }));
    const error = await rejection(client.editStatus('A', 'ST1'));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/incident A be read.*knows no way to edit it\. Give the key the role to edit/),
    );
  });

  it.each([500, 409])('is sent once where the answer is %i, and by no other route', async (status) => {
    const { client, calls } = await standIn(incidentAt({ [EDIT]: apiError(status) }));
    expect(await rejection(client.editStatus('A', 'ST1'))).toBeInstanceOf(UnclearError);
    expect(calls).toEqual([EDIT]);
  });
});

const followUp: FollowUp = {
  id: 'F/1',
  incidentId: '01INCIDENT',
  title: 'Add an alert',
  status: 'outstanding',
  createdAt: 0,
  updatedAt: 0,
  writable: {
    title: 'Add an alert',
    description: '**Details**',
    assigneeId: 'U1',
    assigneeTeamId: 'T1',
    categoryId: 'C1',
    priorityId: 'P1',
    labels: ['reliability'],
  },
};
const sent = {
  title: 'Add an alert',
  status: 'completed',
  description: '**Details**',
  assignee_id: 'U1',
  assignee_team_id: 'T1',
  follow_up_priority_option_id: 'P1',
  labels: ['reliability'],
};

/** Serves follow-ups by the named versions only. */
function versions(...served: string[]) {
  return ({ method, path }: Asked): Reply => {
    if (!served.includes(path.split('/')[1] ?? '')) return nothing(404);
    return ok(method === 'PUT' ? { follow_up: followUpJson('F') } : { follow_ups: [followUpJson('F')] });
  };
}

describe('setting the status of a follow-up', () => {
  it('sends every writable field as it was read', async () => {
    const { client, calls, asked } = await standIn(versions('v3'));
    expect(await client.setFollowUpStatus(followUp, 'completed')).toMatchObject({ followUp: { id: 'F' } });
    expect(calls).toEqual(['GET /v3/follow_ups', 'PUT /v3/follow_ups/F%2F1']);
    expect(asked[1]?.body).toEqual({ ...sent, follow_up_category_id: 'C1' });
  });

  it('leaves out what the follow-up does not have', async () => {
    const { client, asked } = await standIn(versions('v3'));
    const bare = { ...followUp, writable: { title: 'Add an alert', labels: [] } };
    await client.setFollowUpStatus(bare, 'not_doing');
    expect(asked[1]?.body).toEqual({ title: 'Add an alert', status: 'not_doing', labels: [] });
  });

  it('by version 2 sends no category, which it does not know', async () => {
    const { client, calls, asked } = await standIn(versions('v2'));
    await client.setFollowUpStatus(followUp, 'completed');
    expect(calls).toEqual(['GET /v3/follow_ups', 'PUT /v2/follow_ups/F%2F1']);
    expect(asked[1]?.body).toEqual(sent);
  });
});

describe('the version of follow-ups', () => {
  it('is 3 wherever that exists, which costs no call of its own', async () => {
    const { client, calls, warnings } = await standIn(versions('v3', 'v2'));
    await Promise.all([client.followUpsOf('A'), client.followUpsOf('B'), collected(client.followUps())]);
    await client.setFollowUpStatus(followUp, 'completed');
    expect(calls.filter((call) => call === 'GET /v3/follow_ups')).toHaveLength(3);
    expect(calls.filter((call) => call.includes('/v2/'))).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('is 2 where not even the bare list of version 3 is there, which is said once', async () => {
    const { client, calls, asked, warnings } = await standIn(versions('v2'));
    expect(await client.followUpsOf('A')).toHaveLength(1);
    expect(await collected(client.followUps(1))).toHaveLength(1);
    const v3 = 'GET /v3/follow_ups';
    expect(calls).toEqual([v3, v3, 'GET /v2/follow_ups', 'GET /v2/follow_ups']);
    expect(Object.fromEntries(asked[1]?.query ?? [])).toEqual({ page_size: '1' });
    expect(Object.fromEntries(asked[2]?.query ?? [])).toEqual({ incident_id: 'A' });
    expect(warnings).toEqual([
      expect.stringMatching(/v2.*removes on 31 December 2026.*Check INCIDENT_IO_API_URL/),
    ]);
  });

  it('is 2 where incident.io says that 3 is not yet available, which is said in its words, and 3 once it is', async () => {
    let available = false;
    const { client, calls, warnings, time } = await standIn((asked) =>
      asked.path.startsWith('/v3/') && !available
        ? apiError(403, { code: 'api_not_yet_available', message: 'This API is not yet available' })
        : versions('v3', 'v2')(asked),
    );
    expect(await client.followUpsOf('A')).toHaveLength(1);
    await client.setFollowUpStatus(followUp, 'completed');
    expect(calls.at(-1)).toBe('PUT /v2/follow_ups/F%2F1');
    expect(warnings).toEqual([
      expect.stringMatching(/not yet available.*api_not_yet_available.*looked for again every hour/),
    ]);

    const asks = async () => {
      const before = calls.length;
      await client.followUpsOf('A');
      return calls.slice(before);
    };
    await time.sleep(59 * 60_000);
    expect(await asks()).toEqual(['GET /v2/follow_ups']);
    await time.sleep(60_000);
    expect(await asks()).toEqual(['GET /v3/follow_ups', 'GET /v3/follow_ups', 'GET /v2/follow_ups']);
    available = true;
    await time.sleep(59 * 60_000);
    expect(await asks()).toEqual(['GET /v2/follow_ups']);
    await time.sleep(60_000);
    expect(await asks()).toEqual(['GET /v3/follow_ups']);
    await client.setFollowUpStatus(followUp, 'completed');
    expect(calls.at(-1)).toBe('PUT /v3/follow_ups/F%2F1');
    expect(warnings).toHaveLength(1);
  });

  it('stays 3 where the key may not read follow-ups for another reason', async () => {
    const { client, calls } = await standIn(() => apiError(403, { code: 'missing_required_scope' }));
    expect(await rejection(client.followUpsOf('A'))).toBeInstanceOf(ForbiddenError);
    expect(calls.filter((call) => call.includes('/v2/'))).toEqual([]);
  });

  it('2 is asked without a time, so that it gives everything', async () => {
    const { client, asked } = await standIn(versions('v2'));
    await collected(client.followUps(1));
    expect(asked[2]?.query.has('updated_at[gte]')).toBe(false);
  });

  it('stays 3 once it was there: a list that is missing later is an error', async () => {
    const served = ['v3', 'v2'];
    const { client, calls } = await standIn((asked) => versions(...served)(asked));
    await client.followUpsOf('A');
    served.shift();
    expect(await rejection(client.followUpsOf('A'))).toBeInstanceOf(NotFoundError);
    expect(calls.filter((call) => call.includes('/v2/'))).toEqual([]);
  });

  it('stays 3 where only the incident that a list is filtered by is missing', async () => {
    const { client, calls } = await standIn((asked) =>
      asked.query.has('incident_id') ? apiError(404) : versions('v3', 'v2')(asked),
    );
    expect(await rejection(client.followUpsOf('A'))).toBeInstanceOf(NotFoundError);
    expect(calls).toEqual(['GET /v3/follow_ups', 'GET /v3/follow_ups']);
  });

  it('is asked for again where the first question failed for another reason', async () => {
    let down = true;
    const { client, calls } = await standIn((asked) => (down ? nothing(503) : versions('v3', 'v2')(asked)));
    expect(await rejection(client.followUpsOf('A'))).toBeInstanceOf(TransientError);
    down = false;
    expect(await client.followUpsOf('A')).toHaveLength(1);
    expect(calls.filter((call) => call.includes('/v2/'))).toEqual([]);
  });

  it('is looked for again once version 2 is gone', async () => {
    const served = ['v2'];
    const { client } = await standIn((asked) => versions(...served)(asked));
    await client.followUpsOf('A');
    served.splice(0, 1, 'v3');
    expect(await rejection(client.followUpsOf('A'))).toBeInstanceOf(NotFoundError);
    expect(await client.followUpsOf('A')).toHaveLength(1);
  });
});
