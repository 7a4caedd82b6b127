import { z } from 'zod';
import type { TrackerAnswer, TrackerRequest } from '../../../src/trackers/read-back.ts';
import type { TaskStateName } from '../../../src/vocabulary.ts';
import { AT, type Samples } from '../samples.ts';
import {
  buildService,
  CLOUD,
  COLLECTION,
  duplicate,
  fields,
  moved,
  transition,
  updated,
  whole,
} from './payloads.ts';

/** A name alone is a guess, which gives way to what the category says of the same moment. */
const GUESSED = AT - 1;
const task = 'azure-devops:dev.azure.com/acme/12';
const id = `azure-devops:id:${COLLECTION}/12`;
const server = 'https://tfs.acme.example:8443/tfs/Main';

const CATEGORIES: Readonly<Record<TaskStateName, string>> = {
  done: 'Completed',
  declined: 'Removed',
  open: 'InProgress',
  deleted: 'Removed',
};

const batchSchema = z.object({ ids: z.array(z.number()) });

/** Shows all that it is asked for, in the state "Shipped" of that category. */
function api(state: TaskStateName) {
  return ({ url, body }: TrackerRequest): TrackerAnswer => {
    const { ids } = batchSchema.parse(JSON.parse(body ?? '{"ids":[]}'));
    const value = url.includes('/states?')
      ? [{ name: 'Shipped', color: '007acc', category: CATEGORIES[state] }]
      : ids.map((number) => ({ id: number, rev: 3, fields: fields('Shipped') }));
    return { status: 200, headers: {}, body: JSON.stringify({ count: value.length, value }) };
  };
}

