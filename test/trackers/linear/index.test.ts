import { LinearWebhookClient } from '@linear/sdk/webhooks';
import { describe, expect, it } from 'vitest';
import { linear } from '../../../src/trackers/linear/index.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, delivery } from '../samples.ts';
import {
  app,
  canceled,
  completed,
  created,
  data,
  integration,
  moved,
  removed,
  reopened,
  started,
  touched,
  update,
} from './payloads.ts';
import { linear as of } from './samples.ts';

const HOUR = 3_600_000;

function translate(payload: unknown) {
  return linear.translate(delivery(of, payload, 's'), {});
}

function read(payload: unknown): TaskEvent {
  const translation = translate(payload);
  if (translation.kind !== 'events') throw new Error(translation.reason);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

describe('what Linear signs', () => {
  it("agrees with Linear's own client about deliveries of this minute", async () => {
    const client = new LinearWebhookClient('s');
    const agrees = async (signed: ReturnType<typeof delivery>) => {
      let accepted = true;
      try {
        client.verify(signed.body, String(signed.headers['linear-signature']));
      } catch {
        accepted = false;
      }
      expect(await linear.verify(signed, ['s'])).toBe(accepted);
      return accepted;
    };
    const webhookTimestamp = Date.now();
    const now = { receivedAt: webhookTimestamp };
    const payload = { ...completed(), webhookTimestamp };
    expect(await agrees(delivery(of, payload, 's', now))).toBe(true);
    expect(await agrees(delivery(of, payload, 'another', now))).toBe(false);
    const { headers } = delivery(of, payload, 's');
    expect(await agrees({ ...delivery(of, { ...payload, webhookTimestamp: 1 }, 's', now), headers })).toBe(
      false,
    );
    expect(
      await agrees(delivery(of, { ...payload, webhookTimestamp: String(webhookTimestamp) }, 's', now)),
    ).toBe(false);
  });

  it('takes a delivery that is tried again for hours with its first time, and none that is older', async () => {
    const sent = of.sentAt?.(Buffer.from(JSON.stringify(completed()))) ?? 0;
    const at = (receivedAt: number) => linear.verify(delivery(of, completed(), 's', { receivedAt }), ['s']);
    // After a minute, an hour and six hours: https://linear.app/developers/webhooks
    for (const later of [0, 60_000, HOUR + 61_000, 7 * HOUR + 65_000, 8 * HOUR])
      expect(await at(sent + later), String(later)).toBe(true);
    for (const later of [8 * HOUR + 1, 24 * HOUR]) expect(await at(sent + later), String(later)).toBe(false);
    expect(await at(sent - 5 * 60_000)).toBe(true);
    expect(await at(sent - 5 * 60_000 - 1)).toBe(false);
  });

  it('does not believe the time in a header, which is not signed', async () => {
    const signed = delivery(of, completed(), 's', { receivedAt: AT + 100 * HOUR });
    const headers = { ...signed.headers, 'linear-timestamp': String(AT + 100 * HOUR) };
    expect(await linear.verify({ ...signed, headers }, ['s'])).toBe(false);
  });

  it('takes an old body without a time', async () => {
    const payload = { ...completed(), webhookTimestamp: undefined };
    expect(await linear.verify(delivery(of, payload, 's'), ['s'])).toBe(true);
  });

  it('a ping is verified and ignored', async () => {
    const { headers, body } = await linear.ping('s', AT);
    const ping = { headers, body: Buffer.from(body), receivedAt: AT };
    expect(await linear.verify(ping, ['s'])).toBe(true);
    expect(linear.translate(ping, {})).toMatchObject({ kind: 'ignored' });
  });
});

describe('who changed an issue of Linear', () => {
  it('a person by the id, without the name', () => {
    expect(read(completed())).toMatchObject({ by: 'person', actor: 'f1d2' });
  });

  it('its automatic closing, for want of activity or with the parent, is automation', () => {
    const at = '2026-03-01T10:00:00.000Z';
    const itself = { autoClosedAt: '2026-03-01T10:00:00.010Z' };
    expect(read(canceled('canceled', itself, { actor: null }))).toMatchObject({
      state: 'declined',
      by: 'automation',
      actor: "Linear's auto-close",
    });
    expect(read(completed(itself)).by).toBe('automation');
    expect(read(completed({ autoClosedByParentClosing: true }))).toMatchObject({
      by: 'automation',
      actor: "Linear's closing of sub-issues",
    });
    // Also when somebody edits it later.
    expect(read(update(data('canceled', { canceledAt: at, autoClosedAt: at }), touched)).by).toBe(
      'automation',
    );
  });

  it('a person who closes again what Linear had closed is a person', () => {
    expect(read(completed({ autoClosedAt: '2026-02-01T10:00:00.000Z' })).by).toBe('person');
    expect(
      read(update(data('started', { autoClosedAt: '2026-03-01T10:00:00.000Z' }), { stateId: '1' })).by,
    ).toBe('person');
  });

  it('an app that cancels, or closes what a stale rule labelled, is automation; one that closes a merge is not', () => {
    expect(read(canceled('canceled', {}, { actor: app }))).toMatchObject({
      by: 'automation',
      actor: 'Stale Keeper',
    });
    expect(read(completed({ labels: [{ name: 'Stale' }] }, { actor: integration }))).toMatchObject({
      by: 'automation',
      actor: 'github',
    });
    expect(read(completed({}, { actor: integration }))).toMatchObject({ by: 'unknown', actor: 'github' });
    expect(read(canceled('canceled', {}, { actor: integration })).by).toBe('unknown');
    expect(read(completed({}, { actor: null })).by).toBe('unknown');
  });
});

describe('when the state of an issue of Linear changed', () => {
  it('an edit of a closed issue repeats when it was closed, and not who edited it', () => {
    const event = read(update(data('completed', { completedAt: '2026-03-01T10:00:00Z' }), touched));
    expect(event).toMatchObject({ state: 'done', by: 'unknown', occurredAt: AT });
    expect(event).not.toHaveProperty('actor');
  });

  it('an edit of an open issue, or of a closed one of which nothing says when it was closed, is ignored', () => {
    const reason = 'neither the state nor the team was changed';
    expect(translate(update(data('started'), touched))).toEqual({ kind: 'ignored', reason });
    expect(translate(update(data('completed'), touched))).toEqual({ kind: 'ignored', reason });
    expect(translate(update(data('started'), null))).toEqual({ kind: 'ignored', reason });
  });

  it('a closing without its time is dated by the event', () => {
    expect(read(completed({ completedAt: null })).occurredAt).toBe(AT + 500);
  });

  it('says that an issue was reopened where its closing was taken away', () => {
    expect(read(reopened())).toMatchObject({ state: 'open', reopened: true });
    expect(read(started())).not.toHaveProperty('reopened');
    const triaged = update(data('triage'), { stateId: '1', canceledAt: '2026-02-27T10:00:00.000Z' });
    expect(read(triaged)).toMatchObject({ state: 'open', reopened: true });
  });

  it('an issue that comes back from the trash is what its state says', () => {
    const back = update(data('started', { trashed: null }), {
      trashed: true,
      archivedAt: '2026-03-01T09:00:00Z',
    });
    expect(read(back)).toMatchObject({ state: 'open', occurredAt: AT + 500 });
    expect(read({ ...created('completed'), action: 'restore' })).toMatchObject({ state: 'done' });
    expect(read(removed({ archivedAt: null, trashed: null }))).toMatchObject({ state: 'deleted' });
  });
});

describe('where an issue of Linear is', () => {
  it('its old identifier is an alias after a move, whatever its address says', () => {
    expect(read(moved())).toMatchObject({ task: 'linear:acme/OPS-7', by: 'person' });
    const late = moved();
    const url = 'https://linear.app/acme/issue/ENG-12/a-title';
    expect(read({ ...late, url, data: { ...data('backlog'), ...Object(late.data), url } })).toMatchObject({
      task: 'linear:acme/OPS-7',
      aliases: [expect.stringMatching(/^linear:id:/), 'linear:acme/ENG-12'],
    });
  });

  it('a move of a closed issue says nothing of who closed it', () => {
    const issue = data('completed', { completedAt: '2026-03-01T10:00:00Z', previousIdentifiers: ['OPS-7'] });
    expect(read(update(issue, { teamId: '1' }))).toMatchObject({
      state: 'done',
      by: 'unknown',
      occurredAt: AT,
    });
  });

  it('a removal without an address is placed by its number and by who did it, or ignored', () => {
    const bare = { ...removed({ url: undefined, identifier: undefined }), url: undefined };
    expect(read(bare)).toMatchObject({ task: 'linear:acme/ENG-12', state: 'deleted' });
    expect(translate({ ...bare, actor: null })).toEqual({
      kind: 'ignored',
      reason: 'the body does not say in which workspace the issue is',
    });
  });

  it('an address without a workspace makes a key without one', () => {
    const url = 'https://linear.app/issue/ENG-12/a-title';
    expect(read({ ...completed({ url }), url }).task).toBe('linear:ENG-12');
  });
});

describe('bodies of Linear that say nothing', () => {
  it.each(['Comment', 'Project', 'IssueLabel', 'IssueSLA', 'BrandNew'])('ignores the type %o', (type) => {
    expect(translate({ ...completed(), type })).toEqual({
      kind: 'ignored',
      reason: `the type "${type}" says nothing about an issue's state`,
    });
  });

  it('names the fields that do not fit, and not what is in them', () => {
    expect(translate(completed({ state: 'canary', id: 4711 }))).toEqual({
      kind: 'ignored',
      reason: 'the body has no whole issue: data.id, data.state is missing or not as documented',
    });
  });
});
