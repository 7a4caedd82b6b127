import { describe, expect, it } from 'vitest';
import { github } from '../../../src/trackers/github/index.ts';
import type { Delivery } from '../../../src/trackers/tracker.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { delivery } from '../samples.ts';
import {
  bot,
  closed,
  deleted,
  merged,
  other,
  person,
  pullClosed,
  pullRequest,
  reopened,
  transferred,
} from './payloads.ts';
import { github as of } from './samples.ts';

function read(payload: unknown): TaskEvent {
  const translation = translate(delivery(of, payload, 's'));
  if (translation.kind !== 'events') throw new Error(translation.reason);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

function translate(received: Delivery) {
  return github.translate(received, {});
}

function withHeaders(headers: Record<string, string>, body = 'not json'): Delivery {
  return { headers, body: Buffer.from(body), receivedAt: 0 };
}

describe('GitHub', () => {
  it.each([
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    [
      "It's a Secret to Everybody",
      'Hello, World!',
      '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    ],
    ['s3cret', '{"title":"Übergröße"}', 'c4f06daaa6171c2b52d0ec64258a1ef321378d36f88c0b2693531372e96ed33c'],
  ])('verifies the published signature of secret %o', async (secret, body, hex) => {
    const received = withHeaders({ 'x-hub-signature-256': `sha256=${hex}` }, body);
    expect(await github.verify(received, [secret])).toBe(true);
    expect(await github.verify({ ...received, body: Buffer.from(`${body} `) }, [secret])).toBe(false);
  });

  it('takes no SHA-1 signature, and no digest without its prefix', async () => {
    const received = delivery(of, closed('completed'), 's');
    const right = String(received.headers['x-hub-signature-256']);
    for (const headers of [
      { 'x-hub-signature': right },
      { 'x-hub-signature-256': right.slice('sha256='.length) },
    ])
      expect(await github.verify({ ...received, headers }, ['s'])).toBe(false);
  });

  it('says who closed an issue: a person', () => {
    expect(read(closed('completed'))).toMatchObject({ by: 'person', actor: 'ada', delivery: '5f0c-1' });
    expect(read(closed('not_planned', { labels: [{ name: 'stale' }] }))).toMatchObject({ by: 'person' });
  });

  it.each([
    'stale',
    'Stale',
    'lifecycle/stale',
    'status: inactive',
    'no-activity',
    'no-issue-activity',
    'wontfix-stale',
  ])('says that a bot closed an issue labelled %o for want of activity', (name) => {
    expect(read(closed('completed', { sender: bot, labels: [{ name }] }))).toMatchObject({
      state: 'done',
      by: 'automation',
      actor: 'stale[bot]',
    });
  });

  it('says that a bot closed an issue as not planned on its own', () => {
    expect(read(closed('not_planned', { sender: bot }))).toMatchObject({
      state: 'declined',
      by: 'automation',
    });
  });

  it('does not take a bot that closes after a merge for a stale bot, nor one that reopens', () => {
    const merger = { ...bot, login: 'mergify[bot]' };
    expect(read(closed('completed', { sender: merger }))).toMatchObject({ state: 'done', by: 'unknown' });
    expect(read(reopened(bot))).toMatchObject({ state: 'open', by: 'unknown' });
    expect(read(closed('completed', { sender: { ...person, type: 'Mannequin' } })).by).toBe('unknown');
    expect(read(closed('completed', { sender: null }))).toMatchObject({ by: 'unknown' });
  });

  it('dates a closing by closed_at, everything else by updated_at, and a deletion not at all', () => {
    expect(read(closed('abandoned'))).toMatchObject({
      state: 'open',
      occurredAt: Date.parse('2026-03-01T10:00:00Z'),
    });
    expect(read(reopened()).occurredAt).toBe(Date.parse('2026-03-01T10:00:02Z'));
    expect(read(deleted())).not.toHaveProperty('occurredAt');
  });

  it('an issue closed for an unknown reason is open, but nobody said that it was reopened', () => {
    expect(read(closed('abandoned'))).not.toHaveProperty('reopened');
  });

  it.each([
    ['closed', 'open'],
    ['reopened', 'closed'],
    ['opened', 'closed'],
  ])(
    'a payload that says %s of an issue that it shows %s tells no state: the issue is read',
    (action, state) => {
      const payload = closed('completed');
      expect(
        translate(delivery(of, { ...payload, action, issue: { ...payload.issue, state } }, 's')),
      ).toMatchObject({
        tasks: [],
        hints: [{ task: 'github:github.com/acme/api#12', by: 'person', changedTo: action }],
      });
    },
  );

  it('a transfer keeps the state that the issue has in its new place', () => {
    const { changes, ...rest } = transferred();
    const new_issue = { ...changes.new_issue, state: 'closed', state_reason: 'not_planned' };
    expect(read({ ...rest, changes: { ...changes, new_issue } })).toMatchObject({ state: 'declined' });
    expect(translate(delivery(of, rest, 's'))).toMatchObject({ kind: 'ignored' });
  });

  it('answers events of other kinds without reading their body', () => {
    for (const event of ['ping', 'push', 'repository', 'issue_comment', 'installation', 'brand_new'])
      expect(translate(withHeaders({ 'x-github-event': event }))).toEqual({
        kind: 'ignored',
        reason: `the event "${event}" says nothing about an issue's state`,
      });
  });

  it.each(['edited', 'labeled', 'assigned', 'brand_new'])('ignores the action %o', (action) => {
    expect(translate(delivery(of, other(action), 's'))).toMatchObject({ kind: 'ignored' });
  });

  it('a pull request is done when it is merged, whoever merges it, and declined when it is closed without', () => {
    expect(read(merged())).toMatchObject({ state: 'done', by: 'person' });
    expect(read(merged({ login: 'mergify[bot]', type: 'Bot' }))).toMatchObject({
      state: 'done',
      by: 'unknown',
    });
    expect(read(pullClosed({ sender: bot, labels: [{ name: 'stale' }] }))).toMatchObject({
      state: 'declined',
      by: 'automation',
    });
    expect(read(pullClosed({ sender: bot }))).toMatchObject({ state: 'declined', by: 'automation' });
  });

  it.each(['synchronize', 'converted_to_draft', 'deleted', 'brand_new'])(
    'ignores the action %o of a pull request',
    (action) => {
      expect(translate(delivery(of, pullRequest(action), 's'))).toMatchObject({ kind: 'ignored' });
    },
  );

  it('tells to choose application/json where the webhook sends forms, already at the ping', () => {
    const headers = { 'x-github-event': 'ping', 'content-type': 'application/x-www-form-urlencoded' };
    expect(translate(withHeaders(headers, 'payload=%7B%7D'))).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('choose application/json'),
    });
  });

  it('names the fields of a body that do not fit, and not what is in them', () => {
    const payload = { ...closed('completed'), issue: { html_url: 4711, labels: 'canary' } };
    expect(translate(delivery(of, payload, 's'))).toEqual({
      kind: 'ignored',
      reason: 'the body is no issues event: issue.html_url, issue.labels is missing or not as documented',
    });
  });
});
