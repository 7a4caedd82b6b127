import { describe, expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { linear } from '../../../src/trackers/linear/index.ts';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, fakeApi, NOW } from '../fake-api.ts';

const filterSchema = z.object({
  team: z.object({ key: z.object({ eq: z.string() }) }),
  number: z.object({ in: z.array(z.number()) }),
});
const querySchema = z.object({
  variables: z.object({
    id: z.string().optional(),
    filter: z.object({ or: z.array(filterSchema) }).optional(),
  }),
});

const organization = { urlKey: 'acme', previousUrlKeys: ['acme-old'] };

function issue(identifier: string, type: string, over: Record<string, unknown> = {}) {
  return {
    id: `uuid-${identifier}`,
    identifier,
    previousIdentifiers: [],
    url: `https://linear.app/acme/issue/${identifier}/a-title`,
    state: { type },
    createdAt: '2026-02-01T10:00:00.000Z',
    updatedAt: '2026-03-01T12:00:00.000Z',
    ...over,
  };
}

/** Answers as Linear does to the two queries; a former identifier leads to the issue. */
function api(issues: ReturnType<typeof issue>[], former: Record<string, string> = {}) {
  return ({ body }: ApiCall): ApiAnswer => {
    const { variables } = querySchema.parse(body);
    if (variables.id === undefined) {
      const nodes = issues.filter(({ identifier }) =>
        variables.filter?.or.some((one) => fits(identifier, one)),
      );
      return { body: { data: { organization, issues: { nodes } } } };
    }
    const wanted = former[variables.id] ?? variables.id;
    const found = issues.find(({ identifier }) => identifier === wanted);
    return found === undefined ? notFound : { body: { data: { issue: found } } };
  };
}

function fits(identifier: string, { team, number }: z.infer<typeof filterSchema>): boolean {
  return number.in.some((one) => identifier === `${team.key.eq}-${one}`);
}

const notFound: ApiAnswer = {
  status: 400,
  body: {
    data: null,
    errors: [
      { message: 'Entity not found: Issue', extensions: { code: 'INPUT_ERROR', type: 'invalid input' } },
    ],
  },
};

