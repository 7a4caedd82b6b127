import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { github } from '../../../src/trackers/github/index.ts';
import {
  type ApiAccess,
  TrackerAccessError,
  TrackerBusyError,
  type TrackerRequest,
} from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, fakeApi, NOW } from '../fake-api.ts';

const CLOSED = '2026-03-01T10:00:00Z';

const serve = (answer: (call: ApiCall) => ApiAnswer) => fakeApi({ onTestFinished }, answer);

interface Asked {
  owner: string;
  name: string;
  number: number;
}
type Node = Record<string, unknown> | { error: string; message?: string } | undefined;

/** What the GraphQL API shows of an issue. */
function issue(change: Record<string, unknown> = {}) {
  return {
    __typename: 'Issue',
    url: `https://HOST/acme/api/issues/12`,
    issueState: 'CLOSED',
    stateReason: 'COMPLETED',
    createdAt: '2026-02-20T08:00:00Z',
    closedAt: CLOSED,
    repository: { databaseId: 44 },
    labels: { nodes: [{ name: 'incident' }] },
    closings: { nodes: [{ actor: { __typename: 'User', login: 'ada' } }] },
    reopenings: { nodes: [] },
    duplicates: { nodes: [] },
    ...change,
  };
}
const open = (change: Record<string, unknown> = {}) =>
  issue({ issueState: 'OPEN', stateReason: null, closedAt: null, closings: { nodes: [] }, ...change });

const pull = (change: Record<string, unknown> = {}) => {
  const { stateReason, issueState, ...rest } = issue({ url: 'https://HOST/acme/api/pull/12' });
  return { ...rest, __typename: 'PullRequest', pullState: issueState, ...change };
};

const REPOSITORY = /(r\d+): repository\(owner: "([^"]+)", name: "([^"]+)"\) \{ (.*?) \}(?= r\d|\s*\}\n)/g;

const queryOf = (body: unknown) => z.object({ query: z.string() }).parse(body).query;

/** Answers the query as documented: what is not there is null, and an error with its path. */
function graphql({ body, headers }: ApiCall, node: (asked: Asked) => Node): ApiAnswer {
  const query = queryOf(body);
  const data: Record<string, Record<string, unknown>> = {};
  const errors: unknown[] = [];
  for (const [, repository = '', owner = '', name = '', inner = ''] of query.matchAll(REPOSITORY)) {
    data[repository] = {};
    for (const [, alias = '', number] of inner.matchAll(/(i\d+): issueOrPullRequest\(number: (\d+)\)/g)) {
      const found = node({ owner, name, number: Number(number) });
      const isError = found === undefined || 'error' in found;
      data[repository][alias] = isError ? null : found;
      if (isError)
        errors.push({
          type: found && 'error' in found ? found.error : 'NOT_FOUND',
          path: [repository, alias],
          message: found && 'error' in found ? found.message : `Could not resolve to an issue of ${number}.`,
        });
    }
  }
  const text = JSON.stringify({ data, ...(errors.length > 0 && { errors }) });
  return { body: text.replaceAll('HOST', String(headers.host)) };
}

/** One issue, asked for by its key. */
async function readOne(node: Node) {
  const api = await serve((request) => graphql(request, () => node));
  const task = `github:${api.host}/acme/api#12`;
  const { events, unreadable } = await api.read(github, [task]);
  return { event: events.get(task), why: unreadable.get(task), task, host: api.host, calls: api.calls };
}

/** One issue that the query does not find, and the REST API as it is said. */
async function readByRest(answer: (path: string, base: string) => ApiAnswer) {
  const api = await serve((request) =>
    request.path === '/api/graphql'
      ? graphql(request, () => undefined)
      : answer(request.path, `http://${request.headers.host}`),
  );
  const task = `github:${api.host}/acme/api#12`;
  const { events, unreadable } = await api.read(github, [task]);
  return { event: events.get(task), why: unreadable.get(task), task, host: api.host, calls: api.calls };
}

