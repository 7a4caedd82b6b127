import { describe, expect, it } from 'vitest';
import { createHttp } from '../../src/http.ts';
import { restrictedSend } from '../../src/read-back/restricted-send.ts';
import { CannotCommentError } from '../../src/trackers/comment.ts';
import { github } from '../../src/trackers/github/index.ts';
import { gitlab } from '../../src/trackers/gitlab/index.ts';
import { jira } from '../../src/trackers/jira/index.ts';
import { linear } from '../../src/trackers/linear/index.ts';
import { TrackerAccessError, TrackerBusyError } from '../../src/trackers/read-back.ts';
import { type ApiAnswer, type ApiCall, fakeApi, NOW } from './fake-api.ts';

const CLOSURE = '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed';
const MARKER = `incident-closer, closing ${CLOSURE}`;

/** Each keeps the comments that it is given, as its tracker does. */
const standIns = {
  github: { tracker: github, key: (host: string) => `github:${host}/acme/api#12`, answer: rest('body', 201) },
  gitlab: { tracker: gitlab, key: (host: string) => `gitlab:${host}/acme/api#12`, answer: rest('body', 201) },
  jira: {
    tracker: jira,
    key: (host: string) => `jira:${host}/PROJ-12`,
    answer: rest('body', 201, (comments) => ({ total: comments.length, comments })),
  },
  linear: { tracker: linear, key: () => 'linear:acme/ENG-12', answer: graphql() },
};

function rest(_: string, made: number, page = (comments: object[]): unknown => comments) {
  return (comments: object[]) =>
    ({ method, body }: ApiCall): ApiAnswer => {
      if (method === 'GET') return { body: page(comments) };
      const at = new Date(NOW).toISOString();
      comments.push({ ...(body as object), created: at, created_at: at });
      return { status: made };
    };
}

function graphql() {
  return (comments: object[]) =>
    ({ body }: ApiCall): ApiAnswer => {
      const { query, variables } = body as {
        query: string;
        variables: { id?: string; input?: { id: string } };
      };
      const unknown = { body: { errors: [{ extensions: { code: 'INPUT_ERROR' } }] } };
      const has = (id?: string) => comments.some((one) => 'id' in one && one.id === id);
      if (query.startsWith('query Place'))
        return { body: { data: { organization: { urlKey: 'acme' }, issue: { id: 'b3b1' } } } };
      if (query.startsWith('query Comment'))
        return has(variables.id) ? { body: { data: { comment: { id: variables.id } } } } : unknown;
      if (variables.input === undefined || has(variables.input.id)) return unknown;
      comments.push(variables.input);
      return { body: { data: { commentCreate: { success: true } } } };
    };
}

describe.each(Object.entries(standIns))('a comment in %s', (_name, { tracker, key, answer }) => {
  it('is posted once, however often it is tried, and to the configured host alone', async (test) => {
    const comments: object[] = [];
    const api = await fakeApi(test, answer(comments));
    let posts = 0;
    const say = () =>
      comment(tracker, key(api.host), api.url, async () => {
        posts += 1;
      });
    await say();
    await say();
    expect(posts).toBe(1);
    expect(comments).toHaveLength(1);
    expect(JSON.stringify(comments[0])).toMatch(/INC-1 .*was closed/);
    expect(JSON.stringify(comments[0])).toContain('https://app.incident.io/1');

    const calls = api.calls.length;
    await expect(
      comment(tracker, key('elsewhere.example').replace('linear:acme/', 'linear:others/'), api.url, say),
    ).rejects.toThrow(CannotCommentError);
    expect(api.calls.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(calls + 1);
    expect(comments).toHaveLength(1);
  });

  it('is not posted by a process that was taken over, nor where the tracker refuses or is busy', async (test) => {
    const comments: object[] = [];
    const api = await fakeApi(test, answer(comments));
    const takenOver = async () => Promise.reject(new Error('taken over'));
    await expect(comment(tracker, key(api.host), api.url, takenOver)).rejects.toThrow('taken over');
    expect(comments).toEqual([]);
    for (const [status, error] of [
      [401, TrackerAccessError],
      [403, TrackerAccessError],
      [429, TrackerBusyError],
      [500, Error],
    ] as const) {
      const refusing = await fakeApi(test, () => ({ status, body: {} }));
      await expect(comment(tracker, key(refusing.host), refusing.url)).rejects.toThrow(error);
    }
  });
});

async function comment(
  tracker: (typeof standIns)[keyof typeof standIns]['tracker'],
  task: string,
  url: string,
  mayPost: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const http = createHttp();
  try {
    if (!tracker.commenting || !tracker.readBack) throw new Error('it takes no comments');
    await tracker.commenting.comment(
      {
        task,
        closure: CLOSURE,
        text: 'INC-1 “Down #5 [x]” was closed: its only follow-up is done.',
        url: 'https://app.incident.io/1',
        marker: MARKER,
        since: NOW - 1_000,
        mayPost: async () => void (await mayPost()),
      },
      {
        token: 'canary',
        urls: [url],
        options: {},
        now: NOW,
        send: restrictedSend(http, tracker.readBack, [url]),
      },
    );
  } finally {
    await http.close();
  }
}
