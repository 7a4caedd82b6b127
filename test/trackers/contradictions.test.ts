/** A body that contradicts itself tells no state: the task is read. */
import { describe, expect, it } from 'vitest';
import * as azure from './azure-devops/payloads.ts';
import * as clickup from './clickup/payloads.ts';
import * as github from './github/payloads.ts';
import * as gitlab from './gitlab/payloads.ts';
import * as jira from './jira/payloads.ts';
import * as linear from './linear/payloads.ts';
import { AT } from './samples.ts';
import * as servicenow from './servicenow/payloads.ts';
import * as shortcut from './shortcut/payloads.ts';
import { told, translate } from './translating.ts';

const LATER = '2026-03-01T10:20:00.000Z';

/** As the post function "Trigger a Webhook" sends it: no event, no changelog, and the issue before the transition. */
function postFunction(shown: 'To Do' | 'Done', from: string, to: string) {
  return {
    timestamp: AT,
    user: jira.person,
    transition: { transitionId: 5, transitionName: 'Move', from_status: from, to_status: to },
    issue: jira.issue({ fields: jira.fields(shown) }),
  };
}

describe('a workflow of Jira that sends the issue as it was before the transition', () => {
  it.each([
    ['Done', 'Done', 'Reopened'],
    ['To Do', 'To Do', 'Done'],
  ] as const)('is a hint, dated by nothing, when it shows %s', (shown, from, to) => {
    const translation = translate('jira', postFunction(shown, from, to));
    expect(translation).toMatchObject({
      tasks: [],
      hints: [{ task: 'jira:acme.atlassian.net/OPS-12', by: 'person', actor: '5b10a', changedTo: to }],
    });
    expect(translation).not.toHaveProperty('hints.0.changedAt');
  });

  it('is a hint also where a transition leads from a status to itself: all else may be from before', () => {
    expect(translate('jira', postFunction('Done', 'Done', 'Done'))).toMatchObject({
      tasks: [],
      hints: [{ changedTo: 'Done' }],
    });
  });

  it('says whether a machine did it, whatever state the issue will be found in', () => {
    const labels = ['stale'];
    const payload = { ...postFunction('To Do', 'To Do', 'Done'), user: jira.app };
    const stale = { ...payload, issue: jira.issue({ fields: jira.fields('To Do', { labels }) }) };
    expect(translate('jira', payload)).toMatchObject({
      hints: [{ by: 'unknown', declinedBy: 'automation' }],
    });
    expect(translate('jira', stale)).toMatchObject({ hints: [{ by: 'automation' }] });
    expect(translate('jira', postFunction('To Do', 'To Do', 'Done'))).not.toHaveProperty(
      'hints.0.declinedBy',
    );
  });

  it('tells the state where the issue is in the status that the transition leads to, in any capitals', () => {
    expect(told('jira', postFunction('Done', 'To Do', ' DONE'))).toMatchObject({
      state: 'done',
      status: 'Done',
    });
  });
});

/** A closing as each tracker tells it some time later, in its own words. */
const TOLD_LATER: readonly (readonly [tracker: string, payload: unknown])[] = [
  [
    'github',
    { ...github.closed('completed'), issue: { ...github.closed('completed').issue, updated_at: LATER } },
  ],
  ['gitlab', gitlab.closed({ attributes: { updated_at: LATER } })],
  ['linear', linear.update(linear.completed().data, linear.touched, { createdAt: LATER })],
  [
    'servicenow',
    servicenow.ours('7', {
      previous_state: '6',
      resolved_at: '2026-03-01 10:00:00',
      sys_updated_on: '2026-03-01 10:20:00',
    }),
  ],
  ['jira', jira.updated(jira.toDone, { timestamp: Date.parse(LATER) })],
];

describe('a task event', () => {
  it.each(TOLD_LATER)('of %s tells when its state was told, by the tracker’s clock', (tracker, payload) => {
    expect(told(tracker, payload)).toMatchObject({ state: 'done', toldAt: Date.parse(LATER) });
  });

  it('of Azure DevOps tells when its revision was made, and that of Shortcut when its change was', () => {
    const moved = told('azure-devops', azure.moved('Closed'));
    expect(moved.toldAt).toBeGreaterThan(moved.occurredAt ?? 0);
    const story = shortcut.transition('started', 'done');
    expect(told('shortcut', story).toldAt).toBe(Date.parse(shortcut.CHANGED_AT));
  });
});

const aStory = (changes: unknown) =>
  shortcut.sent(
    [shortcut.story(changes)],
    [shortcut.state(50, 'started'), shortcut.state(51, 'done', 'Shipped')],
  );

