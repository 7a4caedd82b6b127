import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { gitlab } from '../../../src/trackers/gitlab/index.ts';
import type { TrackerOptions } from '../../../src/trackers/options.ts';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi, NOW } from '../fake-api.ts';

const serve = (answer: (call: ApiCall) => ApiAnswer) => fakeApi({ onTestFinished }, answer);

const CREATED = '2026-02-20T08:00:00.000Z';
const CLOSED = '2026-03-01T10:00:00.000Z';
const TOUCHED = '2026-03-01T11:00:00.000Z';

interface Project {
  path: string;
  id: number;
  issues: Record<string, unknown>[];
  /** What the history of each of its issues says, or the status that it answers. */
  history?: { state: string; created_at: string }[] | number;
  /** Its former path. */
  was?: string;
}

/** What the API shows of an issue. */
function issue(iid: number, change: Record<string, unknown> = {}) {
  return {
    id: 9000 + iid,
    iid,
    state: 'closed',
    created_at: CREATED,
    updated_at: TOUCHED,
    closed_at: CLOSED,
    closed_by: { id: 1, username: 'ada' },
    labels: ['incident'],
    moved_to_id: null,
    _links: { closed_as_duplicate_of: null },
    ...change,
  };
}
const open = (iid: number, change: Record<string, unknown> = {}) =>
  issue(iid, { state: 'opened', closed_at: null, closed_by: null, ...change });

/** A GitLab with these projects, below a relative URL root where one is given. */
function gitlabWith(projects: readonly Project[], root = ''): Promise<FakeApi> {
  return serve((request) => {
    const base = `http://${request.headers.host}${root}`;
    const shown = ({ path, id }: Project, one: Record<string, unknown>) => ({
      ...one,
      project_id: id,
      web_url: `${base}/${path}/-/issues/${one.iid}`,
    });
    if (request.path === `${root}/api/graphql`) return addresses(request, projects, shown);
    const [, id = '', rest = '', query = ''] =
      new RegExp(`^${root}/api/v4/projects/([^/]+)/issues([^?]*)\\??(.*)$`).exec(request.path) ?? [];
    const name = decodeURIComponent(id);
    const project = projects.find((one) => one.path === name || String(one.id) === name);
    const renamed = projects.find(({ was }) => was === name);
    if (renamed !== undefined)
      return {
        status: 301,
        headers: { location: `${base}/api/v4/projects/${renamed.id}/issues${rest}?${query}` },
      };
    if (project === undefined) return { status: 404, body: { message: '404 Project Not Found' } };
    if (rest.endsWith('/resource_state_events'))
      return typeof project.history === 'number'
        ? { status: project.history }
        : { body: project.history ?? [] };
    const iids = new URLSearchParams(query).getAll('iids[]');
    const found = project.issues.filter(
      ({ iid }) => iids.includes(String(iid)) || rest === `/${String(iid)}`,
    );
    const all = found.map((one) => shown(project, one));
    const body = JSON.stringify(rest === '' ? all : all[0])?.replaceAll('BASE', base);
    return { body, status: rest === '' || all.length > 0 ? 200 : 404 };
  });
}

/** The query for issues by their ids: what cannot be seen is null. */
function addresses(
  { body }: ApiCall,
  projects: readonly Project[],
  shown: (project: Project, one: Record<string, unknown>) => { web_url: string },
): ApiAnswer {
  const { query } = z.object({ query: z.string() }).parse(body);
  const data: Record<string, unknown> = {};
  for (const [, alias = '', id] of query.matchAll(/(i\d+): issue\(id: "gid:\/\/gitlab\/Issue\/(\d+)"\)/g)) {
    data[alias] = null;
    for (const project of projects)
      for (const one of project.issues)
        if (String(one.id) === id) data[alias] = { webUrl: shown(project, one).web_url };
  }
  return { body: { data } };
}

