import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrackerOptions } from '../../../src/trackers/options.ts';
import {
  type ApiAccess,
  TrackerAccessError,
  type TrackerAnswer,
  type TrackerRequest,
} from '../../../src/trackers/read-back.ts';
import { servicenow } from '../../../src/trackers/servicenow/index.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import { propertyRuns } from '../../support/property-runs.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import { HOST, listing, ours, record, SYS_ID } from './payloads.ts';
import { servicenow as of } from './samples.ts';

const task = `servicenow:${HOST}/${SYS_ID}`;
const defaults = defaultsOf(servicenow);
const translate = (payload: unknown, options: TrackerOptions = defaults) =>
  servicenow.translate(delivery(of, payload, 's'), options);

function states(payload: unknown, options: TrackerOptions = {}) {
  const told = translate(payload, { ...defaults, ...options });
  return told.kind === 'events' ? told.tasks.map(({ state }) => state) : told.kind;
}

function bare(headers: Delivery['headers'], body = '{}'): Delivery {
  return { headers, body: Buffer.from(body), receivedAt: AT };
}

describe('ServiceNow', () => {
  it.each([
    ['X-Webhook-Secret', { 'x-webhook-secret': 'user:pass' }],
    ['a bearer token', { authorization: 'Bearer user:pass' }],
    ['basic authentication', { authorization: `Basic ${btoa('user:pass')}` }],
    ['the password of any user', { authorization: `basic ${btoa('ada:user:pass')}` }],
  ])('takes its secret in %s', async (_, headers) => {
    expect(await servicenow.verify(bare(headers), ['other', 'user:pass'])).toBe(true);
    for (const secrets of [['pass2'], ['user'], ['user:pas'], [''], [' '], []])
      expect(await servicenow.verify(bare(headers), secrets)).toBe(false);
  });

  it('takes no secret that is empty, in any header', async () => {
    for (const headers of [
      {},
      { 'x-webhook-secret': '' },
      { authorization: 'Bearer ' },
      { authorization: 'Basic ' },
      { authorization: `Basic ${btoa(':')}` },
      { authorization: ['Bearer a', 'Bearer a'] },
    ])
      expect(await servicenow.verify(bare(headers), ['', ' ', 'a'])).toBe(false);
  });

  describe('that signs', () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef');
    const secret = `whsec_${key.toString('base64')}`;
    const body = Buffer.from(JSON.stringify(ours('6')));
    const at = String(AT / 1000);
    const mac = createHmac('sha256', key).update(`m1.${at}.${body}`).digest('base64');
    const right: Delivery = {
      headers: { 'webhook-id': 'm1', 'webhook-timestamp': at, 'webhook-signature': `v1,${mac}` },
      body,
      receivedAt: AT,
    };

    it('is verified, and refused where one byte of the body was changed', async () => {
      expect(await servicenow.verify(right, [secret])).toBe(true);
      expect(servicenow.translate(right, defaults)).toMatchObject({ tasks: [{ task, delivery: 'm1' }] });
      const index = fc.nat({ max: body.length - 1 });
      const property = fc.asyncProperty(index, fc.integer({ min: 1, max: 255 }), async (place, flip) => {
        const changed = Buffer.from(body);
        changed[place] = (changed[place] ?? 0) ^ flip;
        return !(await servicenow.verify({ ...right, body: changed }, [secret]));
      });
      await fc.assert(property, propertyRuns(1000));
    });

    it('is refused by a wrong signature even with the secret along with it, and after five minutes', async () => {
      const headers = { ...right.headers, 'webhook-signature': 'v1,AAAA', 'x-webhook-secret': secret };
      expect(await servicenow.verify({ ...right, headers }, [secret])).toBe(false);
      expect(await servicenow.verify({ ...right, receivedAt: AT + 301_000 }, [secret])).toBe(false);
    });
  });

  it.each(['text', `whsec_${btoa('0123456789abcdef01234567')}`])(
    'verifies its own ping with %s',
    async (secret) => {
      const { headers, body } = await servicenow.ping(secret, AT);
      expect(await servicenow.verify(bare(headers, body), [secret])).toBe(true);
      expect(servicenow.translate(bare(headers, body), defaults)).toMatchObject({ kind: 'ignored' });
    },
  );

  it('tells a record under its sys_id and its number, since a follow-up may link to either', () => {
    expect(translate(ours('6', { number: 'INC0010001' }))).toMatchObject({
      tasks: [
        { task, state: 'done', aliases: [] },
        { task: `servicenow:${HOST}/inc0010001`, state: 'done', aliases: [] },
      ],
    });
  });

  it.each([['https://acme.service-now.com/'], ['acme.service-now.com'], ['acme'], ['ACME.service-now.com']])(
    'knows the instance %s',
    (instance) => {
      expect(translate(ours('6', { instance }))).toMatchObject({ tasks: [{ task }] });
      expect(
        translate(ours('6', { instance: undefined }), { ...defaults, INSTANCE: [instance] }),
      ).toMatchObject({
        tasks: [{ task }],
      });
    },
  );

  it('takes instance and record from a link to it', () => {
    const url = `https://${HOST}/incident.do?sys_id=${SYS_ID}`;
    const { sys_id, instance, ...rest } = ours('6');
    expect(translate({ ...rest, url })).toMatchObject({ tasks: [{ task }] });
    expect(translate(rest)).toMatchObject({ kind: 'malformed' });
  });

  it.each([
    ['incidentId', 'INC0010001', 'incident'],
    ['incident_number', 'INC0010001', 'incident'],
    ['changeId', 'CHG0010001', 'change_request'],
    ['taskNumber', 'SCTASK0010001', 'sc_task'],
  ])('finds the number in %s, where a rule wrote it there', (field, number, table) => {
    const state = table === 'incident' ? '6' : '3';
    for (const body of [
      { [field]: number, state },
      { eventType: 'any', payload: { [field]: number, state } },
    ])
      expect(translate(body)).toMatchObject({
        tasks: [{ task: `servicenow:${number.toLowerCase()}`, state: 'done' }],
      });
    expect(translate({ [field]: '77', state })).toMatchObject({ kind: 'malformed' });
  });

  it('reads the only record of a list that the Table API answered, and passes over an event about none', () => {
    expect(translate({ result: [record('6')] })).toMatchObject({ tasks: [{ task, state: 'done' }] });
    expect(translate({ result: [record('6'), record('2')] })).toMatchObject({ kind: 'malformed' });
    expect(translate({ eventType: 'sla.breached', payload: { data: 'x' } })).toMatchObject({
      kind: 'ignored',
    });
  });

  it('ignores an update that changed no state', () => {
    expect(translate(listing(['priority'], { incident_state: '6' }))).toMatchObject({ kind: 'ignored' });
    expect(translate(ours('6', { previous_state: '6' }))).toMatchObject({ kind: 'ignored' });
  });

  it('a problem that is closed as a duplicate is as done as the one that it names', () => {
    const original = 'f'.repeat(32);
    const problem = { table: 'problem', previous_state: '104', duplicate_of: original };
    expect(translate(ours('107', { ...problem, resolution_code: 'duplicate' }))).toMatchObject({
      tasks: [{ state: 'declined', canonical: `servicenow:${HOST}/${original}` }],
    });
    expect(translate(ours('102', { ...problem, previous_state: '107' }))).not.toHaveProperty(
      'tasks.0.canonical',
    );
  });

  it('asks for the state of a record that a body names without one', () => {
    expect(translate(ours(''))).toMatchObject({ kind: 'events', tasks: [], hints: [{ task }] });
  });

  it('does not take the time of any update for that of the closing', () => {
    expect(translate(record('6'))).not.toMatchObject({ tasks: [{ occurredAt: expect.any(Number) }] });
    expect(translate(ours('6', { operation: 'delete' }))).not.toMatchObject({
      tasks: [{ occurredAt: expect.any(Number) }],
    });
  });

  it('goes by the states that are set before its own', () => {
    expect(states(ours('6'), { OPEN: ['incident:6'] })).toEqual(['open']);
    expect(states(ours('42'), { DONE: ['*:42'] })).toEqual(['done']);
    expect(states(ours('42', { table: 'u_ours' }), { DECLINED: ['U_Ours:42'] })).toEqual(['declined']);
    expect(states(ours('42'), { DONE: ['u_ours:42'] })).toEqual(['open']);
    const code = { close_code: 'No resolution provided' };
    const options = { DONE: ['incident:7'], DECLINED: ['incident:7:no resolution provided'] };
    expect(states(ours('7', code), options)).toEqual(['declined']);
    expect(states(ours('7'), options)).toEqual(['done']);
  });
});