const CASES: readonly (readonly [tracker: string, what: string, payload: unknown, changedTo: string])[] = [
  [
    'jira',
    'a change to another status than the issue has',
    jira.updated([jira.item('status', 'Done', 'Reopened')]),
    'Reopened',
  ],
  [
    'jira',
    'a resolution that was taken away and is still there',
    jira.updated([jira.item('resolution', 'Done', null)]),
    'the resolution none',
  ],
  [
    'jira',
    'a reopening by its name, of an issue that is closed',
    jira.updated(undefined, { issue_event_type_name: 'issue_reopened' }),
    'open',
  ],
  [
    'github',
    'a merge that was none',
    github.pullRequest('closed', { state: 'closed', merged: false, merged_at: '2026-03-01T10:00:00Z' }),
    'closed',
  ],
  ['github', 'a closed issue that was reopened', github.closed('reopened'), 'closed'],
  [
    'github',
    'a status of another category than the state',
    {
      ...github.closed('completed'),
      issue: { ...github.closed('completed').issue, status: { id: 1, name: 'Later', category: 'planned' } },
    },
    'closed',
  ],
  [
    'gitlab',
    'a change to another state than the issue has',
    gitlab.closed({ changes: { state_id: { previous: 2, current: 1 } } }),
    'close',
  ],
  [
    'azure-devops',
    'an update to another state than that revision has',
    azure.updated(azure.fields('Closed'), { 'System.State': { oldValue: 'Closed', newValue: 'Active' } }),
    'Active',
  ],
  [
    'azure-devops',
    'a closed date taken from an item that is closed by its name',
    azure.transition(
      'Shipped',
      'Done',
      {},
      {
        fields: {
          'System.State': { oldValue: 'Shipped', newValue: 'Done' },
          'Microsoft.VSTS.Common.ClosedDate': { oldValue: '2026-02-01T10:00:00Z' },
        },
      },
    ),
    'Done',
  ],
  ['linear', 'the id of another state', linear.completed({ stateId: '52' }), 'another state'],
  [
    'linear',
    'a completed issue with the time of a cancelling alone',
    linear.completed({ completedAt: null, canceledAt: '2026-03-01T10:00:00.000Z' }),
    'another state',
  ],
  [
    'clickup',
    'two types of one status',
    clickup.changed(clickup.toDo, clickup.complete, { data: { status_type: 'open' } }),
    'complete',
  ],
  [
    'clickup',
    'two changes of the same moment, in no order',
    clickup.sent('taskUpdated', [
      clickup.item('status', clickup.inProgress, clickup.toDo, { id: '1' }),
      clickup.item('status', clickup.inProgress, clickup.complete, { id: '2' }),
    ]),
    'complete',
  ],
  [
    'shortcut',
    'a story that is not completed in a state that is done',
    aStory({ workflow_state_id: { old: 50, new: 51 }, completed: { old: true, new: false } }),
    'Shipped',
  ],
  [
    'servicenow',
    'two fields with states that mean different things',
    servicenow.record('7', { incident_state: '2' }),
    '7',
  ],
  [
    'servicenow',
    'a record with another state than the body around it',
    { ...servicenow.ours('7'), current: { state: '2' } },
    '2',
  ],
];

describe('fields that disagree about the state', () => {
  it.each(CASES)('%s: %s', (tracker, _, payload, changedTo) => {
    expect(translate(tracker, payload)).toMatchObject({ kind: 'events', tasks: [], hints: [{ changedTo }] });
  });

  it('ClickUp tells the order of two changes of the same moment, where one follows from the other', () => {
    const items = [
      clickup.item('status', clickup.toDo, clickup.inProgress, { id: '1' }),
      clickup.item('status', clickup.inProgress, clickup.complete, { id: '2' }),
    ];
    expect(told('clickup', clickup.sent('taskUpdated', items))).toMatchObject({ state: 'done' });
  });

  it('an old revision next to the update of an Azure DevOps Server contradicts nothing', () => {
    const old = { revision: { id: 12, rev: 4, fields: azure.fields('Active') } };
    expect(told('azure-devops', azure.transition('Active', 'Closed', {}, old))).toMatchObject({
      state: 'done',
    });
  });

  it('the two models of a problem in ServiceNow number their states differently, and mean the same', () => {
    const problem = servicenow.ours('107', {
      table: 'problem',
      problem_state: '4',
      resolution_code: 'fix_applied',
    });
    expect(told('servicenow', problem)).toMatchObject({ state: 'done' });
  });

  it('a field of Jira that was filtered away contradicts nothing', () => {
    const { resolution: _, ...rest } = jira.fields('Done');
    expect(told('jira', jira.updated(jira.toDone, { issue: jira.issue({ fields: rest }) }))).toMatchObject({
      state: 'done',
    });
  });

  it('about a reopening are as old as that, and no older than the closing whose time it still shows', () => {
    const closedAt = Date.parse('2026-03-01T10:00:00Z');
    const hinted = (updated_at: string) => {
      const { issue } = github.closed('completed');
      const own = gitlab.reopened({
        attributes: { state: 'closed', state_id: 2, closed_at: '2026-03-01 10:00:00 UTC', updated_at },
      });
      const reopened = { ...github.reopened(), issue: { ...issue, updated_at } };
      return [translate('github', reopened), translate('gitlab', own)];
    };
    for (const translation of hinted('2026-03-01T10:05:00Z'))
      expect(translation).toMatchObject({ tasks: [], hints: [{ changedToAt: closedAt + 300_000 }] });
    // What closed it again comes with a time of its own, which is a little older than that of the change.
    for (const translation of hinted('2026-03-01T10:00:04Z'))
      expect(translation).toMatchObject({ tasks: [], hints: [{ changedToAt: closedAt }] });
  });

  it('of ClickUp are as old as the change, so that a closing from before it does not lift them', () => {
    const payload = clickup.changed(clickup.toDo, clickup.complete, { data: { status_type: 'open' } });
    expect(translate('clickup', payload)).toMatchObject({ hints: [{ changedToAt: expect.any(Number) }] });
  });
});