describe('reading issues of Linear', () => {
  it('asks again without the history of states where Linear knows no such field, which its schema calls alpha', async (test) => {
    const answer = api([issue('ENG-1', 'completed', { completedAt: '2026-03-01T10:00:00.000Z' })]);
    const message = 'Cannot query field "stateHistory" on type "Issue".';
    const unknown = {
      status: 400,
      body: { errors: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    };
    for (const refusal of [unknown, { ...unknown, status: 200 }]) {
      const fake = await fakeApi(test, (call) =>
        JSON.stringify(call.body).includes('stateHistory') ? refusal : answer(call),
      );
      const { events } = await fake.read(linear, ['linear:acme/ENG-1']);
      expect(events.get('linear:acme/ENG-1')).toMatchObject({ state: 'done' });
      expect(fake.calls).toHaveLength(2);
    }
  });

  it('asks for many in one query, archived ones too', async (test) => {
    const fake = await fakeApi(
      test,
      api([
        issue('ENG-1', 'completed', {
          completedAt: '2026-03-01T10:00:00.000Z',
          archivedAt: '2026-03-02T00:00:00Z',
        }),
        issue('ENG-2', 'canceled', { canceledAt: '2026-03-01T11:00:00.000Z' }),
        issue('OPS-3', 'started', {
          stateHistory: {
            nodes: [
              {
                startedAt: '2026-02-01T10:00:00Z',
                endedAt: '2026-02-02T10:00:00Z',
                state: { type: 'backlog' },
              },
              { startedAt: '2026-02-02T10:00:00Z', endedAt: null, state: { type: 'started' } },
            ],
          },
        }),
        issue('OPS-4', 'completed', { trashed: true, archivedAt: '2026-03-01T12:00:00Z' }),
      ]),
    );
    const tasks = ['linear:acme/ENG-1', 'linear:acme/ENG-2', 'linear:acme/OPS-3', 'linear:acme/OPS-4'];
    const { events, unreadable } = await fake.read(linear, tasks, { token: 'lin_api_canary' });
    expect(unreadable.size).toBe(0);
    expect(events.get('linear:acme/ENG-1')).toEqual({
      tracker: 'linear',
      task: 'linear:acme/ENG-1',
      aliases: ['linear:id:uuid-ENG-1'],
      state: 'done',
      by: 'unknown',
      occurredAt: Date.parse('2026-03-01T10:00:00Z'),
      delivery: 'read-back',
      receivedAt: NOW,
    });
    expect(events.get('linear:acme/ENG-2')).toMatchObject({ state: 'declined' });
    const open = events.get('linear:acme/OPS-3');
    expect(open).toMatchObject({ state: 'open', occurredAt: Date.parse('2026-02-01T10:00:00Z') });
    expect(open).not.toHaveProperty('reopened');
    expect(events.get('linear:acme/OPS-4')).toMatchObject({ state: 'deleted' });
    expect(fake.calls).toHaveLength(1);
    expect(fake.calls[0]).toMatchObject({
      method: 'POST',
      path: '/graphql',
      headers: { authorization: 'lin_api_canary' },
      body: {
        query: expect.stringContaining('includeArchived: true'),
        variables: {
          first: 4,
          filter: {
            or: [
              { team: { key: { eq: 'ENG' } }, number: { in: [1, 2] } },
              { team: { key: { eq: 'OPS' } }, number: { in: [3, 4] } },
            ],
          },
        },
      },
    });
  });

  it('says since when an issue has been open again, and that it was closed before', async (test) => {
    const nodes = [
      { startedAt: '2026-02-05T10:00:00Z', endedAt: null, state: { type: 'started' } },
      { startedAt: '2026-02-04T10:00:00Z', endedAt: '2026-02-05T10:00:00Z', state: { type: 'unstarted' } },
      { startedAt: '2026-02-03T10:00:00Z', endedAt: '2026-02-04T10:00:00Z', state: { type: 'completed' } },
      { startedAt: '2026-02-01T10:00:00Z', endedAt: '2026-02-03T10:00:00Z', state: { type: 'backlog' } },
    ];
    const fake = await fakeApi(
      test,
      api([
        issue('ENG-1', 'started', { stateHistory: { nodes } }),
        issue('ENG-2', 'started', { stateHistory: { nodes: nodes.slice(2) } }),
      ]),
    );
    const { events } = await fake.read(linear, ['linear:acme/ENG-1', 'linear:acme/ENG-2']);
    expect(events.get('linear:acme/ENG-1')).toMatchObject({
      reopened: true,
      occurredAt: Date.parse('2026-02-04T10:00:00Z'),
    });
    // Of a history that lacks its end nothing is believed.
    expect(events.get('linear:acme/ENG-2')).toMatchObject({ occurredAt: Date.parse('2026-03-01T12:00:00Z') });
  });

  it('recognises an issue that moved, and one of a workspace that was renamed', async (test) => {
    const moved = issue('OPS-7', 'completed', {
      previousIdentifiers: ['ENG-2'],
      completedAt: '2026-03-01T10:00:00Z',
    });
    const fake = await fakeApi(test, api([moved, issue('ENG-1', 'started')], { 'ENG-2': 'OPS-7' }));
    const tasks = ['linear:acme/ENG-2', 'linear:acme-old/ENG-1', 'linear:ENG-1', 'linear:acme/ENG-9'];
    const { events, unreadable } = await fake.read(linear, tasks);
    expect(events.get('linear:acme/ENG-2')).toMatchObject({
      task: 'linear:acme/OPS-7',
      aliases: ['linear:id:uuid-OPS-7', 'linear:acme/ENG-2'],
    });
    for (const task of ['linear:acme-old/ENG-1', 'linear:ENG-1'])
      expect(events.get(task)).toMatchObject({
        task: 'linear:acme/ENG-1',
        aliases: ['linear:id:uuid-ENG-1', task],
      });
    expect([...unreadable.keys()]).toEqual(['linear:acme/ENG-9']);
    expect(unreadable.get('linear:acme/ENG-9')).toMatch(/does not exist there, or the token may not see it/);
  });

  it("does not take another workspace's issue of the same identifier for the one that is asked for", async (test) => {
    const fake = await fakeApi(test, api([issue('ENG-1', 'completed')]));
    const { events, unreadable } = await fake.read(linear, ['linear:others/ENG-1', 'linear:id:uuid-ENG-1']);
    expect(events.size).toBe(0);
    expect(unreadable.get('linear:others/ENG-1')).toBe(
      'LINEAR_API_TOKEN belongs to the workspace acme, not others',
    );
  });

  it("knows Linear's own closing, and the original of a duplicate", async (test) => {
    const at = '2026-03-01T10:00:00.000Z';
    const relatedIssue = { identifier: 'ENG-4', url: 'https://linear.app/acme/issue/ENG-4/x' };
    const fake = await fakeApi(
      test,
      api([
        issue('ENG-1', 'canceled', { canceledAt: at, autoClosedAt: at }),
        issue('ENG-2', 'duplicate', {
          canceledAt: at,
          relations: {
            nodes: [
              { type: 'related', relatedIssue },
              { type: 'duplicate', relatedIssue },
            ],
          },
        }),
      ]),
    );
    const { events } = await fake.read(linear, ['linear:acme/ENG-1', 'linear:acme/ENG-2']);
    expect(events.get('linear:acme/ENG-1')).toMatchObject({ state: 'declined', by: 'automation' });
    expect(events.get('linear:acme/ENG-2')).toMatchObject({ by: 'unknown', canonical: 'linear:acme/ENG-4' });
  });

  it.each([
    ['https://linear.app', 'https://api.linear.app/graphql'],
    ['https://linear.eu.example', 'https://linear.eu.example/graphql'],
  ])('of %s asks %s, and sends the token nowhere else', async (url, expected) => {
    const sent: string[] = [];
    const { readBack } = linear;
    const reading = readBack?.read(['linear:acme/ENG-1'], {
      token: 'lin_oauth_1',
      urls: [url],
      options: {},
      now: NOW,
      send: async (request) => {
        sent.push(request.url, request.headers.authorization ?? '');
        return {
          status: 200,
          headers: {},
          body: JSON.stringify({ data: { organization, issues: { nodes: [] } } }),
        };
      },
    });
    await expect(reading).rejects.toThrow();
    expect(new Set(sent)).toEqual(new Set([expected, 'Bearer lin_oauth_1']));
  });

  async function failure(test: TestContext, answer: ApiAnswer): Promise<unknown> {
    const fake = await fakeApi(test, () => answer);
    return fake.read(linear, ['linear:acme/ENG-1']).then(
      () => undefined,
      (error: unknown) => error,
    );
  }
  const errors = (code: string) => ({ errors: [{ message: 'canary', extensions: { code } }] });

  it('a rate limit, which Linear answers with 400, tells when to ask again', async (test) => {
    const headers = {
      'x-ratelimit-requests-remaining': '0',
      'x-ratelimit-requests-reset': String(NOW + 90_000),
      'x-ratelimit-complexity-remaining': '5',
      'x-ratelimit-complexity-reset': String(NOW + 500_000),
    };
    const limited = await failure(test, { status: 400, headers, body: errors('RATELIMITED') });
    expect(limited).toBeInstanceOf(TrackerBusyError);
    expect(limited).toMatchObject({ retryAt: NOW + 90_000 });
    const unsaid = await failure(test, { status: 400, body: errors('RATELIMITED') });
    expect(unsaid).toMatchObject({ retryAt: NOW + 60_000 });
    const plain = await failure(test, { status: 429, headers: { 'retry-after': '7' } });
    expect(plain).toMatchObject({ name: 'TrackerBusyError', retryAt: NOW + 7_000 });
  });

  it('a token that is not accepted is a matter for a person', async (test) => {
    for (const answer of [
      { status: 401 },
      { status: 403 },
      { status: 400, body: errors('AUTHENTICATION_ERROR') },
      { body: errors('FORBIDDEN') },
    ])
      expect(await failure(test, answer)).toBeInstanceOf(TrackerAccessError);
  });

  it('an issue that is forbidden to the token is unread by itself, in a list and alone', async (test) => {
    const forbidden = (path: (string | number)[]): ApiAnswer => ({
      body: { data: null, errors: [{ message: 'Access denied', path, extensions: { code: 'FORBIDDEN' } }] },
    });
    const readable = api([issue('ENG-12', 'completed')]);
    const read = (tasks: string[], path: (string | number)[]) =>
      fakeApi(test, (call) =>
        JSON.stringify(call.body).includes('13') ? forbidden(path) : readable(call),
      ).then((server) => server.read(linear, tasks));
    const alone = await read(['linear:acme/ENG-13'], ['issues', 'nodes', 0, 'team']);
    expect(alone.unreadable.get('linear:acme/ENG-13')).toContain('FORBIDDEN');
    // Whoever asked splits a list that fails, and no person has to act on it.
    const both = read(['linear:acme/ENG-12', 'linear:acme/ENG-13'], ['issues', 'nodes', 1, 'team']);
    await expect(both).rejects.toThrow('FORBIDDEN');
    await expect(both).rejects.not.toBeInstanceOf(TrackerAccessError);
    const formerly = await fakeApi(test, ({ body }) =>
      querySchema.parse(body).variables.id === undefined
        ? { body: { data: { organization, issues: { nodes: [] } } } }
        : forbidden(['issue']),
    );
    const { unreadable } = await formerly.read(linear, ['linear:acme/OLD-1', 'linear:acme/OLD-2']);
    expect([...unreadable.values()]).toEqual(Array(2).fill(expect.stringContaining('FORBIDDEN')));
  });

  it('an answer that could not be read, or only in part, is no answer', async (test) => {
    for (const answer of [
      { status: 500 },
      { status: 502, body: '<html>' },
      { body: 'canary' },
      { body: { data: { organization, issues: { nodes: [{ identifier: 'ENG-1' }] } } } },
      { body: { data: { organization, issues: { nodes: [] } }, ...errors('INTERNAL_SERVER_ERROR') } },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain('canary');
    }
  });
});
