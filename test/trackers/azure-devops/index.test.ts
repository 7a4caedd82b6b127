import { describe, expect, it } from 'vitest';
import { recordOf, standingOf } from '../../../src/events/standing-state.ts';
import { azureDevOps } from '../../../src/trackers/azure-devops/index.ts';
import type { TaskEvent } from '../../../src/vocabulary.ts';
import { AT, defaultsOf, delivery } from '../samples.ts';
import { ada, buildService, CLOUD, fields, moved, transition, updated, whole } from './payloads.ts';
import { azureDevOps as of } from './samples.ts';

const SECRET = 'a-long-random-password';
const task = 'azure-devops:dev.azure.com/acme/12';

function translate(payload: unknown, options: Record<string, string[]> = {}) {
  return azureDevOps.translate(delivery(of, payload, SECRET), { ...defaultsOf(azureDevOps), ...options });
}

function told(payload: unknown, options: Record<string, string[]> = {}): TaskEvent {
  const translation = translate(payload, options);
  if (translation.kind !== 'events') throw new Error(`it is ${translation.kind}: ${translation.reason}`);
  const [event] = translation.tasks;
  if (event === undefined) throw new Error('it tells of no task');
  return event;
}

describe('a service hook of Azure DevOps', () => {
  const withHeaders = (headers: Record<string, string>) => ({
    ...delivery(of, transition('Active', 'Closed'), SECRET),
    headers,
  });
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

  it.each([
    ['the password of any user', basic(`hook:${SECRET}`), [SECRET]],
    ['a password with a colon', basic('hook:a:b'), ['a:b']],
    ['the secret as user and password', basic('hook:s3cret'), ['hook:s3cret']],
    ['a header of its own', { 'x-webhook-secret': SECRET }, ['other', SECRET]],
    ['a bearer token', { authorization: `Bearer ${SECRET}` }, [SECRET]],
  ])('is let in by %s', async (_, headers, secrets) => {
    expect(await azureDevOps.verify(withHeaders(headers), secrets)).toBe(true);
  });

  it.each([
    ['another password', basic('hook:another')],
    ['the secret as the user', basic(`${SECRET}:`)],
    ['no password', basic('hook:')],
    ['nothing after the scheme', { authorization: 'Basic' }],
    ['another scheme', { authorization: `Digest ${SECRET}` }],
    ['the secret alone', { authorization: SECRET }],
  ])('is refused with %s', async (_, headers) => {
    expect(await azureDevOps.verify(withHeaders(headers), [SECRET])).toBe(false);
  });

  it('is told to send all details where the state is missing', () => {
    for (const payload of [
      transition('Active', 'Closed', {}, { revision: null }),
      { ...whole('created', 'New'), resource: { id: 12, url: `${CLOUD}/_apis/wit/workItems/12` } },
      { ...whole('created', 'New'), resource: null },
    ])
      expect(translate(payload)).toMatchObject({
        kind: 'ignored',
        reason: expect.stringContaining('Choose "All"'),
      });
  });

  it('names the item next to it where the update itself names none, as in what the Test button sends', () => {
    for (const workItemId of [0, null, undefined]) {
      const sample = transition('New', 'Approved', {}, { workItemId, revisedBy: null });
      expect(told(sample)).toMatchObject({ task, state: 'open' });
    }
  });

  it('says nothing of comments, titles, other events, and the number of an update', () => {
    expect(translate(whole('commented', 'Closed'))).toMatchObject({ kind: 'ignored' });
    const title = { 'System.Title': { oldValue: 'a', newValue: 'b' } };
    expect(translate(updated(fields('Closed'), title))).toMatchObject({ kind: 'ignored' });
    expect(translate({ eventType: 'git.push', resource: {} })).toMatchObject({ kind: 'ignored' });
    // `resource.id` is the update's own number: 5.
    expect(told(transition('Active', 'Closed')).task).toBe(task);
  });
});

