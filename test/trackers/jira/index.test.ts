import { describe, expect, it } from 'vitest';
import { jira } from '../../../src/trackers/jira/index.ts';
import type { TrackerOptions } from '../../../src/trackers/options.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import {
  app,
  byAutomation,
  byCustomRule,
  created,
  declined,
  fields,
  inDataCenter,
  issue,
  item,
  moved,
  person,
  reopened,
  statusDone,
  toDone,
  updated,
} from './payloads.ts';
import { jira as of } from './samples.ts';

const defaults = defaultsOf(jira);

function translate(payload: unknown, options: TrackerOptions = defaults) {
  return jira.translate(delivery(of, payload, 's'), options);
}

function read(payload: unknown, options?: TrackerOptions): TaskEvent {
  const translation = translate(payload, options);
  if (translation.kind !== 'events') throw new Error(translation.reason);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

function received(headers: Delivery['headers'], body = '{"key":"OPS-12"}'): Delivery {
  return { headers, body: Buffer.from(body), receivedAt: AT };
}

describe('what Jira signs', () => {
  it('verifies the published signature', async () => {
    // https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
    const hex = 'a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
    const right = received({ 'x-hub-signature': `sha256=${hex}` }, 'Hello World!');
    expect(await jira.verify(right, ["It's a Secret to Everybody"])).toBe(true);
    expect(
      await jira.verify({ ...right, body: Buffer.from('Hello, World!') }, ["It's a Secret to Everybody"]),
    ).toBe(false);
  });

  it('takes no other method than SHA-256, and no digest without one', async () => {
    const signed = delivery(of, updated(toDone), 's');
    const hex = String(signed.headers['x-hub-signature']).slice('sha256='.length);
    for (const signature of [
      `sha1=${hex}`,
      `sha512=${hex}`,
      `SHA256=${hex}`,
      `=${hex}`,
      hex,
      hex.toUpperCase(),
    ])
      expect(await jira.verify({ ...signed, headers: { 'x-hub-signature': signature } }, ['s'])).toBe(false);
  });

  it.each([
    ['x-incident-closer-secret', 'two'],
    ['authorization', 'Bearer two'],
  ])('a rule of Automation, which cannot sign, is known by the secret in %s', async (name, value) => {
    expect(await jira.verify(received({ [name]: value }), ['one', 'two'])).toBe(true);
    for (const wrong of ['', ' ', 'tw', 'two2', 'Two', 'Basic two', 'Bearer', 'Bearer '])
      expect(await jira.verify(received({ [name]: wrong }), ['one', 'two']), wrong).toBe(false);
    expect(await jira.verify(received({ [name]: [value, value] }), ['two'])).toBe(false);
    expect(await jira.verify(received({ [name]: value }, ''), ['two'])).toBe(false);
  });

  it('a secret in addition does not make up for a wrong signature', async () => {
    const headers = { 'x-hub-signature': 'sha256=00', 'x-incident-closer-secret': 's' };
    expect(await jira.verify(received(headers), ['s'])).toBe(false);
  });
});

describe('what the statuses of Jira mean', () => {
  it('a resolution alone closes nothing, and a status of the category Done needs none', () => {
    const resolution = { id: '10000', name: 'Done' };
    const items = [item('resolution', null, 'Done')];
    const open = issue({
      fields: fields('In Progress', { resolution, resolutiondate: '2026-03-01T10:00:00Z' }),
    });
    expect(read(updated(items, { issue: open }))).toMatchObject({ state: 'open' });
    expect(read(updated(statusDone, { issue: issue({ fields: fields('Done') }) }))).toMatchObject({
      state: 'done',
    });
  });

  it.each(["Won't Do", 'won’t do', 'WON’T FIX', 'Duplicate', 'Cannot Reproduce', 'Declined', 'Canceled'])(
    'resolved as %o is declined',
    (name) => {
      expect(read(declined({ id: '7', name })).state).toBe('declined');
    },
  );

  it('a team names its own words for what will not be done, or their ids, in place of the usual ones', () => {
    const options = { DECLINED: ['Verworfen', '10001', 'status:10003'] };
    const cancelled = updated([item('status', 'To Do', 'Cancelled')], {
      issue: issue({ fields: fields('Cancelled') }),
    });
    expect(read(declined({ id: '7', name: 'verworfen' }), options).state).toBe('declined');
    expect(read(declined({ id: '10001', name: 'Anything' }), options).state).toBe('declined');
    expect(read(cancelled, options).state).toBe('declined');
    expect(read(declined({ id: '7', name: "Won't Do" }), options).state).toBe('done');
    // The id of a status is none of a resolution.
    expect(read(declined({ id: '10003', name: 'Done' }), options).state).toBe('done');
  });

  it('says that an issue was reopened where its resolution was taken away, or Jira calls it so', () => {
    const items = [item('status', 'Done', 'To Do')];
    const open = { issue: issue({ fields: fields('To Do') }) };
    expect(read(reopened())).toMatchObject({ reopened: true, occurredAt: AT + 1000 });
    expect(read(updated(items, { ...open, issue_event_type_name: 'issue_reopened' })).reopened).toBe(true);
    expect(read(updated(items, open))).not.toHaveProperty('reopened');
    expect(read(updated(toDone))).not.toHaveProperty('reopened');
  });

  it('of a duplicate without its links is unknown until it is read: nobody knows what it repeats', () => {
    const expected = { tasks: [], hints: [{ task: 'jira:acme.atlassian.net/OPS-12', changedTo: 'Done' }] };
    expect(translate(byCustomRule('Done', 'Duplicate'))).toMatchObject(expected);
    const payload = declined({ id: '3', name: 'Duplicate' }, { issuelinks: undefined });
    const hint = { by: 'person', changedTo: 'Done', changedToAt: AT };
    expect(translate(payload)).toMatchObject({ tasks: [], hints: [hint] });
    expect(translate(declined({ id: '3', name: 'Duplicate' }))).toMatchObject({ tasks: [{}], hints: [] });
    expect(translate(byCustomRule('Done', 'Won’t do'))).toMatchObject({ tasks: [{}], hints: [] });
    const done = translate(byCustomRule('Done', 'Duplicate'), { DECLINED: ["Won't Do"] });
    expect(done).toMatchObject({ tasks: [{ state: 'done' }], hints: [] });
  });

  it('of a duplicate names the original, not what is a duplicate of it, nor anything of what is done', () => {
    const links = (link: object) => [
      { type: { name: 'Duplicate', inward: 'is duplicated by', outward: 'duplicates' }, ...link },
    ];
    const duplicate = { id: '3', name: 'Duplicate' };
    const outward = { issuelinks: links({ outwardIssue: { key: 'OPS-4' } }) };
    expect(read(declined(duplicate, outward)).canonical).toBe('jira:acme.atlassian.net/OPS-4');
    const inward = { issuelinks: links({ inwardIssue: { key: 'OPS-4' } }) };
    for (const payload of [
      declined(duplicate, inward),
      declined(duplicate, { issuelinks: links({ outwardIssue: { key: '../../x' } }) }),
      declined({ id: '1', name: "Won't Do" }, outward),
      declined({ id: '0', name: 'Done' }, outward),
    ])
      expect(read(payload)).not.toHaveProperty('canonical');
  });
});

describe('who changed an issue of Jira', () => {
  it('a person by the account, without the name', () => {
    expect(read(updated(toDone))).toMatchObject({ by: 'person', actor: '5b10a' });
    expect(read(updated(toDone, { user: { ...person, accountType: 'customer' } })).by).toBe('person');
  });

  it('an app that declines, or closes what a stale rule labelled, is automation; one that closes a merge is not', () => {
    const payload = declined({ id: '1', name: "Won't Do" });
    expect(read({ ...payload, user: app })).toMatchObject({ by: 'automation', actor: 'Automation for Jira' });
    const stale = issue({ fields: fields('Done', { labels: ['stale'] }) });
    expect(read(updated(statusDone, { user: app, issue: stale }))).toMatchObject({
      state: 'done',
      by: 'automation',
    });
    expect(read(updated(toDone, { user: app }))).toMatchObject({ state: 'done', by: 'unknown' });
    expect(read({ ...reopened(), user: app })).toMatchObject({ state: 'open', by: 'unknown' });
    expect(read(updated(statusDone, { issue: stale })).by).toBe('person');
  });

  it('Data Center does not tell a person from a machine', () => {
    expect(read(inDataCenter('Done', statusDone))).toMatchObject({ by: 'unknown', actor: 'ada' });
    expect(read(updated(toDone, { user: null }))).not.toHaveProperty('actor');
  });
});

describe('when the state of an issue of Jira changed', () => {
  const edit = [item('labels', 'a', 'b')];

  it('an edit of a closed issue repeats when it was closed, and not who edited it', () => {
    const event = read(updated(edit, { timestamp: AT + 99_000 }));
    expect(event).toMatchObject({ state: 'done', by: 'unknown', occurredAt: AT });
    expect(event).not.toHaveProperty('actor');
    const noted = updated(undefined, { timestamp: AT + 99_000, comment: { id: '1' } });
    expect(read(noted)).toMatchObject({ state: 'done', occurredAt: AT });
  });

  it('an edit of an open issue, or of a closed one of which nothing says when it was closed, is ignored', () => {
    const reason = 'neither the status nor the resolution was changed';
    for (const items of [edit, [], undefined])
      expect(translate(updated(items, { issue: issue({ fields: fields('To Do') }) }))).toEqual({
        kind: 'ignored',
        reason,
      });
    expect(translate(inDataCenter('Done', edit))).toEqual({ kind: 'ignored', reason });
  });

  it('a status of the same category changes nothing, so Cloud’s own time of the category counts', () => {
    const items = [item('status', 'Resolved', 'Done')];
    expect(read(updated(items, { timestamp: AT + 99_000 })).occurredAt).toBe(AT);
  });

  it('a resolution that became another one changed when the webhook says', () => {
    const items = [item('resolution', 'Done', "Won't Do")];
    const payload = {
      ...declined({ id: '1', name: "Won't Do" }),
      changelog: { items },
      timestamp: AT + 99_000,
    };
    expect(read(payload)).toMatchObject({ state: 'declined', occurredAt: AT + 99_000 });
  });

  it('in Data Center an old resolution that nobody cleared does not date a new closing', () => {
    const old = { resolution: { id: '0', name: 'Done' }, resolutiondate: '2026-01-01T10:00:00.000+0000' };
    const payload = inDataCenter('Done', [item('status', 'Reopened', 'Done')], old);
    expect(read(payload).occurredAt).toBe(AT + 1000);
    // Old versions write the time as a text.
    expect(read({ ...payload, timestamp: '2026-03-01 11:00:01,000' }).occurredAt).toBe(AT + 500);
  });

  it('a rule of Automation tells by the category’s time, the history, or not at all', () => {
    expect(read(byAutomation('To Do'))).toMatchObject({ state: 'open', occurredAt: AT });
    const { statuscategorychangedate: _, ...undated } = fields('Done');
    const histories = [
      { created: '2026-02-25T10:00:00.000+0000', items: [{ field: 'status' }] },
      { created: '2026-02-26T10:00:00.000+0000', items: [{ field: 'labels' }] },
    ];
    const payload = { ...byAutomation(), fields: undated };
    expect(read(payload)).not.toHaveProperty('occurredAt');
    expect(read({ ...payload, changelog: { histories } }).occurredAt).toBe(
      Date.parse('2026-02-25T10:00:00Z'),
    );
    expect(read({ issue: payload, timestamp: AT + 5 }).occurredAt).toBe(AT + 5);
  });
});

describe('where an issue of Jira is', () => {
  it('its old key is an alias after a move', () => {
    expect(read(moved())).toMatchObject({
      task: 'jira:acme.atlassian.net/PLAT-7',
      aliases: ['jira:id:acme.atlassian.net/10012', 'jira:acme.atlassian.net/OPS-12'],
    });
  });

  it('a server that names itself by an inner address is known by its outer one', () => {
    const self = 'http://jira-node1:8080/rest/api/2/issue/10012';
    const payload = updated(toDone, { issue: issue({ self }) });
    expect(read(payload).task).toBe('jira:jira-node1:8080/OPS-12');
    const options = {
      ...defaults,
      HOSTS: ['other=x', 'http://jira-node1:8080/ = https://acme.example/jira/'],
    };
    expect(read(payload, options)).toMatchObject({
      task: 'jira:acme.example/jira/OPS-12',
      aliases: ['jira:id:acme.example/jira/10012'],
    });
  });

  it('a payload that names its site by an id only says what to set', () => {
    const self = 'https://api.atlassian.com/ex/jira/0-1/rest/api/3/issue/10012';
    const payload = updated(toDone, { issue: issue({ self }) });
    expect(translate(payload)).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining('set JIRA_HOSTS'),
    });
    const options = { ...defaults, HOSTS: ['api.atlassian.com/ex/jira/0-1=acme.atlassian.net'] };
    expect(read(payload, options).task).toBe('jira:acme.atlassian.net/OPS-12');
  });

  it('an issue without its own address is where its project is', () => {
    expect(read(updated(toDone, { issue: issue({ self: undefined }) })).task).toBe(
      'jira:acme.atlassian.net/OPS-12',
    );
    const nowhere = { key: 'OPS-12', fields: { status: { statusCategory: { key: 'done' } } } };
    expect(translate(updated(toDone, { issue: nowhere }))).toMatchObject({ kind: 'ignored' });
  });
});

