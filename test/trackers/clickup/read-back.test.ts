import { describe, expect, it, type TestContext } from 'vitest';
import { clickup } from '../../../src/trackers/clickup/index.ts';
import { TrackerAccessError, TrackerBusyError } from '../../../src/trackers/read-back.ts';
import { type ApiAnswer, fakeApi, NOW } from '../fake-api.ts';
import { AT } from '../samples.ts';

function task(type: string, over: Record<string, unknown> = {}) {
  return { id: '86abc', status: { status: 'Shipped', type }, date_done: null, date_closed: null, ...over };
}

describe('reading tasks of ClickUp', () => {
  it('goes by type and name, and tells since when a task is done', async (test) => {
    const at = String(AT);
    const cancelled = { status: { status: 'Cancelled', type: 'closed' } };
    const rows: [Record<string, unknown>, string, number | undefined][] = [
      [task('closed', { date_closed: at }), 'done', AT],
      [task('done', { date_done: at }), 'done', AT],
      [task('closed', { date_done: at, date_closed: String(AT + 86_400_000) }), 'done', AT],
      [task('closed'), 'done', undefined],
      [task('closed', { ...cancelled, date_closed: at }), 'declined', AT],
      [task('custom', { date_updated: at }), 'open', undefined],
      [task('archived', { date_done: at }), 'open', undefined],
    ];
    for (const [body, state, occurredAt] of rows) {
      const fake = await fakeApi(test, () => ({ body }));
      const { events } = await fake.read(clickup, ['clickup:86abc']);
      expect(events.get('clickup:86abc')).toEqual({
        tracker: 'clickup',
        task: 'clickup:86abc',
        aliases: [],
        state,
        by: 'unknown',
        ...(occurredAt !== undefined && { occurredAt }),
        delivery: 'read-back',
        receivedAt: NOW,
      });
    }
  });

  it('asks for an id, and for a custom id within its workspace, which it follows to the id', async (test) => {
    const fake = await fakeApi(test, () => ({ body: task('closed') }));
    const tasks = ['clickup:86abc', 'clickup:9012/OPS-12'];
    const { events } = await fake.read(clickup, tasks, { token: 'pk_1' });
    expect(fake.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/api/v2/task/86abc', 'pk_1'],
      ['/api/v2/task/OPS-12?custom_task_ids=true&team_id=9012', 'pk_1'],
    ]);
    expect(events.get('clickup:9012/OPS-12')).toMatchObject({
      task: 'clickup:86abc',
      aliases: ['clickup:9012/OPS-12'],
      state: 'done',
    });
  });

  it('sends a token of OAuth as a bearer token', async (test) => {
    const fake = await fakeApi(test, () => ({ body: task('closed') }));
    await fake.read(clickup, ['clickup:86abc'], { token: '123_abc' });
    expect(fake.calls[0]?.headers.authorization).toBe('Bearer 123_abc');
  });

  it('a task that is not shown is not taken for deleted, whatever ClickUp answers for it', async (test) => {
    for (const answer of [
      { status: 404, body: { err: 'Task not found, deleted', ECODE: 'ITEM_013' } },
      { status: 401, body: { err: 'Team not authorized', ECODE: 'OAUTH_027' } },
      { status: 401, body: { err: 'Team(s) not authorized', ECODE: 'OAUTH_023' } },
      ...Array.from({ length: 17 }, (_, n) => ({
        status: 401,
        body: { err: 'Team not authorized', ECODE: `OAUTH_0${29 + n}` },
      })),
      { status: 403, body: {} },
    ]) {
      const fake = await fakeApi(test, () => answer);
      const { events, unreadable } = await fake.read(clickup, ['clickup:86abc']);
      expect(events.size).toBe(0);
      expect(unreadable.get('clickup:86abc')).toContain('CLICKUP_API_TOKEN');
    }
  });

  async function failure(test: TestContext, answer: ApiAnswer): Promise<unknown> {
    const fake = await fakeApi(test, () => answer);
    return fake.read(clickup, ['clickup:86abc']).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('a rate limit tells when to ask again, in seconds of Unix', async (test) => {
    const headers = {
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String((NOW + 40_000) / 1000),
      date: new Date(NOW).toUTCString(),
    };
    const limited = await failure(test, { status: 429, headers });
    expect(limited).toBeInstanceOf(TrackerBusyError);
    expect(limited).toMatchObject({ retryAt: NOW + 40_000 });
    expect(await failure(test, { status: 429 })).toMatchObject({ retryAt: NOW + 60_000 });
  });

  it('a token that is not accepted is a matter for a person', async (test) => {
    for (const body of [{ err: 'Token invalid', ECODE: 'OAUTH_025' }, {}, 'Unauthorized'])
      expect(await failure(test, { status: 401, body })).toBeInstanceOf(TrackerAccessError);
  });

  it('an answer that could not be read is no answer', async (test) => {
    for (const answer of [
      { status: 500 },
      { status: 302, headers: { location: 'https://app.clickup.com' } },
      { body: 'canary' },
      { body: { id: '86abc', status: { status: 'canary' } } },
      { body: { ...task('closed'), id: 'no/id' } },
    ]) {
      const error = await failure(test, answer);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain('canary');
    }
  });
});