describe('the state of a work item', () => {
  it.each([
    ['Deployed', { DONE: ['Deployed'] }, 'done'],
    ['resolved', { DONE: ['Resolved'] }, 'done'],
    ['Parked', { DECLINED: ['parked'] }, 'declined'],
    ['Removed', { DECLINED: ['parked'] }, 'declined'],
    ['Deployed', {}, 'open'],
  ])('"%s" is read by what is set: %o', (name, options, state) => {
    expect(told(transition('Active', name), options).state).toBe(state);
  });

  it('a reason that is set makes a closed item declined, and no other', () => {
    const now = { 'System.Reason': 'Overtaken by Events' };
    expect(told(transition('Active', 'Closed', now)).state).toBe('declined');
    expect(told(transition('Active', 'Closed', now), { DECLINED: ['Parked'] }).state).toBe('done');
    expect(told(transition('Active', 'Resolved', now)).state).toBe('open');
    expect(told(transition('Active', 'Resolved', now), { DONE: ['Resolved'] }).state).toBe('declined');
  });

  it('the change counts where the item next to it is an older one', () => {
    const event = told(
      updated(
        fields('New', { 'System.ChangedDate': 'no date' }),
        {
          'System.State': { oldValue: 'New', newValue: 'Closed' },
          'System.ChangedDate': { oldValue: null, newValue: '2026-03-01T10:00:00Z' },
        },
        { revision: { id: 12, rev: 4, fields: fields('New', { 'System.ChangedDate': 'no date' }) } },
      ),
    );
    expect(event).toMatchObject({ state: 'done', occurredAt: AT - 1 });
  });

  it('an item that is not closed any more was reopened, whatever its states are called', () => {
    const closed = {
      'Microsoft.VSTS.Common.ClosedDate': { oldValue: '2026-02-27T10:00:00Z', newValue: null },
      'System.State': { oldValue: 'Shipped', newValue: 'Active' },
    };
    expect(told(updated(fields('Active'), closed)).reopened).toBe(true);
    expect(told(transition('Shipped', 'Active')).reopened).toBeUndefined();
    expect(told(transition('Deployed', 'Active'), { DONE: ['Deployed'] }).reopened).toBe(true);
  });

  it('a state of its own that closed the item is asked for', () => {
    const now = { 'Microsoft.VSTS.Common.ClosedDate': '2026-03-01T10:00:00Z' };
    expect(translate(transition('Active', 'Shipped', now))).toMatchObject({
      tasks: [{ state: 'open' }],
      hints: [{ task, by: 'person', actor: 'a7d0', delivery: 'd0e1-3' }],
    });
    for (const payload of [transition('Active', 'Shipped'), transition('Active', 'Closed', now)])
      expect(translate(payload)).toMatchObject({ hints: [] });
  });

  it('what its category tells of a change takes the place of what its name made guess, in any order', () => {
    const guess = told(transition('Active', 'Shipped'));
    const read: TaskEvent = { ...guess, state: 'done', by: 'unknown', occurredAt: AT };
    expect(standingOf(recordOf(guess), recordOf(read)).state).toBe('done');
    expect(standingOf(recordOf(read), recordOf(guess)).state).toBe('done');
  });

  it('a deletion and a restoration count from when they were told', () => {
    for (const kind of ['deleted', 'restored'] as const)
      expect(told(whole(kind, 'Closed')).occurredAt).toBeUndefined();
  });

  it('a move that takes the item back to its first state is no silent one', () => {
    expect(told(moved('New'))).toMatchObject({ task, state: 'open' });
    const back = transition('Closed', 'New');
    expect(told(back)).toMatchObject({ state: 'open', reopened: true });
  });
});

describe('who changed a work item', () => {
  const by = (state: string, revisedBy: unknown, tags?: string) =>
    told(transition('Active', state, tags === undefined ? {} : { 'System.Tags': tags }, { revisedBy }));

  it('is a person by the kind of the account, and told by its id', () => {
    expect(by('Closed', ada)).toMatchObject({ by: 'person', actor: 'a7d0' });
    expect(by('Closed', { ...ada, descriptor: 'msa.x' }).by).toBe('person');
    expect(by('Closed', { ...ada, descriptor: undefined })).toMatchObject({ by: 'unknown', actor: 'a7d0' });
    expect(by('Closed', null)).toMatchObject({ by: 'unknown' });
  });

  it('a machine that closes what was built is nobody, one that closes what is stale is automation', () => {
    expect(by('Closed', buildService).by).toBe('unknown');
    expect(by('Closed', buildService, 'ops; stale')).toMatchObject({
      by: 'automation',
      actor: 'OPS Build Service (acme)',
    });
    expect(by('Active', buildService, 'stale').by).toBe('unknown');
    expect(by('Closed', ada, 'stale').by).toBe('person');
  });

  it('a machine that may close into a state that nobody knows by its name has the item read', () => {
    const into = (revisedBy: unknown) => translate(transition('Active', 'Deployed', {}, { revisedBy }));
    expect(into(buildService)).toMatchObject({
      tasks: [{ state: 'open' }],
      hints: [{ declinedBy: 'automation', isExact: true }],
    });
    expect(into(ada)).toMatchObject({ tasks: [{ state: 'open' }], hints: [] });
  });

  it('whoever moves a closed item did not close it', () => {
    expect(told(moved('Closed'))).toMatchObject({ by: 'unknown' });
    expect(told(moved('Closed')).actor).toBeUndefined();
  });
});
