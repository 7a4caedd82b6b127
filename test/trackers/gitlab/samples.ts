import { createHmac } from 'node:crypto';
import { AT, type Samples } from '../samples.ts';
import { closed, epicClosed, moved, opened, reopened, updated } from './payloads.ts';

const task = 'gitlab:gitlab.com/acme/platform/api#12';
const aliases = ['gitlab:id:gitlab.com/9012'];
const KEY = '0123456789abcdef0123456789abcdef';

export const gitlab: Samples = {
  signature: 'webhook-signature',
  secret: `whsec_${Buffer.from(KEY).toString('base64')}`,
  headers(body, secret) {
    const [id, timestamp] = ['f5e5f430-1', String(AT / 1000)];
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const digest = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
    return {
      'content-type': 'application/json',
      'x-gitlab-event': 'Issue Hook',
      'idempotency-key': id,
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${digest}`,
    };
  },
  events: [
    { what: 'closed', payload: closed(), expected: { task, aliases, state: 'done', occurredAt: AT } },
    {
      what: 'closed, as a work item',
      payload: closed({ kind: 'work_item' }),
      expected: { task, aliases, state: 'done', occurredAt: AT },
    },
    {
      what: 'closed, confidential',
      payload: closed({ attributes: { confidential: true } }),
      expected: { task, state: 'done', occurredAt: AT },
    },
    {
      what: 'closed, by an update of its status',
      payload: updated(true, { changes: { state_id: { previous: 1, current: 2 } } }),
      expected: { task, state: 'done', occurredAt: AT },
    },
    {
      what: 'closed as a duplicate',
      payload: closed({ attributes: { duplicated_to_id: 4712 } }),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    { what: 'reopened', payload: reopened(), expected: { task, aliases, state: 'open', reopened: true } },
    { what: 'opened', payload: opened(), expected: { task, aliases, state: 'open' } },
    {
      what: 'moved to a place of which only the id is told',
      payload: moved(),
      expected: {
        task: 'gitlab:id:gitlab.com/4711',
        aliases: [task],
        state: 'open',
        by: 'unknown',
        occurredAt: AT,
      },
    },
    {
      what: 'an epic',
      payload: epicClosed(),
      expected: { task: 'gitlab:gitlab.com/groups/acme#5', state: 'done', occurredAt: AT },
    },
  ],
  unknownStates: [
    closed({ attributes: { state: 'archived' } }),
    closed({ attributes: { state: 'CLOSED' } }),
    closed({ attributes: { state: '' } }),
    closed({ attributes: { state: undefined, state_id: 3, action: 'update' } }),
    closed({ attributes: { action: 'completed' } }),
    closed({ attributes: { action: '__proto__' } }),
  ],
  permalinks: [
    ['https://gitlab.com/acme/platform/api/-/issues/12', task],
    ['https://gitlab.com/Acme/Platform/API/-/issues/12/', task],
    ['https://gitlab.com/acme/platform/api/-/work_items/12', task],
    ['https://gitlab.com/acme/platform/api/issues/12', task],
    ['https://gitlab.com/acme/platform/api/-/issues/incident/12', task],
    ['https://gitlab.com/acme/platform/api/-/incidents/12', task],
    ['https://gitlab.com/acme/platform/api/-/issues/12/designs?x=1#note_99', task],
    [
      'https://gitlab.com/acme/platform/api/-/work_items?state=opened&show=eyJpaWQiOiIxMiIsImZ1bGxfcGF0aCI6ImFjbWUvcGxhdGZvcm0vYXBpIiwiaWQiOjkwMTJ9',
      task,
    ],
    ['http://gitlab.com/acme/platform/api/-/issues/12', task],
    ['https://gitlab.com/acme/issues/-/issues/3', 'gitlab:gitlab.com/acme/issues#3'],
    ['https://git.acme.example:8443/acme/api/-/issues/12', 'gitlab:git.acme.example:8443/acme/api#12'],
    ['https://acme.example/gitlab/acme/api/-/issues/12', 'gitlab:acme.example/gitlab/acme/api#12'],
    ['https://gitlab.com/groups/acme/-/epics/5', 'gitlab:gitlab.com/groups/acme#5'],
    ['https://gitlab.com/groups/acme/-/work_items/5', 'gitlab:gitlab.com/groups/acme#5'],
  ],
  notTasks: [
    '',
    'acme/api#12',
    'https://gitlab.com/acme/api',
    'https://gitlab.com/acme/api/-/issues',
    'https://gitlab.com/acme/api/-/issues/0',
    'https://gitlab.com/acme/api/-/issues/12a',
    'https://gitlab.com/acme/api/-/merge_requests/12',
    'https://gitlab.com/-/issues/12',
    'https://gitlab.com/acme/a%2Fb/-/issues/12',
    'https://gitlab.com/acme/api/-/work_items?show=bm90IGpzb24',
    'https://gitlab.com/acme/api/-/boards?show=eyJpaWQiOiIxMiJ9',
    'javascript://gitlab.com/acme/api/-/issues/12',
  ],
};
