/** When a state changed: a time that belongs to another change than the one that is told dates nothing. */
import { describe, expect, it } from 'vitest';
import { standingAfter } from '../../src/events/standing-state.ts';
import { changeTime } from '../../src/trackers/times.ts';
import * as azure from './azure-devops/payloads.ts';
import * as github from './github/payloads.ts';
import * as gitlab from './gitlab/payloads.ts';
import * as jira from './jira/payloads.ts';
import * as linear from './linear/payloads.ts';
import { AT } from './samples.ts';
import * as servicenow from './servicenow/payloads.ts';
import { told, translate } from './translating.ts';

const LATER = AT + 86_400_000;
const later = new Date(LATER).toISOString();

it('the time of the task itself counts where it is that of the change, and the change where it is older', () => {
  expect(changeTime(AT, AT + 19)).toBe(AT);
  expect(changeTime(AT, LATER)).toBe(LATER);
  expect(changeTime(LATER, AT)).toBe(LATER);
  expect(changeTime(undefined, AT)).toBe(AT);
  expect(changeTime(AT, undefined)).toBe(AT);
});

describe('Jira', () => {
  const moved = (from: 'Cancelled' | 'Done', to: 'Cancelled' | 'Done') =>
    jira.updated([jira.item('status', from, to)], {
      timestamp: LATER,
      issue: jira.issue({ fields: jira.fields(to) }),
    });

  it('a cancelled issue that becomes a done one within the category Done is done since then, and the other way round', () => {
    expect(told('jira', moved('Cancelled', 'Done'))).toMatchObject({ state: 'done', occurredAt: LATER });
    expect(told('jira', moved('Done', 'Cancelled'))).toMatchObject({ state: 'declined', occurredAt: LATER });
  });

  it('so what it was before gives way, in any order of arrival', () => {
    const cancelled = told(
      'jira',
      jira.updated([jira.item('status', 'To Do', 'Cancelled')], {
        issue: jira.issue({ fields: jira.fields('Cancelled') }),
      }),
    );
    const events = [cancelled, { ...told('jira', moved('Cancelled', 'Done')), receivedAt: LATER }];
    for (const [first, second] of [events, events.toReversed()]) {
      if (first === undefined || second === undefined) throw new Error('there are two');
      expect(standingAfter(standingAfter(undefined, first), second).state).toBe('done');
    }
  });

  it('a move between two done statuses says nothing new', () => {
    expect(told('jira', moved('Done', 'Done')).occurredAt).toBe(AT);
  });

  it('a history that ends elsewhere dates nothing', () => {
    const { statuscategorychangedate: _, ...undated } = jira.fields('Done');
    const at = (created: string, to: string) => ({ created, items: [{ field: 'status', toString: to }] });
    const payload = (...histories: object[]) => ({
      ...jira.byAutomation(),
      fields: undated,
      changelog: { histories },
    });
    const done = at('2026-02-01T10:00:00Z', 'Done');
    const reopened = at('2026-02-02T10:00:00Z', 'To Do');
    expect(told('jira', payload(done)).occurredAt).toBe(Date.parse('2026-02-01T10:00:00Z'));
    expect(told('jira', payload(done, reopened))).not.toHaveProperty('occurredAt');
  });

  it('a body without any time counts from when it arrives', () => {
    expect(told('jira', jira.byCustomRule('Done', 'Done'))).not.toHaveProperty('occurredAt');
  });

  it('an issue that is reopened without a changelog is open, and known as reopened', () => {
    const payload = jira.updated(undefined, {
      issue_event_type_name: 'issue_reopened',
      issue: jira.issue({ fields: jira.fields('To Do') }),
    });
    expect(told('jira', payload)).toMatchObject({ state: 'open', reopened: true, by: 'person' });
  });

  it('an issue that is reopened with its resolution kept is open, and known as reopened', () => {
    const own = jira.fields('To Do', { resolution: { id: '10000', name: 'Done' }, resolutiondate: later });
    const payload = jira.updated([jira.item('status', 'Done', 'To Do')], {
      issue: jira.issue({ fields: own }),
    });
    expect(told('jira', payload)).toMatchObject({ state: 'open', reopened: true });
  });

  it('custom fields that are called like those of Jira mean nothing', () => {
    const custom = (field: string) => ({
      ...jira.item(field, 'OPS-99', null),
      fieldtype: 'custom',
      fieldId: 'customfield_10050',
    });
    const open = jira.issue({ fields: jira.fields('In Progress') });
    for (const field of ['Resolution', 'Status', 'Key', 'Project'])
      expect(translate('jira', jira.updated([custom(field)], { issue: open }))).toMatchObject({
        kind: 'ignored',
      });
    const closed = told('jira', jira.updated([custom('Key'), ...jira.toDone]));
    expect(closed.aliases).toEqual(['jira:id:acme.atlassian.net/10012']);
  });
});

