import { describe, expect, it } from 'vitest';
import { asana } from '../../../src/trackers/asana/index.ts';
import {
  type ApiAccess,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
  type TrackerRequest,
} from '../../../src/trackers/read-back.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import { batch, changed, completed, deleted, events, GID, project, shown } from './payloads.ts';
import { asana as of } from './samples.ts';

const task = `asana:${GID}`;
const TOKEN = 'canary-token';
const translate = (payload: unknown) => asana.translate(delivery(of, payload, 's'), defaultsOf(asana));

describe('Asana', () => {
  it('verifies a signature that was made elsewhere', async () => {
    // printf %s "$body" | openssl dgst -sha256 -hmac "$secret"
    const secret = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81';
    const received: Delivery = {
      headers: { 'x-hook-signature': '10468027b67df18c739cc4794c6fc2d2806dcaaf2259fc3e1ed9d26433659853' },
      body: Buffer.from('{"events":[]}'),
      receivedAt: AT,
    };
    expect(await asana.verify(received, [secret])).toBe(true);
    expect(await asana.verify({ ...received, body: Buffer.from('{"events": []}') }, [secret])).toBe(false);
  });

  it('ignores heartbeats and what changes no state', () => {
    for (const heartbeat of [events(), {}])
      expect(translate(heartbeat)).toEqual({ kind: 'ignored', reason: 'a heartbeat' });
    for (const event of [changed('assignee'), changed('custom_fields'), project('added', 'section')])
      expect(translate(events(event))).toMatchObject({ kind: 'ignored' });
  });

  it('tells each task of a delivery once, and passes over an event that it cannot read', () => {
    const other = { resource: { gid: '77', resource_type: 'task' } };
    const payload = events(null, changed('completed'), changed('completed'), changed('completed', other));
    expect(translate(payload)).toMatchObject({ kind: 'events', hints: [{ task }, { task: 'asana:77' }] });
    expect(translate(events(null, { action: 'changed' }))).toMatchObject({ kind: 'ignored' });
  });

  it('a task that was completed twice in one delivery changed when it last did', () => {
    const later = changed('completed', { created_at: '2026-03-01T10:00:09.000Z', user: null });
    for (const payload of [events(changed('completed'), later), events(later, changed('completed'))])
      expect(translate(payload)).toMatchObject({ hints: [{ changedAt: AT + 9000, by: 'person' }] });
  });

  it('keeps ids that are longer than a number is exact', () => {
    const gid = '12099000000000001239';
    const resource = { gid, resource_type: 'task' };
    expect(translate(events(deleted({ resource })))).toMatchObject({ tasks: [{ task: `asana:${gid}` }] });
    expect(translate(events(deleted({ resource: { gid: 12, resource_type: 'task' } })))).toMatchObject({
      kind: 'ignored',
    });
  });

  it('offers a secret in a handshake only, and gets it back', () => {
    const handshake = (headers: Delivery['headers']) =>
      asana.handshake?.offered({ headers, body: Buffer.from('{}'), receivedAt: AT });
    expect(handshake({ 'x-hook-secret': 'abc' })).toBe('abc');
    for (const headers of [
      {},
      { 'x-hook-secret': '' },
      { 'x-hook-secret': 'a b' },
      { 'x-hook-secret': ['a', 'b'] },
      { 'x-hook-secret': 'a'.repeat(513) },
      { 'x-hook-secret': 'abc', 'x-hook-signature': 'def' },
    ])
      expect(handshake(headers)).toBeUndefined();
    expect(asana.handshake?.answer('abc')).toEqual({ 'x-hook-secret': 'abc' });
  });
});

