import { describe, expect, it, type TestContext } from 'vitest';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { shortcut } from '../../../src/trackers/shortcut/index.ts';
import { type ApiAnswer, type ApiCall, fakeApi, NOW } from '../fake-api.ts';
import { AT } from '../samples.ts';

const task = 'shortcut:acme/12';
const MOVED_AT = new Date(AT).toISOString();

function story(over: Record<string, unknown> = {}) {
  return {
    id: 12,
    app_url: 'https://app.shortcut.com/acme/story/12/a-title',
    completed: true,
    completed_at: '2026-02-01T10:00:00Z',
    moved_at: MOVED_AT,
    archived: false,
    workflow_id: 5,
    workflow_state_id: 51,
    story_links: [],
    ...over,
  };
}

const workflow = {
  id: 5,
  states: [
    { id: 50, type: 'started', name: 'In Review' },
    { id: 51, type: 'done', name: 'Completed' },
    { id: 52, type: 'done', name: "Won't Do" },
    { id: 53, type: 'archived', name: 'Completed' },
  ],
};

function api(found: unknown) {
  return ({ path }: ApiCall): ApiAnswer => ({ body: path.includes('/workflows/') ? workflow : found });
}

describe('reading stories of Shortcut', () => {
  it('goes by the state that the workflow tells, and asks for it only where a story is completed', async (test) => {
    const rows: [Record<string, unknown>, string][] = [
      [{}, 'done'],
      [{ archived: true }, 'done'],
      [{ workflow_state_id: 52 }, 'declined'],
      [{ workflow_state_id: 53 }, 'open'],
      [{ completed: false, workflow_state_id: 50 }, 'open'],
    ];
    for (const [over, state] of rows) {
      const fake = await fakeApi(test, api(story(over)));
      const { events } = await fake.read(shortcut, [task]);
      expect(events.get(task), JSON.stringify(over)).toEqual({
        tracker: 'shortcut',
        task,
        aliases: [],
        state,
        by: 'unknown',
        occurredAt: AT,
        delivery: 'read-back',
        receivedAt: NOW,
      });
      expect(fake.calls.map(({ path }) => path)).toEqual([
        '/api/v3/stories/12',
        ...(over.completed === false ? [] : ['/api/v3/workflows/5']),
      ]);
      expect(fake.calls[0]?.headers['shortcut-token']).toBe('canary-token');
    }
  });

  it('tells which story a declined one duplicates', async (test) => {
    const links = [
      { verb: 'blocks', subject_id: 12, object_id: 3 },
      { verb: 'duplicates', subject_id: 9, object_id: 12 },
      { verb: 'duplicates', subject_id: 12, object_id: 4 },
    ];
    const declined = await fakeApi(test, api(story({ workflow_state_id: 52, story_links: links })));
    expect((await declined.read(shortcut, [task])).events.get(task)?.canonical).toBe('shortcut:acme/4');
    const done = await fakeApi(test, api(story({ story_links: links })));
    expect((await done.read(shortcut, [task])).events.get(task)?.canonical).toBeUndefined();
  });

  it("does not take another workspace's story of the same number for the one that is asked for", async (test) => {
    const fake = await fakeApi(test, api(story()));
    const { events, unreadable } = await fake.read(shortcut, ['shortcut:others/12']);
    expect(events.size).toBe(0);
    expect(unreadable.get('shortcut:others/12')).toContain(
      'SHORTCUT_API_TOKEN belongs to the workspace acme, not others',
    );
  });

  it('follows a story from a former name of its workspace that is set', async (test) => {
    const fake = await fakeApi(test, api(story()));
    const options = { WORKSPACE: ['Acme', 'acme-old'] };
    const { events } = await fake.read(shortcut, ['shortcut:acme-old/12'], { options });
    expect(events.get('shortcut:acme-old/12')).toMatchObject({ task, aliases: ['shortcut:acme-old/12'] });
  });

  it('a story that is not shown is not taken for deleted', async (test) => {
    const fake = await fakeApi(test, () => ({ status: 404, body: { message: 'Resource not found.' } }));
    const { events, unreadable } = await fake.read(shortcut, [task]);
    expect(events.size).toBe(0);
    expect([...unreadable.keys()]).toEqual([task]);
  });

  async function failure(test: TestContext, answer: ApiAnswer): Promise<unknown> {
    const fake = await fakeApi(test, () => answer);
    return fake.read(shortcut, [task]).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('a completed story is unread where its workflow, or its state in there, is not shown', async (test) => {
    const missing = await fakeApi(test, api(story({ workflow_state_id: 99 })));
    const hidden = await fakeApi(test, ({ path }) =>
      path.includes('/workflows/') ? { status: 404 } : { body: story() },
    );
    for (const fake of [missing, hidden]) {
      const { events, unreadable } = await fake.read(shortcut, [task]);
      expect(events.size).toBe(0);
      expect(unreadable.get(task)).toContain('does not tell what its workflow state is');
    }
  });

  it('a rate limit, and a token that is not accepted, are told apart', async (test) => {
    const limited = await failure(test, { status: 429, headers: { 'retry-after': '12' } });
    expect(limited).toBeInstanceOf(TrackerBusyError);
    expect(limited).toMatchObject({ retryAt: NOW + 12_000 });
    expect(await failure(test, { status: 401 })).toBeInstanceOf(TrackerAccessError);
  });

  it('an answer that could not be read is no answer', async (test) => {
    for (const answer of [
      { status: 500 },
      { status: 422, body: 'canary' },
      { body: 'canary' },
      { body: story({ completed: 'canary' }) },
      { body: story({ app_url: 'https://canary.example/12' }) },
      // Of the workflow, which is the same answer here.
      { body: story() },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain('canary');
    }
  });
});
