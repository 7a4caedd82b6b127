/** Machines that close for want of activity or of an answer, in all trackers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closedBy, closing, isIdleLabel, isMachine } from '../../src/trackers/automation.ts';
import { DECLINED_NAMES, isDeclinedLabel, isDeclinedName } from '../../src/trackers/declined-names.ts';
import * as azure from './azure-devops/payloads.ts';
import * as clickup from './clickup/payloads.ts';
import * as github from './github/payloads.ts';
import * as gitlab from './gitlab/payloads.ts';
import * as jira from './jira/payloads.ts';
import * as linear from './linear/payloads.ts';
import * as servicenow from './servicenow/payloads.ts';
import * as shortcut from './shortcut/payloads.ts';
import { told } from './translating.ts';

describe('labels for want of activity or of an answer', () => {
  it.each([
    'stale',
    'Stale',
    'lifecycle/stale',
    'lifecycle/rotten',
    'status:stale',
    'inactive',
    'automation:inactive',
    'no-activity',
    'no recent activity',
    'no_issue_activity',
    'No-PR-Activity',
    'noActivity',
    'dormant',
    'Abandoned',
    'idle',
    'autoclosed',
    'auto-close',
    'automatic-closing',
    'no-response',
    'No Reply',
    'no feedback',
    'unresponsive',
    'needs-info',
    'needs info',
    'NeedsInfo',
    'status-needsinfo',
    'need-more-information',
    'triage/needs-information',
    'more-information-needed',
    'More Info Needed',
    'status:more info needed',
    'WaitingForInfo',
    'waiting for reply',
    "status: waiting for author's response",
    'awaiting-answers',
    'status/waiting-for-input',
    'feedback_required',
    'missing information',
    'needs: repro',
  ])('%s is one', (label) => {
    expect(isIdleLabel(label)).toBe(true);
  });

  it.each([
    '',
    'bug',
    'incident',
    'good first issue',
    'active',
    'activity-feed',
    'customer-requested',
    'information architecture',
    'response-times',
    'feedback',
    'pinned',
    'no-changelog',
    'timeout',
    'needs-review',
    'waiting for deploy',
    'done',
  ])('%o is none', (label) => {
    expect(isIdleLabel(label)).toBe(false);
  });
});

describe('accounts of machines', () => {
  it.each([
    'stale[bot]',
    'renovate[bot]',
    'k8s-ci-robot',
    'k8s-triage-robot',
    'openshift-bot',
    'triage-bot',
    'gitlab-bot',
    'project_44_bot_0f6d',
    'group_7_bot',
    'service_account_9',
    'Automation for Jira',
    'gopherbot',
    'ansibot',
    'stalebot',
  ])('%s is one, whatever type the tracker gives it', (account) => {
    expect(isMachine(account)).toBe(true);
    expect(closedBy({ state: 'done', account, kind: 'person', labels: ['stale'] })).toBe('automation');
  });

  it.each(['ada', 'abbot', 'robotnik', 'Vermeer', 'automationist', undefined])('%s is none', (account) => {
    expect(isMachine(account)).toBe(false);
    expect(closedBy({ state: 'done', account, kind: 'person', labels: ['stale'] })).toBe('person');
  });

  it('count as automation only where a label, the reason or a decline says why they closed it', () => {
    const merger = { account: 'mergify[bot]', kind: 'machine' } as const;
    expect(closedBy({ ...merger, state: 'done', labels: ['bug'] })).toBe('unknown');
    expect(closedBy({ ...merger, state: 'done', labels: ['bug', 'wontfix'] })).toBe('automation');
    expect(closedBy({ ...merger, state: 'declined', labels: [] })).toBe('automation');
    expect(closedBy({ ...merger, state: 'open', labels: ['stale'] })).toBe('unknown');
  });

  it('that do nothing else need no label', () => {
    expect(closedBy({ state: 'done', account: 'stale[bot]', kind: 'machine', labels: [] })).toBe(
      'automation',
    );
  });
});

const robot = { login: 'k8s-ci-robot', id: 9, type: 'User' };
const labelled = (...names: string[]) => names.map((name) => ({ name }));

describe('a task that such a machine closed', () => {
  it.each([
    ['github', github.closed('completed', { sender: robot, labels: labelled('lifecycle/rotten') })],
    ['github', github.closed('not_planned', { sender: robot })],
    ['github', github.closed('duplicate', { sender: { ...github.bot, login: 'dedupe[bot]' } })],
    ['github', github.closed('completed', { sender: github.bot, labels: labelled('wontfix') })],
    ['github', github.pullClosed({ sender: { ...github.bot, login: 'renovate[bot]' } })],
    ['gitlab', gitlab.closed({ user: { username: 'triage-bot' }, labels: ['no recent activity'] })],
    ['gitlab', gitlab.closed({ user: { username: 'triage-bot' }, labels: ['workflow::wontfix'] })],
    [
      'jira',
      jira.updated(jira.statusDone, {
        user: jira.app,
        issue: jira.issue({ fields: jira.fields('Done', { labels: ['needs_info'] }) }),
      }),
    ],
    [
      'jira',
      { ...jira.inDataCenter('Done', jira.statusDone, { labels: ['dormant'] }), user: { name: 'stale-bot' } },
    ],
    ['linear', linear.completed({ labels: labelled('No recent activity') }, { actor: linear.app })],
    [
      'azure-devops',
      azure.transition(
        'Active',
        'Closed',
        { 'System.Tags': 'ops; No Recent Activity' },
        { revisedBy: azure.buildService },
      ),
    ],
    [
      'clickup',
      clickup.changed(clickup.toDo, clickup.status('wont-fix', 'closed'), { user: clickup.clickBot }),
    ],
    [
      'shortcut',
      shortcut.transition('started', 'done', 'Wont fix', { automation_id: 'a1', member_id: null }),
    ],
  ])('%s: is closed by automation', (tracker, payload) => {
    expect(told(tracker, payload).by).toBe('automation');
  });

  it.each([
    ['github', github.closed('completed', { labels: labelled('stale') })],
    ['gitlab', gitlab.closed({ labels: ['stale'] })],
    [
      'jira',
      jira.updated(jira.statusDone, {
        issue: jira.issue({ fields: jira.fields('Done', { labels: ['stale'] }) }),
      }),
    ],
    ['linear', linear.completed({ labels: labelled('stale') })],
    ['azure-devops', azure.transition('Active', 'Closed', { 'System.Tags': 'stale' })],
  ])('%s: but one that a person closed is done, whatever its labels', (tracker, payload) => {
    expect(told(tracker, payload)).toMatchObject({ state: 'done', by: 'person' });
  });
});

describe('the labels of a task that a machine closed', () => {
  it.each([
    [
      'github',
      github.closed('completed', { sender: robot, labels: labelled('bug', 'zombie', 'stale') }),
      'automation',
    ],
    ['github', github.closed('completed', { sender: robot, labels: labelled('zombie') }), 'unknown'],
    ['gitlab', gitlab.closed({ user: { username: 'triage-bot' }, labels: ['zombie'] }), 'unknown'],
    [
      'jira',
      jira.updated(jira.statusDone, {
        user: jira.app,
        issue: jira.issue({ fields: jira.fields('Done', { labels: ['zombie'] }) }),
      }),
      'unknown',
    ],
    ['linear', linear.completed({ labels: labelled('zombie') }, { actor: linear.app }), 'unknown'],
    [
      'azure-devops',
      azure.transition(
        'Active',
        'Closed',
        { 'System.Tags': 'ops; zombie' },
        { revisedBy: azure.buildService },
      ),
      'unknown',
    ],
  ])(
    '%s: are kept, so that the policy can add to what counts and take away from it',
    (tracker, payload, by) => {
      const event = told(tracker, payload);
      expect(event).toMatchObject({ state: 'done', by });
      expect(event.machineLabels).toContain('zombie');
    },
  );

  it.each([
    ['github', github.closed('completed', { labels: labelled('zombie') })],
    ['github', github.closed('not_planned', { sender: robot, labels: labelled('zombie') })],
    ['github', github.closed('completed', { sender: github.bot, labels: labelled('zombie') })],
    ['github', github.reopened(robot)],
    ['gitlab', gitlab.reopened({ user: { username: 'triage-bot' }, labels: ['zombie'] })],
    ['linear', linear.canceled('canceled', { labels: labelled('zombie') }, { actor: linear.integration })],
    ['azure-devops', azure.transition('Active', 'Closed', { 'System.Tags': 'zombie' })],
  ])('%s: are not kept where they decide nothing', (tracker, payload) => {
    expect(told(tracker, payload).machineLabels).toBeUndefined();
  });

  it('are a hundred at most, of a hundred letters, those that show inactivity first', () => {
    const many = Array.from({ length: 150 }, (_, n) => `${n} ${'x'.repeat(200)}`);
    const user = { username: 'triage-bot' };
    const { by, machineLabels = [] } = told('gitlab', gitlab.closed({ user, labels: [...many, 'stale'] }));
    expect([by, machineLabels.length, machineLabels[0]]).toEqual(['automation', 100, 'stale']);
    expect(Math.max(...machineLabels.map(({ length }) => length))).toBe(100);
    // What shows it is in the part that is not kept, so that no policy may take it away.
    const machine = { state: 'done', account: 'triage-bot', kind: 'machine' } as const;
    expect(closing({ ...machine, labels: [`${'x'.repeat(200)}:wontfix`] })).toEqual({ by: 'automation' });
  });
});

describe('words for "will not be done"', () => {
  it.each([
    "Won't Do",
    'Wont do',
    'WON’T-DO',
    'wontfix',
    'will not fix',
    'Can not reproduce',
    'cancelled',
    '🚫 Canceled',
    'No resolution provided',
    'risk_accepted',
    'Not Solved (Too Costly)',
  ])('%s is one', (name) => {
    expect(isDeclinedName(name)).toBe(true);
  });

  it.each(['Done', 'Fixed', 'Completed', 'Won', 'Do', '', ' ', '✅', undefined, null])(
    '%o is none',
    (name) => {
      expect(isDeclinedName(name)).toBe(false);
    },
  );

  it('a label may have a scope before the word', () => {
    for (const label of ['resolution::wontfix', "status: won't fix", 'triage/duplicate', 'Duplicate'])
      expect(isDeclinedLabel(label)).toBe(true);
    expect(isDeclinedLabel('duplicate-detection')).toBe(false);
  });

  it('what is set takes the place of the list, in the same spelling', () => {
    expect(isDeclinedName('verworfen', ['Ver-worfen'])).toBe(true);
    expect(isDeclinedName('⛔', ['⛔'])).toBe(true);
    expect(isDeclinedName("Won't Do", ['Verworfen'])).toBe(false);
  });

  it.each([
    ['jira', jira.declined({ id: '7', name: 'wont do' })],
    ['azure-devops', azure.transition('Active', 'Closed', { 'System.Reason': 'Will not fix' })],
    ['clickup', clickup.changed(clickup.toDo, clickup.status('NOT PLANNED', 'done'))],
    ['shortcut', shortcut.transition('started', 'done', 'Out-of-scope')],
    ['servicenow', servicenow.ours('6', { close_code: 'Not Solved (Not Reproducible)' })],
    ['servicenow', servicenow.ours('7', { close_code: 'Withdrawn' })],
    ['servicenow', servicenow.ours('7', { close_code: 'No resolution provided' })],
  ])('%s: turn a done into a declined', (tracker, payload) => {
    expect(told(tracker, payload).state).toBe('declined');
  });

  it.each([
    [
      'jira',
      jira.updated([jira.item('status', 'Done', 'In Progress')], {
        issue: jira.issue({
          fields: jira.fields('In Progress', { resolution: { id: '1', name: "Won't Do" } }),
        }),
      }),
    ],
    ['azure-devops', azure.transition('Active', 'Rejected')],
    ['clickup', clickup.changed(clickup.complete, clickup.status('cancelled', 'custom'))],
    ['shortcut', shortcut.transition('done', 'started', 'Abandoned')],
    ['gitlab', gitlab.reopened({ labels: ['wontfix'] })],
    ['servicenow', servicenow.ours('2', { previous_state: '6', close_code: 'Duplicate' })],
  ])('%s: turn an open into nothing else', (tracker, payload) => {
    expect(told(tracker, payload).state).toBe('open');
  });

  it('are those that the documentation lists', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/reading-tasks.md'), 'utf8');
    const listed = /<!-- words -->\n([\s\S]*?)<!-- \/words -->/.exec(page)?.[1] ?? '';
    expect([...listed.matchAll(/`([^`]+)`/g)].map(([, word]) => word?.replace(/\s+/g, ' '))).toEqual(
      DECLINED_NAMES,
    );
  });
});