describe('GitHub, asked for the states of issues', () => {
  it('tells that an issue is done, since when, and by whom', async () => {
    const { event, task, host, calls } = await readOne(issue());
    expect(event).toEqual({
      tracker: 'github',
      task,
      aliases: [`github:id:${host}/44#12`],
      state: 'done',
      by: 'person',
      actor: 'ada',
      occurredAt: Date.parse(CLOSED),
      delivery: 'read-back',
      receivedAt: NOW,
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.headers.authorization).toBe('Bearer canary-token');
  });

  it.each([
    ['COMPLETED', 'done'],
    [null, 'done'],
    ['NOT_PLANNED', 'declined'],
    ['DUPLICATE', 'declined'],
    ['ABANDONED', 'open'],
  ])('reads the reason %s as %s', async (stateReason, state) => {
    expect((await readOne(issue({ stateReason }))).event?.state).toBe(state);
  });

  it('reads an issue of a state that it does not know as open', async () => {
    expect((await readOne(issue({ issueState: 'ARCHIVED' }))).event?.state).toBe('open');
  });

  it('dates an open issue by when it was opened or reopened, not by when it was touched', async () => {
    const updatedAt = '2026-03-01T11:00:00Z';
    expect((await readOne(open({ updatedAt }))).event).toMatchObject({
      state: 'open',
      by: 'unknown',
      occurredAt: Date.parse('2026-02-20T08:00:00Z'),
    });
    const reopenings = { nodes: [{ createdAt: CLOSED }] };
    expect((await readOne(open({ updatedAt, reopenings }))).event).toMatchObject({
      state: 'open',
      reopened: true,
      occurredAt: Date.parse(CLOSED),
    });
  });

  it('tells a stale bot from one that closes after a merge, named as a webhook names it', async () => {
    const closings = { nodes: [{ actor: { __typename: 'Bot', login: 'stale' } }] };
    const labels = { nodes: [{ name: 'stale' }] };
    expect((await readOne(issue({ closings, labels }))).event).toMatchObject({
      by: 'automation',
      actor: 'stale[bot]',
    });
    expect((await readOne(issue({ closings, stateReason: 'NOT_PLANNED' }))).event?.by).toBe('automation');
    const merger = { nodes: [{ actor: { __typename: 'Bot', login: 'mergify' } }] };
    expect((await readOne(issue({ closings: merger }))).event?.by).toBe('unknown');
    const zombie = { nodes: [{ name: 'zombie' }] };
    expect((await readOne(issue({ closings: merger, labels: zombie }))).event?.machineLabels).toEqual([
      'zombie',
    ]);
  });

  it('names the original of a duplicate, and none where that cannot be seen', async () => {
    const canonical = { url: 'https://HOST/acme/infra/issues/7' };
    const duplicates = { nodes: [{ canonical }] };
    const { event, host } = await readOne(issue({ stateReason: 'DUPLICATE', duplicates }));
    expect(event).toMatchObject({ state: 'declined', canonical: `github:${host}/acme/infra#7` });
    const hidden = issue({ stateReason: 'DUPLICATE', duplicates: { nodes: [{ canonical: null }] } });
    expect((await readOne(hidden)).event).not.toHaveProperty('canonical');
    expect((await readOne(issue({ duplicates }))).event).not.toHaveProperty('canonical');
  });

  it('reads a pull request: merged is done, closed without a merge declined', async () => {
    expect((await readOne(pull({ pullState: 'MERGED', merged: true }))).event?.state).toBe('done');
    expect((await readOne(pull({ merged: false }))).event?.state).toBe('declined');
    expect((await readOne(pull({ pullState: 'OPEN', merged: false, closedAt: null }))).event?.state).toBe(
      'open',
    );
  });

  it('follows a repository that was renamed: the new key, and the one asked for as an alias', async () => {
    const { event, task, host } = await readOne(issue({ url: 'https://HOST/acme/renamed/issues/12' }));
    expect(event).toMatchObject({
      task: `github:${host}/acme/renamed#12`,
      aliases: [`github:id:${host}/44#12`, task],
    });
  });

  it('asks for fifty issues of many repositories in one call', async () => {
    const api = await serve((request) =>
      graphql(request, ({ owner, name, number }) =>
        issue({ url: `https://HOST/${owner}/${name}/issues/${number}` }),
      ),
    );
    const most = github.readBack?.most ?? 0;
    const tasks = Array.from({ length: most }, (_, n) => `github:${api.host}/acme/repo-${n % 7}#${n + 1}`);
    const { events, unreadable } = await api.read(github, tasks);
    expect(tasks).toHaveLength(50);
    expect([...unreadable]).toEqual([]);
    expect([...events.keys()]).toEqual(tasks);
    for (const [task, event] of events) expect(event.task).toBe(task);
    expect(api.calls).toHaveLength(1);
  });

  it('an error of one issue is its own', async () => {
    const api = await serve((request) =>
      request.path === '/api/graphql'
        ? graphql(request, ({ number }) =>
            number === 12 ? { error: 'FORBIDDEN', message: 'Resource protected by SAML' } : issue(),
          )
        : { status: 404 },
    );
    const tasks = [12, 13].map((number) => `github:${api.host}/acme/api#${number}`);
    const { events, unreadable } = await api.read(github, tasks);
    expect([...events.keys()]).toEqual([tasks[1]]);
    expect(unreadable.get(tasks[0] ?? '')).toContain('Resource protected by SAML');
  });

  it('a repository that cannot be seen leaves its issues unread, without asking further', async () => {
    const api = await serve(() => ({
      body: { data: { r0: null }, errors: [{ type: 'NOT_FOUND', path: ['r0'], message: 'no repository' }] },
    }));
    const task = `github:${api.host}/acme/api#12`;
    const { unreadable } = await api.read(github, [task]);
    expect(unreadable.get(task)).toContain('may not see it');
    expect(api.calls).toHaveLength(1);
  });

  it('an answer that is cut or not as documented tells nothing', async () => {
    expect((await readOne({ url: 'https://HOST/acme/api/issues/12' })).why).toContain('not as documented');
    expect((await readOne(issue({ url: 'https://HOST/acme/api' }))).why).toContain('not as documented');
    const api = await serve(() => ({ body: '<html>' }));
    const read = api.read(github, [`github:${api.host}/acme/api#12`]);
    await expect(read).rejects.toThrow('a web page instead of data');
  });

  it('an issue of which the state was left out is unread, and not open', async () => {
    for (const issueState of [null, undefined]) {
      const { event, why } = await readOne(issue({ issueState }));
      expect(event).toBeUndefined();
      expect(why).toContain('did not tell its state');
    }
  });

  it('what a machine closed is unread where its labels were left out', async () => {
    const closings = { nodes: [{ actor: { __typename: 'Bot', login: 'stale' } }] };
    const closed = {
      issueState: 'CLOSED',
      stateReason: 'COMPLETED',
      closedAt: '2026-03-01T10:00:00Z',
      closings,
    };
    expect((await readOne(issue({ ...closed, labels: null }))).why).toContain('did not tell its state');
    expect((await readOne(issue({ ...closed, labels: { nodes: [] } }))).event).toMatchObject({
      state: 'done',
    });
  });

  it.each([
    [
      'enableDuplicate',
      "Field 'stateReason' doesn't accept argument 'enableDuplicate'",
      'argumentNotAccepted',
    ],
    [
      'CONVERTED_TO_DISCUSSION_EVENT',
      "Argument 'itemTypes' on Field 'timelineItems' has an invalid value",
      'argumentLiteralsIncompatible',
    ],
  ])(
    'an older Enterprise Server is asked again without what it does not know: %s',
    async (part, message, code) => {
      const api = await serve((request) =>
        queryOf(request.body).includes(part)
          ? { body: { errors: [{ message, extensions: { code } }] } }
          : graphql(request, () => issue()),
      );
      const task = `github:${api.host}/acme/api#12`;
      const { events } = await api.read(github, [task]);
      expect(events.get(task)?.state).toBe('done');
    },
  );

  it('an Enterprise Server that lacks one part is still asked for the other, and is not asked a fourth time', async () => {
    const unknown = [
      ['enableDuplicate', 'argumentNotAccepted'],
      ['CONVERTED_TO_DISCUSSION_EVENT', 'argumentLiteralsIncompatible'],
    ] as const;
    const asking = async (lacked: readonly (readonly [string, string])[]) => {
      const api = await serve((request) => {
        const [, code] = lacked.find(([part]) => queryOf(request.body).includes(part)) ?? [];
        return code === undefined
          ? graphql(request, () => issue())
          : { body: { errors: [{ message: 'unknown', extensions: { code } }] } };
      });
      const task = `github:${api.host}/acme/api#12`;
      expect((await api.read(github, [task])).events.get(task)?.state).toBe('done');
      return api.calls.map(({ body }) => unknown.map(([part]) => queryOf(body).includes(part)));
    };
    const [duplicates, conversions] = unknown;
    expect((await asking([duplicates])).at(-1)).toEqual([false, true]);
    expect((await asking([conversions])).at(-1)).toEqual([true, false]);
    expect(await asking(unknown)).toHaveLength(3);
  });

  it('an issue that was turned into a discussion is unread, unless it was opened again since', async () => {
    const conversions = {
      nodes: [{ createdAt: CLOSED, discussion: { url: 'https://HOST/acme/api/discussions/40' } }],
    };
    const api = await serve((request) =>
      graphql(request, ({ number }) =>
        number === 12
          ? issue({ conversions })
          : issue({ conversions, reopenings: { nodes: [{ createdAt: '2026-03-01T11:00:00Z' }] } }),
      ),
    );
    const tasks = [12, 13].map((number) => `github:${api.host}/acme/api#${number}`);
    const { events, unreadable } = await api.read(github, tasks);
    expect([...unreadable]).toEqual([[tasks[0], expect.stringContaining('/acme/api/discussions/40')]]);
    expect(events.get(tasks[1] ?? '')?.state).toBe('done');
  });
});

describe('GitHub, asked for an issue that is not where it was', () => {
  const restIssue = (base: string, change: Record<string, unknown> = {}) => ({
    html_url: `${base}/acme/infra/issues/7`,
    state: 'closed',
    state_reason: 'completed',
    created_at: '2026-02-20T08:00:00Z',
    updated_at: '2026-03-01T11:00:00Z',
    closed_at: CLOSED,
    closed_by: { login: 'ada', type: 'User' },
    labels: [{ name: 'incident' }],
    ...change,
  });

  it('follows it to where it was transferred', async () => {
    const { event, task, host } = await readByRest((path, base) =>
      path === '/api/v3/repos/acme/api/issues/12'
        ? { status: 301, headers: { location: `${base}/api/v3/repositories/99/issues/7` } }
        : { body: restIssue(base) },
    );
    expect(event).toMatchObject({
      task: `github:${host}/acme/infra#7`,
      aliases: [`github:id:${host}/99#7`, task],
      state: 'done',
      by: 'person',
      occurredAt: Date.parse(CLOSED),
    });
  });

  it('is open since it was reopened, where it was', async () => {
    const change = { state: 'open', state_reason: 'reopened', closed_at: null, closed_by: null };
    const { event } = await readByRest((_, base) => ({ body: restIssue(base, change) }));
    expect(event).toMatchObject({ state: 'open', reopened: true });
  });

  it('knows that it was deleted only where GitHub says gone', async () => {
    const gone = (message: string) => readByRest(() => ({ status: 410, body: { message } }));
    expect((await gone('This issue was deleted')).event).toMatchObject({ state: 'deleted', by: 'unknown' });
    for (const message of [
      'Issues are disabled for this repo',
      'Issues has been disabled in this repository.',
      '',
    ]) {
      const { event, why } = await gone(message);
      expect(event).toBeUndefined();
      expect(why).toContain('issues are switched off');
    }
    for (const status of [404, 403, 451]) {
      const { event, why } = await readByRest(() => ({ status }));
      expect(event).toBeUndefined();
      expect(why).toContain('may not see it');
    }
  });

  it('never follows a redirect to another host', async () => {
    const stranger = await serve(() => ({ body: {} }));
    const { why, calls } = await readByRest(() => ({
      status: 301,
      headers: { location: `${stranger.url}/api/v3/repositories/99/issues/7` },
    }));
    expect(why).toContain('may not see it');
    expect(calls).toHaveLength(2);
    expect(stranger.calls).toEqual([]);
  });

  it('gives up a circle', async () => {
    const { why } = await readByRest((path, base) => ({ status: 301, headers: { location: base + path } }));
    expect(why).toContain('too often');
  });
});

describe('GitHub, where it cannot be asked', () => {
  const failing = async (answer: ApiAnswer) => {
    const api = await serve(() => answer);
    return api.read(github, [`github:${api.host}/acme/api#12`]);
  };

  it.each([
    ['Retry-After in seconds', { status: 429, headers: { 'retry-after': '90' } }, 90_000],
    [
      'Retry-After as a date, by the clock of the answer',
      {
        status: 403,
        headers: {
          date: 'Sun, 01 Mar 2026 09:00:00 GMT',
          'retry-after': 'Sun, 01 Mar 2026 09:02:00 GMT',
        },
      },
      120_000,
    ],
    [
      'a limit that is used up',
      {
        status: 403,
        headers: {
          date: 'Mon, 02 Mar 2026 10:00:00 GMT',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(NOW / 1000 + 600),
        },
      },
      600_000,
    ],
    [
      'a secondary limit without a time',
      { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
      60_000,
    ],
    [
      'a limit of GraphQL',
      {
        headers: {
          date: 'Mon, 02 Mar 2026 10:00:00 GMT',
          'x-ratelimit-remaining': '0',
          'x-ratelimit-reset': String(NOW / 1000 + 30),
        },
        body: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] },
      },
      30_000,
    ],
  ])('waits for %s', async (_, answer, pause) => {
    const error = await failing(answer).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrackerBusyError);
    expect(error).toMatchObject({ retryAt: NOW + pause });
  });

  it.each([
    [{ status: 401, body: { message: 'Bad credentials' } }, 'GITHUB_API_TOKEN'],
    [
      { status: 403, body: { message: 'Resource not accessible by personal access token' } },
      'read access to Issues',
    ],
    [{ status: 404 }, 'GITHUB_URL'],
    [{ body: { errors: [{ type: 'INSUFFICIENT_SCOPES', message: 'scopes' }] } }, 'read access to Issues'],
  ])('tells a person to act: %j', async (answer, words) => {
    const error = await failing(answer).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrackerAccessError);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('canary');
  });

  it('an outage, and a query that could not be run, are errors that can pass', async () => {
    await expect(failing({ status: 502, body: 'bad gateway' })).rejects.toThrow(
      'GitHub could not answer (502)',
    );
    const timeout = { data: null, errors: [{ message: 'Something went wrong while executing your query.' }] };
    await expect(failing({ body: timeout })).rejects.toThrow('Something went wrong');
    await expect(failing({ body: timeout })).rejects.not.toBeInstanceOf(TrackerAccessError);
  });
});

