import { describe, expect, it, type TestContext } from 'vitest';
import { z } from 'zod';
import { jira } from '../../../src/trackers/jira/index.ts';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, fakeApi, NOW } from '../fake-api.ts';
import { fields } from './payloads.ts';

const bulkSchema = z.object({ issueIdsOrKeys: z.array(z.string()).max(100) });
const searchSchema = z.object({ jql: z.string() });

type Issues = Record<string, unknown>[];

function found(key: string, id: string, own: Record<string, unknown>, histories?: unknown) {
  return { id, key, fields: own, ...(histories !== undefined && { changelog: { histories } }) };
}

/** Cloud: issues by many keys at once, an old key leading to the issue. */
function cloud(issues: Issues, moved: Record<string, string> = {}) {
  const isAsked = (key: unknown, asked: string[]) =>
    asked.some((one) => one === key || moved[one] === String(key));
  return ({ path, body }: ApiCall): ApiAnswer => {
    if (path === '/rest/api/3/issue/bulkfetch') {
      const { issueIdsOrKeys } = bulkSchema.parse(body);
      return { body: { issues: issues.filter(({ key }) => isAsked(key, issueIdsOrKeys)), issueErrors: [] } };
    }
    const asked = /^\/rest\/api\/3\/issue\/([^?/]+)\?/.exec(path)?.[1];
    const issue = issues.find(({ key }) => asked !== undefined && isAsked(key, [asked]));
    return issue === undefined
      ? { status: 404, body: { errorMessages: ['Issue does not exist'] } }
      : { body: issue };
  };
}

/** Data Center: no such call, but a search; whose histories say when the status changed. */
function dataCenter(issues: Issues, moved: Record<string, string> = {}) {
  return ({ path, body }: ApiCall): ApiAnswer => {
    if (path.endsWith('/rest/api/2/search')) {
      const { jql } = searchSchema.parse(body);
      return { body: { startAt: 0, issues: issues.filter(({ key }) => jql.includes(`"${key}"`)) } };
    }
    const asked = /\/rest\/api\/2\/issue\/([^?/]+)\?/.exec(path)?.[1] ?? '';
    const issue = issues.find(({ key }) => key === (moved[asked] ?? asked));
    return issue === undefined ? { status: 404, body: 'no such page' } : { body: issue };
  };
}

const done = fields('Done', {
  resolution: { id: '10000', name: 'Done' },
  resolutiondate: '2026-03-01T10:00:00.000+0000',
});
const { statuscategorychangedate: _, ...doneInDataCenter } = done;
const history = (created: string, field: string) => ({
  created,
  author: { name: 'ada' },
  items: [{ field }],
});

