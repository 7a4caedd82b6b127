import { createHmac } from 'node:crypto';
import { AT, type Samples } from '../samples.ts';
import {
  closed,
  closedInOrganisation,
  deleted,
  merged,
  opened,
  pullClosed,
  pullRequest,
  reopened,
  transferred,
  transferredIn,
} from './payloads.ts';

const task = 'github:github.com/acme/api#12';

export const github: Samples = {
  signature: 'x-hub-signature-256',
  authenticates: 'body',
  headers: (body, secret) => ({
    'content-type': 'application/json',
    'x-github-event': body.includes('"pull_request":') ? 'pull_request' : 'issues',
    'x-github-delivery': '5f0c-1',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
  events: [
    { what: 'completed', payload: closed('completed'), expected: { task, state: 'done', occurredAt: AT } },
    { what: 'closed without a reason', payload: closed(null), expected: { task, state: 'done' } },
    {
      what: 'closed before there were reasons',
      payload: closed(undefined),
      expected: { task, state: 'done' },
    },
    { what: 'not planned', payload: closed('not_planned'), expected: { task, state: 'declined' } },
    {
      what: 'duplicate',
      payload: closed('duplicate'),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    { what: 'reopened', payload: reopened(), expected: { task, state: 'open', reopened: true } },
    { what: 'opened', payload: opened(), expected: { task, state: 'open' } },
    { what: 'deleted', payload: deleted(), expected: { task, state: 'deleted' } },
    {
      what: 'transferred, as its old repository tells it',
      payload: transferred(),
      expected: {
        task: 'github:github.com/acme/infra#7',
        state: 'open',
        aliases: ['github:id:github.com/99#7', task, 'github:id:github.com/44#12'],
      },
    },
    {
      what: 'transferred, as its new repository tells it',
      payload: transferredIn(),
      expected: {
        task: 'github:github.com/acme/infra#7',
        state: 'open',
        aliases: ['github:id:github.com/99#7', task, 'github:id:github.com/44#12'],
      },
    },
    {
      what: 'completed, as an organisation or a GitHub App tells it',
      payload: closedInOrganisation(),
      expected: { task, state: 'done', by: 'person', occurredAt: AT },
    },
    { what: 'a merged pull request', payload: merged(), expected: { task, state: 'done', occurredAt: AT } },
    {
      what: 'a pull request closed without a merge',
      payload: pullClosed(),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    {
      what: 'a pull request that was reopened',
      payload: pullRequest('reopened'),
      expected: { task, state: 'open', reopened: true },
    },
  ],
  unknownStates: [
    closed('abandoned'),
    closed('COMPLETED'),
    closed('__proto__'),
    closed(''),
    { ...closed('completed'), action: 'completed' },
    { ...closed('completed'), action: 'status_changed' },
    { ...closed('completed'), issue: { ...closed('completed').issue, state: 'archived' } },
    pullRequest('closed', { state: 'closed', merged: undefined, merged_at: undefined }),
    pullRequest('closed', { state: 'queued', merged: true }),
  ],
  permalinks: [
    ['https://github.com/acme/api/issues/12', task],
    ['https://github.com/Acme/API/issues/12/', task],
    ['http://www.github.com/acme/api/issues/12?utm=a#issuecomment-99', task],
    ['https://github.com/acme/api/pull/12', task],
    ['https://github.com/acme/api/pull/12/files#discussion_r3', task],
    ['https://api.github.com/repos/acme/api/issues/12', task],
    ['https://api.github.com/repos/acme/api/pulls/12', task],
    ['https://github.com/orgs/acme/projects/5?pane=issue&itemId=8&issue=acme%7Capi%7C12', task],
    ['https://github.com/orgs/acme/projects/5/views/2?pane=issue&issue=acme|api|12', task],
    ['https://git.acme.example/acme/api/issues/12', 'github:git.acme.example/acme/api#12'],
    ['https://git.acme.example:8443/acme/api/issues/12', 'github:git.acme.example:8443/acme/api#12'],
    ['https://git.acme.example/api/v3/repos/acme/api/issues/12', 'github:git.acme.example/acme/api#12'],
    ['https://api.acme.ghe.com/repos/acme/api/issues/12', 'github:acme.ghe.com/acme/api#12'],
  ],
  notTasks: [
    '',
    'acme/api#12',
    'https://github.com/acme/api',
    'https://github.com/acme/api/issues',
    'https://github.com/acme/api/issues/0',
    'https://github.com/acme/api/issues/12a',
    'https://github.com/acme/api/discussions/12',
    'https://github.com/acme/a%2Fb/issues/12',
    'https://github.com/orgs/acme/projects/5?pane=issue&issue=acme%7Capi',
    'javascript://github.com/acme/api/issues/12',
  ],
};
