import { describe, expect, it } from 'vitest';
import { gitlab } from '../../../src/trackers/gitlab/index.ts';
import type { TrackerOptions } from '../../../src/trackers/options.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import {
  bot,
  type Change,
  closed,
  copy,
  moved,
  note,
  opened,
  person,
  reopened,
  updated,
} from './payloads.ts';
import { gitlab as of } from './samples.ts';

const SIGNING = of.secret ?? '';

function translate(payload: unknown, options: TrackerOptions = defaultsOf(gitlab)) {
  return gitlab.translate(delivery(of, payload, SIGNING), options);
}

function read(payload: unknown, options?: TrackerOptions): TaskEvent {
  const translation = translate(payload, options);
  if (translation.kind !== 'events') throw new Error(translation.reason);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

function withToken(token: string | string[], body = JSON.stringify(closed())): Delivery {
  return { headers: { 'x-gitlab-token': token }, body: Buffer.from(body), receivedAt: AT };
}

describe('GitLab', () => {
  it('takes the secret token that was set, and no other', async () => {
    for (const secrets of [['s3cret'], ['other', 's3cret'], [SIGNING, 's3cret']])
      expect(await gitlab.verify(withToken('s3cret'), secrets)).toBe(true);
    for (const token of ['', 's3cre', 's3cret0', 'S3cret', ' s3cret', ['s3cret', 's3cret']])
      expect(await gitlab.verify(withToken(token), ['s3cret']), String(token)).toBe(false);
    expect(await gitlab.verify(withToken('s3cret', ''), ['s3cret'])).toBe(false);
    expect(await gitlab.verify({ ...withToken(''), headers: {} }, ['s3cret'])).toBe(false);
  });

  it('takes a secret token that is not ASCII, as Node shows the bytes of a header', async () => {
    const sent = Buffer.from('schlüssel').toString('latin1');
    expect(await gitlab.verify(withToken(sent), ['schlüssel'])).toBe(true);
    expect(await gitlab.verify(withToken('schlüssel'), ['schlüssel'])).toBe(false);
  });

  it('never takes a signing token that is only repeated', async () => {
    expect(await gitlab.verify(withToken(SIGNING), [SIGNING])).toBe(false);
    expect(await gitlab.verify(withToken('whsec_short'), ['whsec_short'])).toBe(false);
    const signed = delivery(of, closed(), SIGNING);
    const { 'webhook-signature': _, ...unsigned } = signed.headers;
    const headers = { ...unsigned, 'x-gitlab-token': SIGNING };
    expect(await gitlab.verify({ ...signed, headers }, [SIGNING])).toBe(false);
  });

  it('takes a signature up to five minutes from now, and by a vector that was computed elsewhere', async () => {
    const vector: Delivery = {
      headers: {
        'webhook-id': 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f',
        'webhook-timestamp': '1700000000',
        'webhook-signature': 'v1,TvXQutdc8omrDg75Jqiij2RVbAbDSz+jVwEbKLlSP3I=',
      },
      body: Buffer.from('{"object_kind":"issue"}'),
      receivedAt: 1_700_000_000_000,
    };
    const secret = 'whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=';
    expect(await gitlab.verify(vector, [secret])).toBe(true);
    expect(await gitlab.verify({ ...vector, receivedAt: vector.receivedAt + 301_000 }, [secret])).toBe(false);
  });

  it('wants a signing token to be whole, and a secret token to be any text', () => {
    const fits = (secret: string) => gitlab.secretForm?.fits(secret);
    expect(fits('any text')).toBe(true);
    expect(fits(SIGNING)).toBe(true);
    expect(fits('whsec_c2hvcnQ=')).toBe(false);
  });

  it.each(['s3cret', SIGNING])('signs a ping that is verified and ignored: %s', async (secret) => {
    const { headers, body } = await gitlab.ping(secret, AT);
    const sent = { headers, body: Buffer.from(body), receivedAt: AT };
    expect(await gitlab.verify(sent, [secret])).toBe(true);
    expect(gitlab.translate(sent, {})).toMatchObject({ kind: 'ignored' });
  });

  it('a moved issue is not done: it is the open copy, under the id that the copy tells of itself', () => {
    const event = read(moved());
    expect(event).toMatchObject({ state: 'open', aliases: ['gitlab:gitlab.com/acme/platform/api#12'] });
    for (const action of ['open', 'close'] as const)
      expect(read(copy(action))).toMatchObject({
        task: 'gitlab:gitlab.com/acme/infra#7',
        aliases: [event.task],
        state: action === 'open' ? 'open' : 'done',
      });
  });

  it('a moved issue that is opened again in its old place is open there', () => {
    expect(read(reopened({ attributes: { moved_to_id: 4711 } }))).toMatchObject({
      task: 'gitlab:gitlab.com/acme/platform/api#12',
      state: 'open',
      reopened: true,
    });
  });

  it('an update counts only where it changes the state', () => {
    for (const isClosed of [true, false])
      expect(translate(updated(isClosed, { changes: { labels: { previous: [], current: [] } } }))).toEqual({
        kind: 'ignored',
        reason: 'the update changes no state',
      });
    const change: Change = { changes: { state_id: { previous: 2, current: 1 } } };
    expect(read(updated(false, change))).toMatchObject({ state: 'open', reopened: true });
  });

  it('a payload whose action and state do not agree tells no state: the issue is read', () => {
    const late = closed({ attributes: { state: 'opened', state_id: 1, closed_at: null } });
    const early = reopened({ attributes: { state: 'closed', state_id: 2 } });
    const halved = closed({ attributes: { state_id: 1 } });
    for (const [payload, changedTo] of [
      [late, 'close'],
      [early, 'reopen'],
      [halved, 'close'],
    ] as const)
      expect(translate(payload)).toMatchObject({
        tasks: [],
        hints: [{ task: 'gitlab:gitlab.com/acme/platform/api#12', by: 'person', changedTo }],
      });
    expect(read(opened())).not.toHaveProperty('reopened');
  });

  it('reads the state by its number, or of an old release by the action', () => {
    expect(read(closed({ attributes: { state: undefined } })).state).toBe('done');
    expect(read(closed({ attributes: { state: undefined, state_id: undefined } })).state).toBe('done');
  });

  it('dates a closing by closed_at, whatever form its time has, and everything else by updated_at', () => {
    for (const closed_at of [
      '2026-03-01 10:00:00 UTC',
      '2026-03-01T10:00:00.000Z',
      '2026-03-01T11:00:00+01:00',
    ])
      expect(read(closed({ attributes: { closed_at } })).occurredAt).toBe(AT);
    expect(read(closed({ attributes: { closed_at: null } })).occurredAt).toBe(AT + 2000);
    expect(read(reopened()).occurredAt).toBe(AT + 2000);
  });

  it('says who closed an issue: a person, also a stale one', () => {
    expect(read(closed())).toMatchObject({ by: 'person', actor: 'ada', delivery: 'f5e5f430-1' });
    expect(read(closed({ labels: ['stale'] }))).toMatchObject({ by: 'person' });
    expect(read(closed({ user: { ...person, username: 'abbott' } }))).toMatchObject({ by: 'person' });
    expect(read(closed({ user: null }))).toMatchObject({ by: 'unknown' });
  });

  it.each([
    'project_44_bot_0f6d',
    'group_109_bot',
    'group_109_bot2_0f6d',
    'service_account_group_345_0f6d',
    'triage-bot',
    'acme.bot',
    'GitLab-Automation',
  ])('says that %s closed an issue for want of activity only where it is labelled so', (username) => {
    const user = { ...bot, username };
    expect(read(closed({ user, labels: ['incident', 'auto-closed::stale'] }))).toMatchObject({
      state: 'done',
      by: 'automation',
      actor: username,
    });
    expect(read(closed({ user }))).toMatchObject({ state: 'done', by: 'unknown' });
    expect(read(reopened({ user, labels: ['stale'] }))).toMatchObject({ state: 'open', by: 'unknown' });
  });

  it('reads a closed issue with one of the set labels as declined', () => {
    const options = { DECLINED_LABELS: ["Won't do", 'wontfix'] };
    expect(read(closed({ labels: ['WONTFIX'] }), options).state).toBe('declined');
    expect(read(closed({ labels: ['incident'] }), options).state).toBe('done');
    expect(read(closed({ labels: ['Obsolete'] }), options).state).toBe('done');
    expect(read(closed({ labels: ['resolution::Won’t do'] }), options).state).toBe('declined');
    expect(read(closed({ labels: ['wontfix'] })).state).toBe('done');
    expect(read(opened({ labels: ['wontfix'] }), options).state).toBe('open');
  });

  it('ignores what is no issue, and what nothing happened to', () => {
    expect(translate(note())).toMatchObject({ kind: 'ignored' });
    expect(translate({ object_kind: 'push' })).toMatchObject({ kind: 'ignored' });
    expect(translate(closed({ attributes: { action: undefined } }))).toMatchObject({ kind: 'ignored' });
  });

  it('tells about a custom template where the body has no kind', () => {
    expect(translate({ text: 'closed' })).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('custom template'),
    });
  });

  it('names the fields of a body that do not fit, and not what is in them', () => {
    expect(translate(closed({ attributes: { id: 'canary', url: 4711 } }))).toEqual({
      kind: 'ignored',
      reason:
        'the body is no issue event: object_attributes.id, object_attributes.url is missing or not as documented',
    });
  });
});
