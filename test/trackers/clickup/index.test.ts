import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clickup } from '../../../src/trackers/clickup/index.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import { ada, changed, clickBot, complete, inProgress, item, moved, sent, status, toDo } from './payloads.ts';
import { clickup as of } from './samples.ts';

function translate(payload: unknown, options: Record<string, string[]> = {}) {
  return clickup.translate(delivery(of, payload, 's'), { ...defaultsOf(clickup), ...options });
}

function told(payload: unknown, options: Record<string, string[]> = {}): TaskEvent {
  const translation = translate(payload, options);
  if (translation.kind !== 'events') throw new Error(`it is ${translation.kind}: ${translation.reason}`);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

describe('a webhook of ClickUp', () => {
  it("is verified as ClickUp's documentation signs it", async () => {
    const body = Buffer.from(
      '{"webhook_id":"7689a169-a000-4985-8676-6902b96d6627","event":"taskCreated","task_id":"c0j"}',
    );
    const headers = { 'x-signature': '4830bf524f6e29a3e8da953936c6f21c1fea2b9669b825d3e1be293ef3416c8c' };
    expect(await clickup.verify({ headers, body, receivedAt: AT }, ['secret'])).toBe(true);
  });

  it('is refused where the signature is of another algorithm or written otherwise', async () => {
    const { body, headers } = delivery(of, changed(toDo, complete), 's');
    const right = headers['x-signature'];
    for (const signature of [
      `sha256=${right}`,
      String(right).toUpperCase(),
      createHmac('sha1', 's').update(body).digest('hex'),
      createHmac('sha256', 's').update(body).digest('base64'),
    ])
      expect(
        await clickup.verify({ headers: { 'x-signature': signature }, body, receivedAt: AT }, ['s']),
      ).toBe(false);
  });

  it('is answered 403 where it is refused, since ClickUp suspends a webhook that is answered 401', () => {
    expect(clickup.answers).toMatchObject({ refused: 403 });
  });

  it('that an automation of ClickUp calls is led to the generic webhook', () => {
    expect(translate({ id: 'x', trigger_id: 'y', payload: { id: '86cvyxabb' } })).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('generic webhook'),
    });
  });

  it('says nothing of anything but tasks and their statuses', () => {
    for (const event of ['taskCommentPosted', 'listDeleted', 'spaceUpdated'])
      expect(translate(sent(event, []))).toMatchObject({ kind: 'ignored' });
    expect(translate(sent('taskUpdated', [item('assignee_add', null, { id: 184 })]))).toMatchObject({
      kind: 'ignored',
      reason: 'the status was not changed',
    });
    expect(translate(sent('taskUpdated', undefined))).toMatchObject({ kind: 'ignored' });
  });
});

describe('the state of a task in ClickUp', () => {
  it('goes by the type and not by the name', () => {
    expect(told(changed(toDo, status('done', 'custom'))).state).toBe('open');
    expect(told(changed(toDo, status('waiting', 'done'))).state).toBe('done');
    expect(told(changed(toDo, status('cancelled', 'custom'))).state).toBe('open');
  });

  it('goes by what is set for names', () => {
    const review = status('Client Review', 'done');
    expect(told(changed(toDo, review), { OPEN: ['client review'] }).state).toBe('open');
    expect(told(changed(toDo, status('parked', 'closed')), { DECLINED: ['Parked'] }).state).toBe('declined');
    expect(told(changed(toDo, status('cancelled', 'closed')), { DECLINED: ['Parked'] }).state).toBe('done');
  });

  it('is known as reopened where it was done or declined before, and only there', () => {
    expect(told(changed(status('cancelled', 'closed'), toDo)).reopened).toBe(true);
    expect(told(changed(status('shipped', 'done'), inProgress)).reopened).toBe(true);
    const review = status('client review', 'done');
    expect(told(changed(review, toDo), { OPEN: ['client review'] }).reopened).toBeUndefined();
    expect(told(changed(complete, status('shipped', 'done'))).reopened).toBeUndefined();
    const twice = [
      item('status', complete, toDo, { id: '1' }),
      item('status', toDo, inProgress, { id: '2' }),
    ];
    expect(told(sent('taskUpdated', twice)).reopened).toBe(true);
  });

  it('is asked for where the status was updated and the history is missing', () => {
    for (const history of [null, undefined, []])
      expect(translate(sent('taskStatusUpdated', history))).toMatchObject({
        tasks: [],
        hints: [{ task: 'clickup:86cvyxabb', by: 'unknown' }],
      });
  });

  it('counts along with entries of the history that are not as documented', () => {
    const odd = [{ id: '1' }, null, item('status', toDo, complete)];
    expect(told(sent('taskUpdated', odd)).state).toBe('done');
  });

  it('has the time of receipt where the history has none that is a time', () => {
    for (const date of [null, '', 'yesterday', '0', '1642736073', '-1'])
      expect(told(changed(toDo, complete, { date })).occurredAt, String(date)).toBeUndefined();
    expect(told(changed(toDo, complete, { date: AT })).occurredAt).toBe(AT);
  });

  it('is not said to be changed by who moved the task to another list', () => {
    const { history_items: items } = moved('taskMoved');
    const byBot = sent(
      'taskMoved',
      [items].flat().map((one) => ({ ...Object(one), user: clickBot })),
    );
    for (const payload of [moved('taskMoved'), byBot]) {
      expect(translate(payload)).toMatchObject({ hints: [{ by: 'unknown' }] });
      expect(translate(payload)).not.toHaveProperty('hints.0.declinedBy');
    }
  });

  it('that came with a move counts, and needs no asking', () => {
    const move = moved('taskMoved').history_items;
    const both = sent('taskMoved', [move, item('status', toDo, complete)].flat());
    expect(translate(both)).toMatchObject({ tasks: [{ state: 'done' }], hints: [] });
  });
});

describe('who changed a task in ClickUp', () => {
  const by = (after: unknown, user: unknown) => {
    const { by: who, actor } = told(changed(toDo, after, { user }));
    return [who, actor];
  };

  it('is a person by the id, a machine that declines is automation, and one that completes is nobody', () => {
    const cancelled = status('cancelled', 'closed');
    expect(by(complete, ada)).toEqual(['person', '183']);
    expect(by(complete, clickBot)).toEqual(['unknown', 'ClickBot']);
    expect(by(cancelled, clickBot)).toEqual(['automation', 'ClickBot']);
    expect(by(cancelled, { id: 7, username: 'ClickBot' })).toEqual(['automation', 'ClickBot']);
    expect(by(cancelled, null)).toEqual(['unknown', undefined]);
    expect(by(cancelled, { id: null })).toEqual(['unknown', undefined]);
  });
});
