/** A machine's closing of which no webhook told, found by reading the task: in the trackers whose API tells who closed. */
import { describe, expect, it, type TestContext } from 'vitest';
import { azureDevOps } from '../../src/trackers/azure-devops/index.ts';
import { jira } from '../../src/trackers/jira/index.ts';
import { linear } from '../../src/trackers/linear/index.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import * as azure from './azure-devops/payloads.ts';
import { type ApiCall, fakeApi } from './fake-api.ts';
import * as payloads from './jira/payloads.ts';

const CLOSED_AT = '2026-03-01T10:00:00.000Z';
const LATER = '2026-03-01T11:00:00.000Z';

/** A closing as the API shows it. */
interface Shown {
  state?: 'done' | 'declined';
  who?: 'machine' | 'person' | 'nobody';
  label?: string;
  /** Of the change that it shows; the closing's, if nothing else is said. */
  at?: string;
}
type Reader = (test: TestContext, shown: Shown) => Promise<TaskEvent | undefined>;

const jiraCloud: Reader = async (test, { state = 'done', who = 'machine', label, at = CLOSED_AT }) => {
  const resolution = state === 'done' ? { id: '1', name: 'Done' } : { id: '2', name: "Won't Do" };
  const fields = payloads.fields('Done', {
    resolution,
    statuscategorychangedate: CLOSED_AT,
    resolutiondate: CLOSED_AT,
    labels: label === undefined ? [] : [label],
  });
  const change = {
    created: Date.parse(at) + 19,
    author: who === 'machine' ? payloads.app : payloads.person,
    items: [{ ...payloads.item('status', 'In Progress', 'Done'), fieldId: 'status' }],
  };
  const changed = [{ issueId: '7', changeHistories: [change] }];
  const fake = await fakeApi(test, ({ path }) => {
    if (path === '/rest/api/3/issue/bulkfetch')
      return { body: { issues: [{ id: '7', key: 'OPS-7', fields }] } };
    if (path !== '/rest/api/3/changelog/bulkfetch') return { status: 404 };
    return who === 'nobody' ? { status: 403, body: {} } : { body: { issueChangeLogs: changed } };
  });
  const task = `jira:${fake.host}/OPS-7`;
  return (await fake.read(jira, [task])).events.get(task);
};

const linearIssue: Reader = async (test, { state = 'done', who = 'machine', label, at = CLOSED_AT }) => {
  const type = state === 'done' ? 'completed' : 'canceled';
  const actor = { id: 'u1', name: who === 'machine' ? 'Acme Triage' : 'Ada', app: who === 'machine' };
  const history = [
    { createdAt: LATER, toState: null, actor: { id: 'u2', name: 'Grace', app: false } },
    { createdAt: at, toState: { type }, actor, botActor: null },
  ];
  const issue = {
    id: 'uuid-1',
    identifier: 'ENG-1',
    url: 'https://linear.app/acme/issue/ENG-1/a',
    state: { type },
    [state === 'done' ? 'completedAt' : 'canceledAt']: CLOSED_AT,
    labels: { nodes: label === undefined ? [] : [{ name: label }] },
    history: { nodes: who === 'nobody' ? [] : history },
  };
  const data = { organization: { urlKey: 'acme' }, issues: { nodes: [issue] } };
  const fake = await fakeApi(test, () => ({ body: { data } }));
  return (await fake.read(linear, ['linear:acme/ENG-1'])).events.get('linear:acme/ENG-1');
};

const workItem: Reader = async (test, { state = 'done', who = 'machine', label, at = CLOSED_AT }) => {
  const account = who === 'machine' ? azure.buildService : azure.ada;
  const name = state === 'done' ? 'Closed' : 'Removed';
  const fields = azure.fields(name, {
    'Microsoft.VSTS.Common.StateChangeDate': CLOSED_AT,
    'System.ChangedDate': state === 'done' ? LATER : at,
    'System.ChangedBy': state === 'done' ? azure.ada : account,
    'Microsoft.VSTS.Common.ClosedDate': state === 'done' ? at : undefined,
    'Microsoft.VSTS.Common.ClosedBy': state === 'done' ? account : undefined,
    ...(label !== undefined && { 'System.Tags': `incident; ${label}` }),
  });
  const fake = await fakeApi(test, ({ path, body }: ApiCall) => {
    if (path.includes('/states?'))
      return {
        body: {
          value: [
            { name: 'Closed', category: 'Completed' },
            { name: 'Removed', category: 'Removed' },
          ],
        },
      };
    const isRefused = who === 'nobody' && JSON.stringify(body).includes('ClosedBy');
    if (isRefused) return { status: 400, body: { message: 'TF51535: Cannot find field ClosedBy.' } };
    const shown = Object.entries(fields).filter(([one]) => JSON.stringify(body).includes(one));
    return { body: { value: [{ id: 7, fields: Object.fromEntries(shown) }] } };
  });
  const task = `azure-devops:${fake.host}/tfs/main/7`;
  const read = await fake.read(azureDevOps, [task], { urls: [`${fake.url}/tfs/Main`] });
  return read.events.get(task);
};

describe.each<[string, Reader]>([
  ['Jira', jiraCloud],
  ['Linear', linearIssue],
  ['Azure DevOps', workItem],
])('a closing that is read from %s', (_, read) => {
  it('by a machine is automation where a label of inactivity says so, with the labels for the policy', async (test) => {
    expect(await read(test, { label: 'stale' })).toMatchObject({
      state: 'done',
      by: 'automation',
      machineLabels: expect.arrayContaining(['stale']),
    });
    expect(await read(test, { label: 'zombie' })).toMatchObject({
      by: 'unknown',
      machineLabels: expect.arrayContaining(['zombie']),
    });
  });

  it('by a machine is automation where it declined', async (test) => {
    expect(await read(test, { state: 'declined' })).toMatchObject({ state: 'declined', by: 'automation' });
  });

  it('by a person counts under any label, and so does one of which it is not told who made it', async (test) => {
    for (const shown of [
      { label: 'stale', who: 'person' },
      { label: 'stale', who: 'nobody' },
      { label: 'stale', at: LATER },
    ] as const) {
      const event = await read(test, shown);
      expect(event).toMatchObject({ state: 'done', by: 'unknown' });
      expect(event?.machineLabels).toBeUndefined();
    }
  });
});