describe('what the API of ServiceNow says', () => {
  const readBack = servicenow.readBack;
  if (readBack === undefined) throw new Error('ServiceNow has no read-back');
  const row = (change: Record<string, string> = {}) => ({
    sys_id: SYS_ID,
    number: 'INC0010001',
    sys_class_name: 'incident',
    state: '6',
    active: 'true',
    closed_at: '',
    sys_mod_count: '12',
    ...change,
  });
  const closing = { sys_id: SYS_ID, close_code: 'Solution provided', resolved_at: '2026-03-01 10:00:00' };

  function asking(answers: Record<string, object[] | Partial<TrackerAnswer>>, token = 'ada:pass:word') {
    const requests: (TrackerRequest & { table: string; query: URLSearchParams })[] = [];
    const access: ApiAccess = {
      token,
      urls: [`https://${HOST}`, 'https://other.service-now.com'],
      options: defaults,
      now: AT,
      send: async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        const table = pathname.slice('/api/now/table/'.length);
        requests.push({ ...request, table, query: searchParams });
        const answer = answers[table] ?? [];
        return Array.isArray(answer)
          ? { status: 200, headers: {}, body: JSON.stringify({ result: answer }) }
          : { status: 200, headers: {}, body: '{}', ...answer };
      },
    };
    return { access, requests };
  }

  it('is asked for all tables at once, and for how those were closed that are', async () => {
    const { access, requests } = asking({ task: [row()], incident: [closing] });
    const { events, unreadable } = await readBack.read([task, `servicenow:${HOST}/inc0099999`], access);
    expect(events.get(task)).toEqual({
      tracker: 'servicenow',
      task,
      aliases: [],
      state: 'done',
      by: 'unknown',
      occurredAt: AT,
      revision: 12,
      delivery: 'read-back',
      receivedAt: AT,
    });
    expect([...unreadable.keys()]).toEqual([`servicenow:${HOST}/inc0099999`]);
    expect(requests.map(({ table }) => table)).toEqual(['task', 'incident']);
    expect(requests[0]?.query.get('sysparm_query')).toBe(`sys_idIN${SYS_ID}^ORnumberININC0099999`);
    for (const { headers, url } of requests) {
      expect(headers.authorization).toBe(`Basic ${btoa('ada:pass:word')}`);
      expect(new URL(url).host).toBe(HOST);
      expect(url).not.toContain('pass');
    }
  });

  it('a record that is linked by its number is told under its sys_id', async () => {
    const { access } = asking({ task: [row({ state: '2' })] });
    const number = `servicenow:${HOST}/inc0010001`;
    const { events } = await readBack.read([number], access);
    expect(events.get(number)).toMatchObject({ task, aliases: [number], state: 'open' });
  });

  it('a close code that is there and empty was not given, and one that is left out is not known', async () => {
    const reading = async (own: object) =>
      readBack.read([task], asking({ task: [row()], incident: [own] }).access);
    const given = await reading({ ...closing, close_code: '' });
    expect(given.events.get(task)).toMatchObject({ state: 'done' });
    const { close_code: _, ...filtered } = closing;
    const unknown = await reading(filtered);
    expect(unknown.events.size).toBe(0);
    expect(unknown.unreadable.get(task)).toContain('the field close_code of the table incident');
  });

  it('a closing as a duplicate is declined, which only the table of the record tells', async () => {
    const { access } = asking({
      task: [row({ state: '7', active: 'false' })],
      incident: [{ ...closing, close_code: 'Duplicate' }],
    });
    expect((await readBack.read([task], access)).events.get(task)).toMatchObject({ state: 'declined' });
  });

  it('a record that the user may not read is not told, and neither is one of another instance', async () => {
    const { access, requests } = asking({ task: [] });
    const strange = [`servicenow:evil.example/${SYS_ID}`, `servicenow:${SYS_ID}`];
    const { events, unreadable } = await readBack.read([task, ...strange], access);
    expect(events.size).toBe(0);
    expect(unreadable.get(task)).toMatch(/deleted, or the user may not read it/);
    for (const key of strange) expect(unreadable.get(key)).toContain('SERVICENOW_URL');
    expect(requests.map(({ url }) => new URL(url).host)).toEqual([HOST]);
  });

  it('a record whose own table, or close code, is filtered is unread, and not without a close code', async () => {
    for (const incident of [[], [{ sys_id: SYS_ID, resolved_at: '2026-03-01 10:00:00' }]]) {
      const { access } = asking({ task: [row()], incident });
      const { events, unreadable } = await readBack.read([task], access);
      expect(events.size).toBe(0);
      expect(unreadable.get(task)).toContain('does not show to the user of the API token how it was closed');
    }
    const refused = asking({ task: [row()], incident: { status: 403 } });
    expect((await readBack.read([task], refused.access)).unreadable.get(task)).toContain(
      'the table incident (403)',
    );
  });

  it('a record without a state, or without what tells whether it is over, is unread, and not open again', async () => {
    for (const change of [{ state: '' }, { state: undefined }, { sys_class_name: '' }]) {
      const { access } = asking({ task: [{ ...row(), ...change }] });
      const { events, unreadable } = await readBack.read([task], access);
      expect(events.size).toBe(0);
      expect(unreadable.get(task)).toContain('see which fields it may read');
    }
    for (const active of ['', undefined]) {
      const custom = { ...row(), sys_class_name: 'u_ours', state: '3', active };
      const { access } = asking({ task: [custom], u_ours: [closing] });
      const { events, unreadable } = await readBack.read([task], access);
      expect(events.size).toBe(0);
      expect(unreadable.get(task)).toContain('whether it is active');
    }
  });

  it('asks by version 2 where version 1 answers 404 to a list with nothing in it', async () => {
    const { access, requests } = asking({ task: { status: 404 } });
    const send: ApiAccess['send'] = async (request) =>
      request.url.includes('/api/now/v2/table/task')
        ? { status: 200, headers: {}, body: '{"result":[]}' }
        : access.send(request);
    const { events, unreadable } = await readBack.read([task], { ...access, send });
    expect(events.size).toBe(0);
    expect(unreadable.get(task)).toMatch(/deleted, or the user may not read it/);
    expect(requests).toHaveLength(1);
  });

  it('an instance that hibernates is said to, and keeps no other instance from being read', async () => {
    const other = `servicenow:other.service-now.com/${SYS_ID}`;
    const { access } = asking({ task: [row()], incident: [closing] });
    const send: ApiAccess['send'] = async (request) =>
      request.url.includes('other.service-now.com')
        ? { status: 200, headers: {}, body: '<html>Your instance is hibernating</html>' }
        : access.send(request);
    const { events, failed } = await readBack.read([task, other], { ...access, send });
    expect([...events.keys()]).toEqual([task]);
    expect(failed?.get(other)).toContain('is hibernating');
  });

  it('a token without a colon is one of OAuth', async () => {
    const { access, requests } = asking({ task: [row({ state: '2' })] }, 'oauth-token');
    await readBack.read([task], access);
    expect(requests[0]?.headers.authorization).toBe('Bearer oauth-token');
  });

  it('a rate limit is told with when to ask again, a refused user with what to do', async () => {
    const limited = asking({ task: { status: 429, headers: { 'retry-after': '60' } } });
    await expect(readBack.read([task], limited.access)).rejects.toMatchObject({
      name: 'TrackerBusyError',
      retryAt: AT + 60_000,
    });
    for (const status of [401, 403]) {
      const error = await readBack
        .read([task], asking({ task: { status } }).access)
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TrackerAccessError);
      expect(String(error)).not.toContain('pass');
    }
  });

  it('an answer that cannot be read is none: of a sleeping instance, for example', async () => {
    for (const answer of [
      { status: 500 },
      { body: '<html>Instance is hibernating</html>' },
      { body: '{}' },
      [{ sys_id: 1 }],
    ])
      await expect(readBack.read([task], asking({ task: answer }).access)).rejects.toThrow();
    const half = asking({ task: [row()], incident: { status: 500 } });
    await expect(readBack.read([task], half.access)).rejects.toThrow();
  });
});