export const azureDevOps: Samples = {
  signature: 'x-webhook-secret',
  authenticates: 'sender',
  keepsPlace: true,
  headers: (_, secret) => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'VSServices/19.0',
    'x-webhook-secret': secret,
  }),
  api,
  events: [
    {
      what: 'closed',
      payload: transition('Active', 'Closed'),
      expected: {
        task,
        aliases: [id],
        state: 'done',
        by: 'person',
        actor: 'a7d0',
        occurredAt: GUESSED,
        delivery: 'd0e1-3',
      },
    },
    { what: 'done in Scrum and Basic', payload: transition('To Do', 'Done'), expected: { state: 'done' } },
    {
      what: 'closed as deferred',
      payload: transition('Active', 'Closed', { 'System.Reason': 'Deferred' }),
      expected: { task, state: 'declined', occurredAt: GUESSED },
    },
    {
      what: 'removed from the backlog',
      payload: transition('New', 'Removed'),
      expected: { state: 'declined' },
    },
    {
      what: 'a duplicate of another item',
      payload: duplicate(),
      expected: { task, state: 'declined', canonical: 'azure-devops:dev.azure.com/acme/4' },
    },
    {
      what: 'found out to be a duplicate after it was closed',
      payload: updated(fields('Closed', { 'System.Reason': 'Duplicate' }), {
        'System.Reason': { oldValue: 'Fixed', newValue: 'Duplicate' },
      }),
      expected: { state: 'declined', occurredAt: GUESSED },
    },
    {
      what: 'resolved, and not verified yet',
      payload: transition('Active', 'Resolved'),
      expected: { state: 'open' },
    },
    {
      what: 'reopened',
      payload: transition('Closed', 'Active'),
      expected: { task, state: 'open', reopened: true, occurredAt: GUESSED },
    },
    { what: 'created', payload: whole('created', 'New'), expected: { task, state: 'open', by: 'unknown' } },
    {
      what: 'deleted',
      payload: whole('deleted', 'Closed'),
      expected: { task, aliases: [id], state: 'deleted', by: 'unknown' },
    },
    { what: 'restored', payload: whole('restored', 'Closed'), expected: { task, state: 'done' } },
    {
      what: 'moved to another project when it was done',
      payload: moved('Closed'),
      expected: { task, state: 'done', by: 'unknown', occurredAt: Date.parse('2026-02-27T10:00:00Z') - 1 },
    },
    {
      what: 'on a server, under its virtual directory, in another language',
      payload: transition('活动', '已关闭', {}, {}, server),
      expected: { task: 'azure-devops:tfs.acme.example:8443/tfs/main/12', state: 'done' },
    },
    {
      what: 'at the former host of an organization',
      payload: transition('Doing', 'Done', {}, {}, 'https://acme.visualstudio.com/DefaultCollection'),
      expected: { task, state: 'done' },
    },
    {
      what: 'removed by a machine',
      payload: transition('New', 'Removed', {}, { revisedBy: buildService }),
      expected: { state: 'declined', by: 'automation', actor: 'OPS Build Service (acme)' },
    },
    {
      what: 'in a state of its own, which may be in any category',
      payload: transition('Active', 'Shipped'),
      expected: { task, state: 'open', occurredAt: GUESSED },
    },
  ],
  unknownStates: [
    transition('Active', 'Shipped'),
    transition('Active', 'Closed!'),
    transition('Active', '__proto__'),
    transition('Active', ' '),
    transition('Active', 'Duplicate of Done'),
    whole('created', 'Shipped'),
    { ...transition('Active', 'Closed'), eventType: 'workitem.archived' },
  ],
  permalinks: [
    [`${CLOUD}/Operations/_workitems/edit/12`, task],
    [`${CLOUD}/Operations/_workitems/edit/12/`, task],
    ['https://dev.azure.com/Acme/Our%20Operations/_workItems/edit/12?fullScreen=true#x', task],
    [`${CLOUD}/11bb0c9e-1111-4222-8333-444455556666/_workitems/edit/12`, task],
    [`${CLOUD}/_workitems/edit/12`, task],
    [`${CLOUD}/Operations/_workitems?id=12&_a=edit`, task],
    [`${CLOUD}/Operations/_workitems/index?id=12`, task],
    [`${CLOUD}/Operations/_workitems/recentlyupdated/?workitem=12`, task],
    [`${CLOUD}/Operations/_boards/board/t/Operations%20Team/Stories/?workitem=12`, task],
    [`${CLOUD}/Operations/_sprints/taskboard/Operations%20Team/Operations/Sprint%201?workitem=12`, task],
    [`${CLOUD}/Operations/_backlogs/backlog/Operations%20Team/Stories/?workitem=12`, task],
    [`${CLOUD}/Operations/_queries/edit/12/?triage=true`, task],
    [`${CLOUD}/web/wi.aspx?pcguid=${COLLECTION}&id=12`, task],
    [`${CLOUD}/11bb/_apis/wit/workItems/12`, task],
    // As the API of a server names an item: without its project, or with the id of that.
    ...['', '66776c68-10ec-4679-9652-d001a718d37f/', 'Ops/'].map((project): [string, string] => [
      `https://devops.acme.example/ado/CollA/${project}_apis/wit/workItems/12`,
      'azure-devops:devops.acme.example/ado/colla/12',
    ]),
    [`${CLOUD}/11bb/_apis/wit/workItems/12/revisions/5`, task],
    ['https://acme.visualstudio.com/Operations/_workitems/edit/12', task],
    ['https://acme.visualstudio.com/DefaultCollection/Operations/_workitems/edit/12', task],
    ['https://acme.visualstudio.com/_workitems/edit/12', task],
    ['https://tfs.acme.example/Main/Operations/_workitems/edit/12', 'azure-devops:tfs.acme.example/main/12'],
    ['https://tfs.acme.example/Main/_workitems/edit/12', 'azure-devops:tfs.acme.example/main/12'],
    [
      'http://tfs.acme.example:8080/tfs/Main/Operations/_workitems/edit/12',
      'azure-devops:tfs.acme.example:8080/tfs/main/12',
    ],
    [
      'http://tfs.acme.example:8080/tfs/Main/Operations/_workitems#_a=edit&id=12',
      'azure-devops:tfs.acme.example:8080/tfs/main/12',
    ],
  ],
  notTasks: [
    '',
    'AB#12',
    'vstfs:///WorkItemTracking/WorkItem/12',
    `${CLOUD}/Operations/_workitems/edit/0`,
    `${CLOUD}/Operations/_workitems/edit/new`,
    `${CLOUD}/Operations/_workitems/edit/12a`,
    `${CLOUD}/Operations/_git/api/pullrequest/12`,
    `${CLOUD}/Operations/_build/results?buildId=12`,
    `${CLOUD}/Operations/_boards/board/t/Team/Stories`,
    `${CLOUD}/Operations/_wiki/wikis/x/12?id=12`,
    'https://dev.azure.com/_workitems/edit/12',
    'https://app.vssps.visualstudio.com/A1/_apis/wit/workItems/12',
    'https://tfs.acme.example/tfs/_workitems/edit/12',
    'https://tfs.acme.example/web/wi.aspx?pcguid=7c1e&id=12',
    'javascript://dev.azure.com/acme/_workitems/edit/12',
  ],
};