describe('bodies of Jira that say nothing', () => {
  it.each(['comment_created', 'issuelink_created', 'project_updated', 'jira:worklog_updated', 'brand_new'])(
    'ignores the event %o',
    (webhookEvent) => {
      expect(translate({ ...updated(toDone), webhookEvent })).toEqual({
        kind: 'ignored',
        reason: `the event "${webhookEvent}" says nothing about an issue's state`,
      });
    },
  );

  it('names the fields that do not fit, and not what is in them', () => {
    const payload = updated(toDone, {
      issue: { key: 4711, fields: { ...fields('Done'), resolution: 'canary' } },
    });
    expect(translate(payload)).toEqual({
      kind: 'ignored',
      reason: 'the body has no whole issue: key, fields.resolution is missing or not as documented',
    });
    expect(translate({ webhookEvent: 'jira:issue_updated' })).toMatchObject({
      kind: 'ignored',
      reason: expect.stringContaining('leave "Exclude body" off'),
    });
  });

  it('an odd value in a field that is no state does no harm', () => {
    const own = fields('Done', { labels: 'canary', issuelinks: [1], project: 7 });
    expect(read(updated(statusDone, { issue: issue({ fields: own }), user: 'canary' }))).toMatchObject({
      state: 'done',
    });
    expect(read(created({ changelog: 'canary', timestamp: -1 }))).toMatchObject({ state: 'open' });
  });

  it('a ping is verified and ignored', async () => {
    const { headers, body } = await jira.ping('s', AT);
    const ping = { headers, body: Buffer.from(body), receivedAt: AT };
    expect(await jira.verify(ping, ['s'])).toBe(true);
    expect(jira.translate(ping, defaults)).toMatchObject({ kind: 'ignored' });
  });
});
