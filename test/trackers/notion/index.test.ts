import { describe, expect, it } from 'vitest';
import { notion } from '../../../src/trackers/notion/index.ts';
import type { TrackerOptions } from '../../../src/trackers/options.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer } from '../../../src/trackers/read-back.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import {
  automation,
  checkbox,
  event,
  PAGE,
  page,
  SOURCE,
  select,
  source,
  status,
  updated,
} from './payloads.ts';
import { notion as of } from './samples.ts';

const task = `notion:${PAGE.replaceAll('-', '')}`;
const TOKEN = 'canary-token';
const defaults = defaultsOf(notion);
const translate = (payload: unknown, options = defaults) =>
  notion.translate(delivery(of, payload, 's'), options);

function bare(body: string, headers: Delivery['headers'] = {}): Delivery {
  return { headers, body: Buffer.from(body), receivedAt: AT };
}

describe('Notion', () => {
  it.each([
    // https://developers.notion.com/reference/webhooks
    [
      'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl',
      '{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}',
      '461e8cbcba8a75c3edd866f0e71280f5a85cbf21eff040ebd10fe266df38a735',
    ],
    [
      'secret_abc123_verification_token',
      '{"id":"evt_1","type":"page.created"}',
      '942ac06e288d4872c2c3944cb92793dabf59e7b005dab9c6f883aff7132c686c',
    ],
  ])('verifies the published signature of %o', async (secret, body, hex) => {
    const received = bare(body, { 'x-notion-signature': `sha256=${hex}` });
    expect(await notion.verify(received, [secret])).toBe(true);
    for (const signature of [hex, `sha1=${hex}`, `sha256=${hex}00`, `sha256=${'z'.repeat(64)}`])
      expect(
        await notion.verify({ ...received, headers: { 'x-notion-signature': signature } }, [secret]),
      ).toBe(false);
  });

  it('takes the secret in a header from an automation, which cannot sign, unless a signature is there', async () => {
    const body = JSON.stringify(automation(page({ Status: status('Done') })));
    expect(await notion.verify(bare(body, { 'x-webhook-secret': 'own' }), ['own'])).toBe(true);
    expect(await notion.verify(bare(body, { 'x-webhook-secret': 'ow' }), ['own'])).toBe(false);
    const both = { 'x-webhook-secret': 'own', 'x-notion-signature': `sha256=${'0'.repeat(64)}` };
    expect(await notion.verify(bare(body, both), ['own'])).toBe(false);
  });

  it('offers a token in a handshake only, signed or not', () => {
    const json = { 'content-type': 'application/json' };
    const offered = (body: string) => notion.handshake?.offered(bare(body, json));
    expect(offered('{"verification_token":"secret_1"}')).toBe('secret_1');
    for (const body of [
      '',
      '{',
      '{}',
      '{"verification_token":""}',
      '{"verification_token":7}',
      '{"verification_token":"a b"}',
      JSON.stringify(event('page.moved')),
      `{"verification_token":"a","more":"${'x'.repeat(2000)}"}`,
    ])
      expect(offered(body)).toBeUndefined();
    // A page in somebody's browser can post a text without being asked first.
    const plain = bare('{"verification_token":"secret_1"}', { 'content-type': 'text/plain' });
    expect(notion.handshake?.offered(plain)).toBeUndefined();
    expect(translate({ verification_token: 'secret_1' })).toMatchObject({ kind: 'ignored' });
  });

  it('ignores what changes no state of a page', () => {
    for (const payload of [
      updated('title'),
      event('page.locked'),
      event('page.content_updated'),
      event('comment.created'),
      event('data_source.schema_updated', { entity: { id: PAGE, type: 'data_source' } }),
      event('page.moved', { entity: { id: PAGE, type: 'block' } }),
      automation(page({})),
    ])
      expect(translate(payload)).toMatchObject({ kind: 'ignored' });
    expect(translate(event('page.moved', { entity: { id: 'x', type: 'page' } }))).toMatchObject({
      kind: 'ignored',
    });
  });

  it('reads what a button sends as what an automation does', () => {
    const { source: _, data } = automation(page({ Status: status('Done') }));
    expect(translate({ source: { type: 'button' }, data })).toMatchObject({
      tasks: [{ task, state: 'done' }],
    });
  });

  it('goes by the property, the values and the ids that are set', () => {
    const both = automation(page({ Stage: select('Shipped'), Status: status('Done'), Done: checkbox(true) }));
    const state = (options: TrackerOptions) => {
      const told = translate(both, { ...defaults, ...options });
      return told.kind === 'events' ? told.tasks[0]?.state : told.kind;
    };
    expect(state({ PROPERTY: ['stage'] })).toBe('open');
    expect(state({ PROPERTY: ['Nowhere', 'Stage'], DONE: ['shipped'] })).toBe('done');
    expect(state({ PROPERTY: ['Stage'], DECLINED: ['SHIPPED '] })).toBe('declined');
    expect(state({ PROPERTY: ['st@t'] })).toBe('done');
    expect(state({ PROPERTY: ['st%40t'], DECLINED: ['Done'] })).toBe('declined');
    expect(state({ PROPERTY: ['box'] })).toBe('done');
    expect(state({ PROPERTY: ['Nowhere'] })).toBe('ignored');
  });
});

