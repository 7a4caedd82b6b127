import { createHmac } from 'node:crypto';
import { AT, type Samples } from '../samples.ts';
import {
  batch,
  changed,
  completed,
  deleted,
  events,
  GID,
  project,
  shown,
  story,
  undeleted,
} from './payloads.ts';

const task = `asana:${GID}`;

export const asana: Samples = {
  signature: 'x-hook-signature',
  authenticates: 'body',
  headers: (body, secret) => ({
    'content-type': 'application/json',
    'x-hook-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }),
  events: [
    {
      what: 'deleted',
      payload: events(deleted()),
      expected: { task, state: 'deleted', occurredAt: AT, by: 'person', actor: '1201' },
    },
    {
      what: 'deleted by Asana itself',
      payload: events(deleted({ user: null })),
      expected: { task, state: 'deleted', by: 'unknown' },
    },
  ],
  hints: [
    {
      what: 'completed or reopened',
      payload: events(changed('completed'), changed('completed_at')),
      expected: { task, by: 'person', actor: '1201', changedAt: AT },
    },
    {
      what: 'completed or reopened, as the story about it tells',
      payload: events(story('marked_incomplete')),
      expected: { task, by: 'person', changedAt: AT },
    },
    {
      what: 'completed or reopened by a rule',
      payload: events(changed('completed', { user: null })),
      expected: { task, by: 'unknown', changedAt: AT },
    },
    {
      what: 'approved or sent back',
      payload: events(changed('approval_status')),
      expected: { task, by: 'person' },
    },
    {
      what: 'moved to another project',
      payload: events(project('removed'), project('added')),
      expected: { task, by: 'unknown' },
    },
    { what: 'restored', payload: events(undeleted()), expected: { task, by: 'unknown' } },
    {
      what: 'deleted and restored, in either order',
      payload: events(undeleted(), deleted()),
      expected: { task },
    },
  ],
  api: (state) => () => ({
    status: 200,
    headers: {},
    body: JSON.stringify(
      batch(
        {
          done: shown(completed),
          declined: shown({ ...completed, resource_subtype: 'approval', approval_status: 'rejected' }),
          open: shown(),
          deleted: 404,
        }[state],
      ),
    ),
  }),
  unknownStates: [
    events(changed('assignee')),
    events(changed('completed_soon')),
    events(changed('__proto__')),
    events({ ...changed('completed'), action: 'archived' }),
  ],
  permalinks: [
    [`https://app.asana.com/0/1300/${GID}`, task],
    [`https://app.asana.com/0/1300/${GID}/f`, task],
    [`https://app.asana.com/0/0/${GID}/f`, task],
    [`https://app.asana.com/0/1300/${GID}/1400`, task],
    [`https://app.asana.com/0/search/1500/${GID}`, task],
    [`https://app.asana.com/0/home/1201/${GID}`, task],
    [`https://app.asana.com/0/inbox/1201/${GID}/1400`, task],
    [`https://app.asana.com/1/1100/project/1300/task/${GID}`, task],
    [`https://app.asana.com/1/1100/project/1300/task/${GID}?focus=true`, task],
    [`https://app.asana.com/1/1100/task/${GID}`, task],
    [`https://app.asana.com/1/1100/project/1300/task/${GID}/comment/1400?focus=true`, task],
    [`https://app.asana.com/1/1100/project/1300/task/999/subtask/${GID}`, task],
    [`https://app.asana.com/1/1100/inbox/1600/item/${GID}/story/1400`, task],
  ],
  notTasks: [
    '',
    GID,
    'https://app.asana.com/',
    'https://app.asana.com/0/1300/list',
    'https://app.asana.com/0/1300/board',
    'https://app.asana.com/0/1300',
    'https://app.asana.com/1/1100/project/1300/list/1700',
    'https://app.asana.com/1/1100/project/1300/task',
    'https://asana.com/0/1300/1209900000000000123',
    'https://app.asana.com.evil.example/0/1300/1209900000000000123',
    'javascript://app.asana.com/0/1300/1209900000000000123',
  ],
};