describe('what the API of Asana says', () => {
  const requests: TrackerRequest[] = [];
  const readBack = asana.readBack;
  if (readBack === undefined) throw new Error('Asana has no read-back');

  function access(
    answer: Partial<TrackerAnswer> | (object | number)[],
    options = defaultsOf(asana),
  ): ApiAccess {
    requests.length = 0;
    return {
      token: TOKEN,
      urls: ['https://app.asana.com'],
      options,
      now: AT,
      send: async (request) => {
        requests.push(request);
        const body = Array.isArray(answer) ? JSON.stringify(batch(...answer)) : '{}';
        return { status: 200, headers: {}, body, ...(Array.isArray(answer) ? {} : answer) };
      },
    };
  }
  const read = async (shownTask: object | number, options = defaultsOf(asana)) => {
    const { events: found, unreadable } = await readBack.read([task], access([shownTask], options));
    return found.get(task) ?? unreadable.get(task);
  };
  const approval = (approval_status: string) =>
    shown({ ...completed, resource_subtype: 'approval', approval_status });

  it('is asked for in one call, with the token in a header only', async () => {
    const { events: found } = await readBack.read(
      ['asana:1', 'asana:2'],
      access([shown(), shown(completed)]),
    );
    expect([...found].map(([key, { state }]) => [key, state])).toEqual([
      ['asana:1', 'open'],
      ['asana:2', 'done'],
    ]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: 'https://app.asana.com/api/1.0/batch',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(requests[0]?.url + String(requests[0]?.body)).not.toContain(TOKEN);
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
      data: { actions: [{ method: 'get', relative_path: '/tasks/1' }, { relative_path: '/tasks/2' }] },
    });
  });

  it('done since it was completed, and by whom', async () => {
    expect(await read(shown(completed))).toEqual({
      tracker: 'asana',
      task,
      aliases: [],
      state: 'done',
      by: 'unknown',
      actor: '1201',
      occurredAt: AT,
      delivery: 'read-back',
      receivedAt: AT,
    });
  });

  it.each([
    ['approved', 'done'],
    ['rejected', 'declined'],
    ['changes_requested', 'open'],
    ['postponed', 'open'],
  ])('an approval whose outcome is %s is %s', async (outcome, state) => {
    expect(await read(approval(outcome))).toMatchObject({ state });
  });

  it('the outcomes of an approval can be set', async () => {
    const options = { DONE: ['approved', 'changes_requested'], DECLINED: [] };
    expect(await read(approval('changes_requested'), options)).toMatchObject({ state: 'done' });
    expect(await read(approval('rejected'), options)).toMatchObject({ state: 'open' });
  });

  it('a completed task in a section, or with an option, that means “will not do” is declined', async () => {
    const options = { DONE: ['approved'], DECLINED: ['rejected', '555', '666'] };
    const inSection = { memberships: [{ section: { gid: '555' } }] };
    const withOption = { custom_fields: [{ enum_value: null }, { enum_value: { gid: '666' } }] };
    expect(await read(shown({ ...completed, ...inSection }), options)).toMatchObject({ state: 'declined' });
    expect(await read(shown({ ...completed, ...withOption }), options)).toMatchObject({ state: 'declined' });
    expect(await read(shown(inSection), options)).toMatchObject({ state: 'open' });
    expect(await read(shown({ ...completed, ...inSection }))).toMatchObject({ state: 'done' });
  });

  it('not found and not visible are no deletion', async () => {
    expect(await read(404)).toMatch(/deleted, or the token may not see it/);
    expect(await read(403)).toMatch(/may not see it/);
  });

  it('a rate limit, of the call or of a part, is told with when to ask again', async () => {
    const limited = access({ status: 429, headers: { 'retry-after': '30' } });
    await expect(readBack.read([task], limited)).rejects.toMatchObject({
      name: 'TrackerBusyError',
      retryAt: AT + 30_000,
    });
    await expect(readBack.read([task], access([429]))).rejects.toBeInstanceOf(TrackerBusyError);
  });

  it('a rejected token is for a person to fix', async () => {
    for (const answer of [{ status: 401 }, { status: 403 }, [401]]) {
      const error = await readBack.read([task], access(answer)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain(TOKEN);
    }
  });

  it('an answer that cannot be read is none', async () => {
    for (const answer of [
      { status: 500 },
      { status: 200, body: '<html>' },
      { status: 200, body: '{"data":[]}' },
      { status: 302 },
    ])
      await expect(readBack.read([task], access(answer))).rejects.toThrow();
    for (const answer of [[503], [shown({ completed: undefined })]]) {
      const { events, failed } = await readBack.read([task], access(answer));
      expect(events.size).toBe(0);
      expect([...(failed?.keys() ?? [])]).toEqual([task]);
    }
  });
});