const api = (issues: Record<string, unknown>[], more: Partial<Project> = {}): Project => ({
  path: 'acme/platform/api',
  id: 44,
  issues,
  ...more,
});

/** The issue 12 of `acme/platform/api`, asked for by its key. */
async function readOne(projects: readonly Project[], options?: TrackerOptions, root = '') {
  const server = await gitlabWith(projects, root);
  const task = `gitlab:${server.host}${root}/acme/platform/api#12`;
  const { events, unreadable } = await server.read(gitlab, [task], {
    urls: [server.url + root],
    ...(options && { options }),
  });
  return { event: events.get(task), why: unreadable.get(task), task, ...server };
}

describe('GitLab, asked for the states of issues', () => {
  it('tells that an issue is done, since when, and by whom', async () => {
    const { event, task, host, calls } = await readOne([api([issue(12)])]);
    expect(event).toEqual({
      tracker: 'gitlab',
      task,
      aliases: [`gitlab:id:${host}/9012`],
      state: 'done',
      by: 'person',
      actor: 'ada',
      occurredAt: Date.parse(CLOSED),
      delivery: 'read-back',
      receivedAt: NOW,
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.path).toBe('/api/v4/projects/acme%2Fplatform%2Fapi/issues?iids[]=12&per_page=100');
    expect(calls[0]?.headers.authorization).toBe('Bearer canary-token');
  });

  it('asks below a relative URL root', async () => {
    const { event, task } = await readOne([api([issue(12)])], {}, '/gitlab');
    expect(event).toMatchObject({ task, state: 'done' });
  });

  it('asks for all issues of a project in one call', async () => {
    const projects = [0, 1, 2].map((n) => api([], { path: `acme/p${n}`, id: n + 1 }));
    for (const [n, project] of projects.entries())
      project.issues = Array.from({ length: 30 }, (_, i) => issue(n * 100 + i + 1));
    const server = await gitlabWith(projects);
    const tasks = projects.flatMap(({ path, issues }) =>
      issues.map(({ iid }) => `gitlab:${server.host}/${path}#${iid}`),
    );
    const { events, unreadable } = await server.read(gitlab, tasks);
    expect([...unreadable]).toEqual([]);
    expect([...events.keys()].sort()).toEqual([...tasks].sort());
    for (const [task, event] of events) expect(event.task).toBe(task);
    expect(server.calls).toHaveLength(3);
  });

  it('reads an issue of a state that it does not know as open', async () => {
    expect((await readOne([api([issue(12, { state: 'locked' })])])).event?.state).toBe('open');
  });

  it('tells a stale bot from one that closes after a merge', async () => {
    const closed_by = { id: 2, username: 'project_44_bot_0f6d' };
    expect((await readOne([api([issue(12, { closed_by, labels: ['stale'] })])])).event).toMatchObject({
      state: 'done',
      by: 'automation',
      actor: 'project_44_bot_0f6d',
    });
    expect((await readOne([api([issue(12, { closed_by })])])).event?.by).toBe('unknown');
    const { event } = await readOne([api([issue(12, { closed_by, labels: ['zombie'] })])]);
    expect(event?.machineLabels).toEqual(['zombie']);
    expect((await readOne([api([issue(12, { closed_by: null })])])).event?.by).toBe('unknown');
    const ghost = { id: 3, username: 'ghost' };
    expect((await readOne([api([issue(12, { closed_by: ghost })])])).event?.by).toBe('unknown');
  });

  it('reads a closed issue with one of the set labels as declined', async () => {
    const { event } = await readOne([api([issue(12, { labels: ['wontfix'] })])], {
      DECLINED_LABELS: ['wontfix'],
    });
    expect(event?.state).toBe('declined');
  });

  it('names the original of a duplicate, by what it is called in the API where it cannot be seen', async () => {
    const duplicateOf = async (closed_as_duplicate_of: string) =>
      readOne([
        api([issue(12, { _links: { closed_as_duplicate_of } })]),
        { path: 'acme/infra', id: 99, issues: [open(7)] },
      ]);
    const { event, host } = await duplicateOf('BASE/api/v4/projects/99/issues/7');
    expect(event).toMatchObject({ state: 'declined', canonical: `gitlab:${host}/acme/infra#7` });
    const hidden = await duplicateOf('BASE/api/v4/projects/98/issues/7');
    expect(hidden.event).toMatchObject({
      state: 'declined',
      canonical: `gitlab:${hidden.host}/projects/98#7`,
    });
    const elsewhere = await duplicateOf('https://evil.example/api/v4/projects/99/issues/7');
    expect(elsewhere.event).toMatchObject({ state: 'declined' });
    expect(elsewhere.event).not.toHaveProperty('canonical');
  });

  it('follows a project that was renamed: the new key, and the one asked for as an alias', async () => {
    const { event, task, host } = await readOne([
      api([issue(12)], { path: 'acme/renamed', was: 'acme/platform/api' }),
    ]);
    expect(event).toMatchObject({
      task: `gitlab:${host}/acme/renamed#12`,
      aliases: [`gitlab:id:${host}/9012`, task],
    });
  });

  it('what is missing or cannot be seen is unread, and never deleted', async () => {
    for (const projects of [[], [api([issue(13)])]]) {
      const { event, why } = await readOne(projects);
      expect(event).toBeUndefined();
      expect(why).toContain('may not see it');
    }
  });

  it('says of epics, and of keys that are none of its own, why they are unread', async () => {
    const server = await gitlabWith([]);
    const tasks = [`gitlab:${server.host}/groups/acme#5`, 'gitlab:evil.example/acme/api#12', 'x'];
    const { unreadable } = await server.read(gitlab, tasks);
    expect(tasks.map((task) => unreadable.get(task))).toEqual([
      expect.stringContaining('epics'),
      expect.stringContaining('GITLAB_URL'),
      expect.stringContaining('GITLAB_URL'),
    ]);
    expect(server.calls).toEqual([]);
  });
});

describe('GitLab, asked for an open issue', () => {
  const since = async (one: Record<string, unknown>, history?: Project['history']) => {
    const { event, calls } = await readOne([api([one], { history })]);
    return { event, calls: calls.length };
  };

  it('is open since it was made, where nobody touched it, without a look at its history', async () => {
    const { event, calls } = await since(open(12, { updated_at: CREATED }));
    expect(event).toMatchObject({ state: 'open', by: 'unknown', occurredAt: Date.parse(CREATED) });
    expect(event).not.toHaveProperty('reopened');
    expect(calls).toBe(1);
  });

  it('is open since it was made, where it was only touched', async () => {
    const { event } = await since(open(12), []);
    expect(event).toMatchObject({ state: 'open', occurredAt: Date.parse(CREATED) });
    expect(event).not.toHaveProperty('reopened');
  });

  it('is open since it was reopened last', async () => {
    const history = [
      { state: 'closed', created_at: '2026-02-21T08:00:00.000Z' },
      { state: 'reopened', created_at: '2026-02-22T08:00:00.000Z' },
      { state: 'closed', created_at: '2026-02-23T08:00:00.000Z' },
      { state: 'reopened', created_at: CLOSED },
    ];
    expect((await since(open(12), history)).event).toMatchObject({
      state: 'open',
      reopened: true,
      occurredAt: Date.parse(CLOSED),
    });
  });

  it('is open since its last change, where its history is hidden or too long', async () => {
    const long = Array.from({ length: 100 }, () => ({ state: 'reopened', created_at: CREATED }));
    for (const history of [404, 403, long])
      expect((await since(open(12), history)).event).toMatchObject({ occurredAt: Date.parse(TOUCHED) });
  });
});

describe('GitLab, asked for an issue that was moved', () => {
  const left = (to: number) => issue(12, { moved_to_id: to });

  it('tells of the copy, under its new key, and of all its former places', async () => {
    const { event, task, host } = await readOne([
      api([left(4711)]),
      { path: 'acme/infra', id: 99, issues: [issue(7, { id: 4711, moved_to_id: 4800 })] },
      { path: 'acme/ops', id: 100, issues: [open(3, { id: 4800, updated_at: CREATED })] },
    ]);
    expect(event).toMatchObject({
      task: `gitlab:${host}/acme/ops#3`,
      aliases: [`gitlab:id:${host}/4800`, task, `gitlab:${host}/acme/infra#7`],
      state: 'open',
    });
  });

  it('finds the copy by the id that the move told', async () => {
    const server = await gitlabWith([{ path: 'acme/infra', id: 99, issues: [issue(7, { id: 4711 })] }]);
    const task = `gitlab:id:${server.host}/4711`;
    const { events } = await server.read(gitlab, [task]);
    expect(events.get(task)).toMatchObject({
      task: `gitlab:${server.host}/acme/infra#7`,
      aliases: [task],
      state: 'done',
    });
  });

  it('is unread where the copy cannot be seen: never done', async () => {
    const { event, why } = await readOne([api([left(4711)])]);
    expect(event).toBeUndefined();
    expect(why).toContain('may not see where it is now');
  });

  it('is a task of its own where it was opened again', async () => {
    const { event, task } = await readOne([api([open(12, { moved_to_id: 4711, updated_at: CREATED })])]);
    expect(event).toMatchObject({ task, state: 'open' });
  });

  it('gives up a circle', async () => {
    const { why } = await readOne([api([issue(12, { id: 4711, moved_to_id: 4711 })])]);
    expect(why).toContain('too often');
  });
});

describe('GitLab, where it cannot be asked', () => {
  const failing = async (answer: ApiAnswer) => {
    const server = await serve(() => answer);
    const task = `gitlab:${server.host}/acme/api#12`;
    return { ...(await server.read(gitlab, [task])), task };
  };

  it.each([
    ['as Retry-After says', { 'retry-after': '60' }, 60_000],
    [
      'until the limit begins anew',
      {
        date: 'Sun, 01 Mar 2026 11:00:00 GMT',
        'ratelimit-remaining': '0',
        'ratelimit-reset': String(Date.parse('2026-03-01T11:00:30Z') / 1000),
      },
      30_000,
    ],
    ['a minute where nothing is said', {}, 60_000],
  ])('waits %s', async (_, headers, pause) => {
    const error = await failing({ status: 429, headers, body: 'Retry later' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TrackerBusyError);
    expect(error).toMatchObject({ retryAt: NOW + pause });
  });

  it.each([
    [{ status: 401, body: { message: '401 Unauthorized' } }, 'GITLAB_API_TOKEN'],
    [{ status: 403, body: { error: 'insufficient_scope', scope: 'read_api' } }, 'read_api'],
  ])('tells a person to act: %j', async (answer, words) => {
    const error = await failing(answer).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrackerAccessError);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('canary');
  });

  it('an outage, and what is not as documented, are errors that can pass', async () => {
    await expect(failing({ status: 502, body: 'bad gateway' })).rejects.toThrow(
      'GitLab could not answer (502)',
    );
    await expect(failing({ body: '<html>' })).rejects.toThrow('a web page instead of data');
    await expect(failing({ body: [{ iid: 12 }] })).rejects.toThrow(
      'something else than its documentation says',
    );
  });

  it('a project that may not be read leaves its issues unread', async () => {
    const { unreadable, task } = await failing({ status: 403, body: { message: '403 Forbidden' } });
    expect(unreadable.get(task)).toContain('may not see it');
  });

  it('never follows a redirect to another host', async () => {
    const stranger = await serve(() => ({ body: [] }));
    const location = `${stranger.url}/api/v4/projects/44/issues`;
    const { unreadable, task } = await failing({ status: 301, headers: { location } });
    expect(unreadable.get(task)).toContain('301');
    expect(stranger.calls).toEqual([]);
  });
});