describe('reading issues of Jira', () => {
  it('asks Cloud for many in one call, with the account and its token', async (test) => {
    const api = await fakeApi(
      test,
      cloud([
        found('OPS-1', '1', done),
        found('OPS-2', '2', fields('In Progress')),
        found('OPS-3', '3', fields('Done', { resolution: { id: '9', name: "Won't Do" } })),
      ]),
    );
    const [one, two, three] = ['OPS-1', 'OPS-2', 'OPS-3'].map((key) => `jira:${api.host}/${key}`);
    if (!one || !two || !three) throw new Error('no tasks');
    const { events, unreadable } = await api.read(jira, [one, two, three], { token: 'ada@acme.example:t0' });
    expect(unreadable.size).toBe(0);
    expect(events.get(one)).toEqual({
      tracker: 'jira',
      task: one,
      aliases: [`jira:id:${api.host}/1`],
      state: 'done',
      by: 'unknown',
      occurredAt: Date.parse('2026-03-01T10:00:00Z'),
      delivery: 'read-back',
      receivedAt: NOW,
    });
    expect(events.get(two)).toMatchObject({ state: 'open', occurredAt: Date.parse('2026-03-01T10:00:00Z') });
    expect(events.get(three)).toMatchObject({ state: 'declined' });
    // Who declined one is asked for all of them at once.
    expect(api.calls.map(({ path }) => path)).toEqual([
      '/rest/api/3/issue/bulkfetch',
      '/rest/api/3/changelog/bulkfetch',
    ]);
    expect(api.calls[0]).toMatchObject({
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from('ada@acme.example:t0').toString('base64')}` },
      body: {
        issueIdsOrKeys: ['OPS-1', 'OPS-2', 'OPS-3'],
        fields: expect.arrayContaining(['status', 'resolution']),
      },
    });
  });

  it('searches in Data Center, under its context path, and dates a state by the history', async (test) => {
    const api = await fakeApi(
      test,
      dataCenter([
        found('OPS-1', '1', doneInDataCenter, [
          history('2026-02-01T10:00:00.000+0000', 'status'),
          history('2026-03-02T09:00:00.000+0000', 'status'),
          history('2026-03-02T09:30:00.000+0000', 'labels'),
        ]),
      ]),
    );
    const task = `jira:${api.host}/jira/OPS-1`;
    const { events } = await api.read(jira, [task], { urls: [`${api.url}/jira`], token: 'pat' });
    expect(events.get(task)).toMatchObject({
      state: 'done',
      actor: 'ada',
      aliases: [`jira:id:${api.host}/jira/1`],
      // The resolution is older: nobody had cleared it when the issue was opened again.
      occurredAt: Date.parse('2026-03-02T09:00:00Z'),
    });
    expect(api.calls.map(({ path }) => path)).toEqual([
      '/jira/rest/api/3/issue/bulkfetch',
      '/jira/rest/api/2/search',
    ]);
    expect(api.calls[1]).toMatchObject({
      headers: { authorization: 'Bearer pat' },
      body: { jql: 'key in ("OPS-1")', validateQuery: false, expand: ['changelog'] },
    });
  });

  it.for([
    ['Cloud', cloud],
    ['Data Center', dataCenter],
  ] as const)('recognises an issue that moved, in %s', async ([, jiraOf], test) => {
    const api = await fakeApi(
      test,
      jiraOf([found('PLAT-7', '1', done), found('OPS-2', '2', done)], { 'OPS-1': 'PLAT-7' }),
    );
    const task = `jira:${api.host}/OPS-1`;
    const gone = `jira:${api.host}/OPS-9`;
    const { events, unreadable } = await api.read(jira, [task, gone, `jira:${api.host}/OPS-2`]);
    expect(events.get(task)).toMatchObject({
      task: `jira:${api.host}/PLAT-7`,
      aliases: [task, `jira:id:${api.host}/1`],
    });
    expect(events.size).toBe(2);
    expect(unreadable.get(gone)).toMatch(
      /no such issue: it does not exist there, or the token may not see it/,
    );
  });

  it('says of an issue that Jira does not show that it could not be told, never that it was deleted', async (test) => {
    const api = await fakeApi(test, cloud([]));
    const task = `jira:${api.host}/OPS-1`;
    const { events, unreadable } = await api.read(jira, [task]);
    expect(events.size).toBe(0);
    expect([...unreadable.keys()]).toEqual([task]);
    expect(api.calls).toHaveLength(1);
  });

  it('sends the token to no site that is not set', async (test) => {
    const api = await fakeApi(test, cloud([]));
    const tasks = ['jira:other.atlassian.net/OPS-1', `jira:${api.host}/jira/OPS-1`, 'jira:id:other/1'];
    const { unreadable } = await api.read(jira, tasks);
    expect([...unreadable.keys()]).toEqual(tasks);
    expect(unreadable.get(tasks[0] ?? '')).toMatch(
      /other\.atlassian\.net is none of the addresses in JIRA_URL/,
    );
    expect(api.calls).toHaveLength(0);
  });

  it('finds out the site behind the gateway of scoped tokens', async (test) => {
    const api = await fakeApi(test, (call) =>
      call.path.endsWith('/serverInfo')
        ? { body: { baseUrl: 'https://acme.atlassian.net' } }
        : { body: { issues: [found('OPS-1', '1', done)] } },
    );
    const gateway = 'https://api.atlassian.com/ex/jira/0-1';
    const sent: string[] = [];
    const task = 'jira:acme.atlassian.net/OPS-1';
    const { events } = await api.read(jira, [task], {
      urls: [gateway],
      send: async ({ url, ...request }) => {
        sent.push(url);
        const answer = await fetch(url.replace(gateway, api.url), request);
        return { status: answer.status, headers: {}, body: await answer.text() };
      },
    });
    expect(events.get(task)).toMatchObject({ task, state: 'done' });
    expect(sent.slice(0, 2)).toEqual([
      `${gateway}/rest/api/3/serverInfo`,
      `${gateway}/rest/api/3/issue/bulkfetch`,
    ]);
  });

  it('follows a duplicate to its original, and takes no status without a category for a state', async (test) => {
    const links = [{ type: { name: 'Duplicate', outward: 'duplicates' }, outwardIssue: { key: 'OPS-4' } }];
    const duplicate = fields('Done', { resolution: { id: '3', name: 'Duplicate' }, issuelinks: links });
    const api = await fakeApi(
      test,
      cloud([found('OPS-1', '1', duplicate), found('OPS-2', '2', { ...done, status: { name: 'Done' } })]),
    );
    const tasks = [`jira:${api.host}/OPS-1`, `jira:${api.host}/OPS-2`];
    const { events, unreadable } = await api.read(jira, tasks);
    expect(events.get(tasks[0] ?? '')).toMatchObject({
      state: 'declined',
      canonical: `jira:${api.host}/OPS-4`,
    });
    expect(unreadable.get(tasks[1] ?? '')).toMatch(/category/);
  });

  it('a duplicate without the key of its links is unread, and no other issue is', async (test) => {
    const { issuelinks: _hidden, ...duplicate } = fields('Done', {
      resolution: { id: '3', name: 'Duplicate' },
    });
    const { issuelinks: _too, ...declined } = fields('Done', { resolution: { id: '2', name: "Won't Do" } });
    const api = await fakeApi(test, cloud([found('OPS-1', '1', duplicate), found('OPS-2', '2', declined)]));
    const tasks = [`jira:${api.host}/OPS-1`, `jira:${api.host}/OPS-2`];
    const { events, unreadable } = await api.read(jira, tasks);
    expect([...unreadable]).toEqual([[tasks[0], expect.stringContaining('does not show its links')]]);
    expect(events.get(tasks[1] ?? '')).toMatchObject({ state: 'declined' });
  });

  it('a done issue without the key of its resolution is unread: a null would say that it has none', async (test) => {
    const { resolution: _hidden, ...hidden } = done;
    const issues = [found('OPS-1', '1', hidden), found('OPS-2', '2', { ...done, resolution: null })];
    const api = await fakeApi(test, cloud(issues));
    const tasks = [`jira:${api.host}/OPS-1`, `jira:${api.host}/OPS-2`];
    const { events, unreadable } = await api.read(jira, tasks);
    expect([...unreadable]).toEqual([[tasks[0], expect.stringContaining('does not show its resolution')]]);
    expect(events.get(tasks[1] ?? '')).toMatchObject({ state: 'done' });
  });

  it.for([
    { status: 302, headers: { location: 'https://sso.acme.example/login' } },
    { status: 401 },
    { status: 403, body: '<html>Log in</html>' },
    { status: 200, body: '<html>Log in</html>' },
    { status: 400 },
  ])('searches where a login before Data Center answers the bulk fetch with %o', async (login, test) => {
    const server = dataCenter([
      found('OPS-1', '1', doneInDataCenter, [history('2026-03-01T10:00:00.000+0000', 'status')]),
    ]);
    const api = await fakeApi(test, (call) => (call.path.includes('/bulkfetch') ? login : server(call)));
    const task = `jira:${api.host}/OPS-1`;
    expect((await api.read(jira, [task])).events.get(task)).toMatchObject({ state: 'done' });
  });

  it('an issue that is refused alone keeps no other from being read', async (test) => {
    const server = cloud([found('OPS-1', '1', done), found('NEW-9', '9', done)]);
    const api = await fakeApi(test, (call) => {
      if (call.path.includes('/issue/OPS-2')) return { status: 403, body: {} };
      if (call.path.includes('/issue/OPS-3')) return { status: 500, body: {} };
      const answer = server(call);
      // An issue that moved: the others are asked for one by one.
      return call.path.includes('/bulkfetch')
        ? { body: { issues: [found('OPS-1', '1', done), found('NEW-9', '9', done)] } }
        : answer;
    });
    const tasks = [1, 2, 3].map((n) => `jira:${api.host}/OPS-${n}`);
    const { events, unreadable, failed } = await api.read(jira, tasks);
    expect([...events.keys()]).toEqual([tasks[0]]);
    expect(unreadable.get(tasks[1] ?? '')).toContain('403');
    expect(failed?.get(tasks[2] ?? '')).toContain('500');
  });

  it('asks for no further issue once its limit is used up, or the token is refused', async (test) => {
    for (const [status, error] of [
      [429, TrackerBusyError],
      [401, TrackerAccessError],
    ] as const) {
      const alone: string[] = [];
      const api = await fakeApi(test, ({ path }) => {
        // An issue that moved: the others are asked for one by one.
        if (path.includes('/bulkfetch')) return { body: { issues: [found('NEW-9', '9', done)] } };
        alone.push(path);
        return { status, body: {} };
      });
      const tasks = [1, 2, 3].map((n) => `jira:${api.host}/OPS-${n}`);
      await expect(api.read(jira, tasks)).rejects.toThrow(error);
      expect(alone).toHaveLength(1);
    }
  });

  it('a CAPTCHA, an XSRF refusal, a firewall and a login are said to be what they are', async (test) => {
    const rows: [ApiAnswer, RegExp][] = [
      [
        {
          status: 403,
          headers: { 'x-authentication-denied-reason': 'CAPTCHA_CHALLENGE; login-url=https://x' },
        },
        /CAPTCHA.*log in once/,
      ],
      [{ status: 403, body: 'XSRF check failed' }, /XSRF/],
      [
        { status: 403, headers: { 'content-type': 'text/html' }, body: 'Request blocked' },
        /web page.*firewall/,
      ],
      [
        { status: 302, headers: { location: 'https://sso.acme.example/login' } },
        /sso\.acme\.example.*log in/,
      ],
    ];
    for (const [answer, words] of rows) expect(String(await failure(test, answer))).toMatch(words);
  });

  async function failure(test: TestContext, answer: ApiAnswer): Promise<unknown> {
    const api = await fakeApi(test, () => answer);
    return api.read(jira, [`jira:${api.host}/OPS-1`]).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it.for([
    ['seconds', { 'retry-after': '30' }, 30_000],
    [
      'a date',
      { 'retry-after': 'Mon, 02 Mar 2026 10:00:50 GMT', date: 'Mon, 02 Mar 2026 10:00:10 GMT' },
      40_000,
    ],
    ['nothing', {}, 60_000],
    ['nonsense', { 'retry-after': '-5' }, 60_000],
    ['a week', { 'retry-after': '604800' }, 3_600_000],
  ] as const)('a rate limit that says %s tells when to ask again', async ([, headers, pause], test) => {
    const api = await fakeApi(test, () => ({
      status: 429,
      headers,
    }));
    const error = await api.read(jira, [`jira:${api.host}/OPS-1`]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrackerBusyError);
    expect(error).toMatchObject({ retryAt: NOW + pause });
  });

  it('a token that is not accepted is a matter for a person, also where Jira answers to everybody', async (test) => {
    for (const answer of [
      { status: 401 },
      { status: 403 },
      { body: { issues: [] }, headers: { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' } },
    ])
      expect(await failure(test, answer)).toBeInstanceOf(TrackerAccessError);
  });

  it('an answer that could not be read is no answer', async (test) => {
    for (const answer of [
      { status: 500 },
      { status: 302, headers: { location: 'https://sso.acme.example' } },
      { body: '<html>maintenance</html>' },
      { body: {} },
      { body: { issues: [{ key: 'OPS-1' }] } },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toMatch(/canary|maintenance/);
    }
  });
});

it('an issue of another site is not asked for; of whose site a gateway is, Jira tells only when it is asked', () => {
  const covers = (...urls: string[]) => jira.readBack?.covers?.('jira:acme.atlassian.net/OPS-12', urls);
  expect(covers('https://acme.atlassian.net')).toBe(true);
  expect(covers('https://other.atlassian.net')).toBe(false);
  expect(covers('https://other.atlassian.net', 'https://api.atlassian.com/ex/jira/1a2b')).toBe(true);
});