describe('GitHub', () => {
  it('a closed issue that gets another reason is closed for it since then', () => {
    const payload = github.closed('not_planned');
    const issue = { ...payload.issue, updated_at: later };
    expect(told('github', { ...payload, issue })).toMatchObject({ state: 'declined', occurredAt: LATER });
  });
});

describe('Linear', () => {
  it('a completed issue that is canceled is so since then, whatever time it bears', () => {
    const issue = linear.data('canceled', { canceledAt: null, completedAt: '2026-03-01T10:00:00.000Z' });
    const from = { stateId: '50', completedAt: '2026-03-01T10:00:00.000Z' };
    expect(told('linear', linear.update(issue, from, { createdAt: later }))).toMatchObject({
      state: 'declined',
      occurredAt: LATER,
    });
  });

  it('a move between two states of one type says nothing new', () => {
    const payload = linear.update(
      linear.data('completed', { completedAt: '2026-03-01T10:00:00.000Z' }),
      { stateId: '50' },
      { createdAt: later },
    );
    expect(told('linear', payload).occurredAt).toBe(AT);
  });
});

describe('ServiceNow', () => {
  it('a record that was open before is not dated by an earlier closing', () => {
    const payload = servicenow.ours('8', {
      previous_state: '2',
      resolved_at: '2026-03-01 10:00:00',
      sys_updated_on: '2026-03-02 10:00:00',
    });
    expect(told('servicenow', payload)).toMatchObject({ state: 'declined', occurredAt: LATER });
  });

  it('a resolved record that is closed was done when it was resolved', () => {
    const payload = servicenow.ours('7', {
      previous_state: '6',
      resolved_at: '2026-03-01 10:00:00',
      sys_updated_on: '2026-03-02 10:00:00',
    });
    expect(told('servicenow', payload)).toMatchObject({ state: 'done', occurredAt: AT });
  });
});

describe('Azure DevOps', () => {
  it.each(['Closed', 'Approved', 'Done', 'Shipped'])(
    'the name %s alone is a guess, a hair before the category',
    (name) => {
      expect(told('azure-devops', azure.transition('Active', name)).occurredAt).toBe(AT - 1);
    },
  );

  it('but a machine’s closing stays one, whatever the category says of the same moment', () => {
    const now = { 'System.Tags': 'stale' };
    const payload = azure.transition('Active', 'Closed', now, { revisedBy: azure.buildService });
    const webhook = told('azure-devops', payload);
    const read = { ...webhook, by: 'unknown' as const, occurredAt: AT };
    for (const [first, second] of [
      [webhook, read],
      [read, webhook],
    ] as const)
      expect(standingAfter(standingAfter(undefined, first), second).by).toBe('automation');
  });

  it('a name that is set is sure', () => {
    const options = { DONE: ['Approved'] };
    expect(told('azure-devops', azure.transition('Active', 'Approved'), options)).toMatchObject({
      state: 'done',
      occurredAt: AT,
    });
  });

  it('asks for an item that its name says to be open, and that has a closed date', () => {
    const now = { 'Microsoft.VSTS.Common.ClosedDate': '2026-03-01T10:00:00Z' };
    expect(translate('azure-devops', azure.transition('Active', 'Approved', now))).toMatchObject({
      tasks: [{ state: 'open' }],
      hints: [{ task: 'azure-devops:dev.azure.com/acme/12' }],
    });
  });

  it('takes Done for done also where the item has no closed date, which not every type has', () => {
    expect(told('azure-devops', azure.transition('Doing', 'Done')).state).toBe('done');
  });
});

describe('what is well-formed and unknown is ignored, not refused', () => {
  const url = 'https://gitlab.com/acme/pl%C3%A4ne/-/issues/x';
  it.each([
    [
      'github',
      {
        ...github.closed('completed'),
        issue: { ...github.closed('completed').issue, html_url: 'https://github.com/a/b/discussions/3' },
      },
    ],
    ['gitlab', gitlab.closed({ attributes: { url } })],
    ['jira', jira.updated(jira.toDone, { issue: jira.issue({ key: 'ÖPS-12' }) })],
    ['azure-devops', azure.updated(azure.fields('Closed'), {}, { workItemId: 0, revision: null })],
    [
      'azure-devops',
      {
        ...azure.whole('created', 'New'),
        resource: { id: 12, url: `${azure.CLOUD}/_apis/wit/workItems/12` },
      },
    ],
  ])('%s', (tracker, payload) => {
    expect(translate(tracker, payload)).toMatchObject({ kind: 'ignored' });
  });

  it('GitLab: a project whose name begins with a dot is one like any other', () => {
    const dotted = gitlab.closed({ attributes: { url: 'https://gitlab.com/acme/.gitlab/-/issues/3' } });
    expect(told('gitlab', dotted)).toMatchObject({ task: 'gitlab:gitlab.com/acme/.gitlab#3', state: 'done' });
  });
});