describe('the token for GitHub', () => {
  /** Where it is sent for these tasks. */
  async function sentTo(urls: string[], tasks: string[]) {
    const requests: TrackerRequest[] = [];
    const access: ApiAccess = {
      token: 't0ken',
      urls,
      options: {},
      now: NOW,
      send: async (request) => {
        requests.push(request);
        return { status: 200, headers: {}, body: '{"data":{}}' };
      },
    };
    const { unreadable } = (await github.readBack?.read(tasks, access)) ?? { unreadable: new Map() };
    return { urls: requests.map(({ url }) => url), unreadable };
  }

  it.each([
    ['https://github.com', 'github.com', 'https://api.github.com/graphql'],
    ['https://www.github.com', 'github.com', 'https://api.github.com/graphql'],
    ['https://acme.ghe.com', 'acme.ghe.com', 'https://api.acme.ghe.com/graphql'],
    ['https://git.acme.example:8443', 'git.acme.example:8443', 'https://git.acme.example:8443/api/graphql'],
  ])('goes for %s to its own API', async (url, host, api) => {
    expect((await sentTo([url], [`github:${host}/acme/api#12`])).urls).toEqual([api]);
  });

  it('goes to no host that is not set', async () => {
    const task = 'github:evil.example/acme/api#12';
    const { urls, unreadable } = await sentTo(
      ['https://github.com'],
      [task, 'github:id:github.com/44#12', 'x'],
    );
    expect(urls).toEqual([]);
    expect(unreadable.get(task)).toBe('evil.example is not among the addresses in GITHUB_URL');
    expect([...unreadable.keys()]).toHaveLength(3);
  });
});
