import { createHmac } from 'node:crypto';
import { AT, type Samples } from '../samples.ts';
import {
  byAutomation,
  byCustomRule,
  created,
  declined,
  deleted,
  fields,
  inDataCenter,
  issue,
  item,
  moved,
  reopened,
  toDone,
  updated,
} from './payloads.ts';

const task = 'jira:acme.atlassian.net/OPS-12';
const id = 'jira:id:acme.atlassian.net/10012';
const wontDo = { id: '10001', name: "Won't Do" };

function withStatus(status: unknown) {
  return updated(toDone, { issue: issue({ fields: { ...issue().fields, status } }) });
}

export const jira: Samples = {
  signature: 'x-hub-signature',
  headers: (body, secret) => ({
    'content-type': 'application/json',
    'x-atlassian-webhook-identifier': '7e1c-1',
    'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
  events: [
    {
      what: 'done',
      payload: updated(toDone),
      expected: { task, state: 'done', aliases: [id], by: 'person', actor: '5b10a', occurredAt: AT },
    },
    {
      what: 'resolved as "Won\'t Do"',
      payload: declined(wontDo),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    {
      what: 'moved to a status that means cancelled',
      payload: updated([item('status', 'To Do', 'Cancelled')], {
        issue: issue({ fields: fields('Cancelled') }),
      }),
      expected: { task, state: 'declined' },
    },
    {
      what: 'a duplicate of another issue',
      payload: declined(
        { id: '10002', name: 'Duplicate' },
        {
          issuelinks: [
            { type: { name: 'Duplicate', outward: 'duplicates' }, inwardIssue: { key: 'OPS-3' } },
            { type: { name: 'Duplicate', outward: 'duplicates' }, outwardIssue: { key: 'OPS-4' } },
          ],
        },
      ),
      expected: { task, state: 'declined', canonical: 'jira:acme.atlassian.net/OPS-4' },
    },
    { what: 'reopened', payload: reopened(), expected: { task, state: 'open', reopened: true } },
    {
      what: 'created',
      payload: created(),
      expected: { task, state: 'open', occurredAt: Date.parse('2026-02-20T08:00:00Z') },
    },
    { what: 'deleted', payload: deleted(), expected: { task, state: 'deleted', occurredAt: AT + 1000 } },
    {
      what: 'moved to another project',
      payload: moved(),
      expected: { task: 'jira:acme.atlassian.net/PLAT-7', state: 'open', aliases: [id, task] },
    },
    {
      what: 'moved when it was done',
      payload: moved('Done'),
      expected: { task: 'jira:acme.atlassian.net/PLAT-7', state: 'done', by: 'unknown', occurredAt: AT },
    },
    {
      what: 'done in Data Center, under a context path',
      payload: inDataCenter('Done', [item('status', 'In Progress', 'Done')]),
      expected: {
        task: 'jira:jira.acme.example:8443/jira/OPS-12',
        aliases: ['jira:id:jira.acme.example:8443/jira/10012'],
        state: 'done',
        actor: 'ada',
        occurredAt: AT + 1000,
      },
    },
    {
      what: 'done, told by a rule of Automation in its own format',
      payload: byAutomation(),
      expected: { task, state: 'done', aliases: [id], by: 'unknown', occurredAt: AT },
    },
    {
      what: "done, told by a rule of Automation in Jira's format",
      payload: { issue: byAutomation() },
      expected: { task, state: 'done', aliases: [id] },
    },
    {
      what: 'declined, told by a rule with the custom body of the documentation',
      payload: byCustomRule('Done', 'Won’t do'),
      expected: { task, state: 'declined', aliases: [id] },
    },
    {
      what: 'open, told by a rule with the custom body of the documentation',
      payload: byCustomRule('In Progress', ''),
      expected: { task, state: 'open' },
    },
  ],
  unknownStates: [
    withStatus({ name: 'Done', statusCategory: { key: 'archived' } }),
    withStatus({ name: 'Done', statusCategory: { key: 'Done' } }),
    withStatus({ name: 'Done', statusCategory: { key: '__proto__' } }),
    withStatus({ name: 'Done', statusCategory: { key: 'undefined' } }),
    withStatus({ name: 'Done', statusCategory: { key: '' } }),
    withStatus({ name: 'Done', statusCategory: null }),
    withStatus({ name: 'Done' }),
    withStatus(null),
    { ...updated(toDone), webhookEvent: 'jira:issue_archived' },
  ],
  permalinks: [
    ['https://acme.atlassian.net/browse/OPS-12', task],
    ['https://ACME.atlassian.net/browse/ops-12/', task],
    ['https://acme.atlassian.net/browse/OPS-12?focusedCommentId=1&page=x#comment-1', task],
    ['https://acme.atlassian.net/jira/software/projects/OPS/boards/1?selectedIssue=OPS-12', task],
    ['https://acme.atlassian.net/jira/software/c/projects/OPS/boards/1/backlog?selectedIssue=OPS-12', task],
    ['https://acme.atlassian.net/jira/core/projects/OPS/list?selectedIssue=OPS-12', task],
    ['https://acme.atlassian.net/jira/software/c/projects/OPS/issues/OPS-12', task],
    ['https://acme.atlassian.net/projects/OPS/issues/OPS-12?filter=allopenissues', task],
    ['https://acme.atlassian.net/issues/OPS-12?jql=project%20%3D%20OPS', task],
    ['https://acme.atlassian.net/jira/servicedesk/projects/OPS/queues/custom/1/OPS-12', task],
    ['https://acme.atlassian.net/servicedesk/customer/portal/1/OPS-12', task],
    ['https://acme.atlassian.net/secure/RapidBoard.jspa?rapidView=1&modal=detail&selectedIssue=OPS-12', task],
    ['https://acme.atlassian.net/rest/api/3/issue/OPS-12', task],
    ['https://jira.acme.example/browse/OPS-12', 'jira:jira.acme.example/OPS-12'],
    ['http://jira.acme.example:8080/browse/OPS-12', 'jira:jira.acme.example:8080/OPS-12'],
    ['https://acme.example/jira/browse/OPS-12', 'jira:acme.example/jira/OPS-12'],
    ['https://acme.example/tools/jira/projects/OPS/issues/OPS-12', 'jira:acme.example/tools/jira/OPS-12'],
    ['https://acme.example/jira/secure/ViewIssue.jspa?key=OPS-12', 'jira:acme.example/jira/OPS-12'],
    ['https://acme.example/jira/servicedesk/customer/portal/1/OPS-12', 'jira:acme.example/jira/OPS-12'],
    ['https://acme.example/jira/i#browse/OPS-12', 'jira:acme.example/jira/OPS-12'],
    [
      'https://jira.acme.example/jira/software/c/projects/OPS/boards/1?selectedIssue=OPS-12',
      'jira:jira.acme.example/OPS-12',
    ],
    ['https://jira.acme.example/browse/TEAM_X2-7', 'jira:jira.acme.example/TEAM_X2-7'],
  ],
  notTasks: [
    '',
    'OPS-12',
    'https://acme.atlassian.net/browse/OPS',
    'https://acme.atlassian.net/browse/OPS-0',
    'https://acme.atlassian.net/browse/12-OPS',
    'https://acme.atlassian.net/rest/api/2/issue/10012',
    'https://acme.atlassian.net/jira/software/projects/OPS/boards/1',
    'https://acme.atlassian.net/wiki/spaces/OPS/pages/1/OPS-12',
    'https://acme.example/OPS-12',
    'https://acme.atlassian.net/secure/ViewIssue.jspa?id=10012',
    'javascript://acme.atlassian.net/browse/OPS-12',
  ],
};