describe('what the API of Notion says', () => {
  const readBack = notion.readBack;
  if (readBack === undefined) throw new Error('Notion has no read-back');
  const groups = {
    'To-do': ['Not started', 'Archived'],
    'In progress': ['Doing'],
    Complete: ['Shipped', 'Done', 'Cancelled'],
  };

  function asking(answers: (path: string) => Partial<TrackerAnswer> | object) {
    const paths: string[] = [];
    const access: ApiAccess = {
      token: TOKEN,
      urls: ['https://api.notion.com'],
      options: defaults,
      now: AT,
      send: async ({ url, headers }) => {
        expect(url.startsWith('https://api.notion.com/v1/')).toBe(true);
        expect(headers).toEqual({ authorization: `Bearer ${TOKEN}`, 'notion-version': '2025-09-03' });
        const path = url.slice('https://api.notion.com/v1/'.length);
        paths.push(path);
        const answer = answers(path);
        const whole = { status: 200, headers: {}, body: JSON.stringify(answer) };
        return 'status' in answer ? { ...whole, body: '{}', ...answer } : whole;
      },
    };
    return { access, paths };
  }
  const read = async (shown: object, schema: object = source(groups)) => {
    const { access, paths } = asking((path) => (path.startsWith('pages/') ? shown : schema));
    const { events, unreadable } = await readBack.read([task], access);
    return { state: events.get(task)?.state, why: unreadable.get(task), paths };
  };

  it('tells no time and no person, since nothing there is about the state', async () => {
    const { access } = asking(() => page({ Done: checkbox(true) }));
    const { events } = await readBack.read([task], access);
    expect(events.get(task)).toEqual({
      tracker: 'notion',
      task,
      aliases: [],
      state: 'done',
      by: 'unknown',
      delivery: 'read-back',
      receivedAt: AT,
    });
  });

  it.each([
    ['Shipped', 'done'],
    ['Doing', 'open'],
    ['Not started', 'open'],
    ['Cancelled', 'declined'],
    ['Archived', 'open'],
  ])('%s is %s, by its group, and in the group Complete by its name', async (name, state) => {
    expect(await read(page({ Status: status(name) }))).toMatchObject({ state });
  });

  it('a status that its database does not show in any group is unread, and not open', async () => {
    const { why } = await read(page({ Status: status('Unheard of') }));
    expect(why).toContain('does not show in which group the status "Unheard of" is');
  });

  it('the last group means complete where the groups have names of another language', async () => {
    const german = { 'Zu erledigen': ['Offen'], 'In Bearbeitung': ['Läuft'], Fertig: ['Ausgeliefert'] };
    expect(await read(page({ Status: status('Ausgeliefert') }), source(german))).toMatchObject({
      state: 'done',
    });
    expect(await read(page({ Status: status('Läuft') }), source(german))).toMatchObject({ state: 'open' });
  });

  it('the groups are asked for once for all pages of a data source, and not for a checkbox', async () => {
    const { access, paths } = asking((path) =>
      path.startsWith('pages/') ? page({ Status: status('Shipped') }) : source(groups),
    );
    await readBack.read(['notion:1', 'notion:2'], access);
    expect(paths).toEqual(['pages/1', `data_sources/${SOURCE}`, 'pages/2']);
    expect((await read(page({ Done: checkbox(true) }))).paths).toHaveLength(1);
  });

  it('in the trash is deleted; not found is not', async () => {
    expect(await read(page({ Status: status('Done') }, { in_trash: true }))).toMatchObject({
      state: 'deleted',
    });
    expect(await read({ status: 404 })).toMatchObject({
      state: undefined,
      why: expect.stringMatching(/not shared with the connection/),
    });
  });

  it('a page that does not say whether it is done is not told', async () => {
    expect((await read(page({}))).why).toContain('NOTION_PROPERTY');
    const alone = page({ Status: status('Shipped') }, { parent: { type: 'workspace' } });
    expect((await read(alone)).why).toContain('in no database');
    expect((await read(page({ Status: status('Shipped') }), { status: 404 })).why).toContain('not shared');
  });

  it('a rate limit is told with when to ask again, a refused token with what to do', async () => {
    const limited = asking(() => ({ status: 429, headers: { 'retry-after': '7' } }));
    await expect(readBack.read([task], limited.access)).rejects.toMatchObject({
      name: 'TrackerBusyError',
      retryAt: AT + 7000,
    });
    const { access } = asking(() => ({ status: 401 }));
    const error = await readBack.read([task], access).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TrackerAccessError);
    expect(String(error)).not.toContain(TOKEN);
  });

  it('an answer that cannot be read is none', async () => {
    for (const answer of [
      { status: 500 },
      { status: 302 },
      { object: 'list' },
      { status: 200, body: '<html>' },
    ])
      await expect(read(answer)).rejects.toThrow();
  });
});
