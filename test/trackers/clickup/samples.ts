import { createHmac } from 'node:crypto';
import type { TrackerAnswer, TrackerRequest } from '../../../src/trackers/read-back.ts';
import type { TaskStateName } from '../../../src/vocabulary.ts';
import { AT, type Samples } from '../samples.ts';
import {
  changed,
  clickBot,
  complete,
  created,
  inProgress,
  item,
  moved,
  sent,
  status,
  toDo,
} from './payloads.ts';

const task = 'clickup:86cvyxabb';

/** Has every task in this state. */
function api(state: TaskStateName) {
  const now = {
    done: complete,
    declined: status('cancelled', 'closed'),
    open: inProgress,
    deleted: undefined,
  }[state];
  return ({ url }: TrackerRequest): TrackerAnswer =>
    now === undefined
      ? { status: 404, headers: {}, body: '{"err":"Task not found, deleted","ECODE":"ITEM_013"}' }
      : {
          status: 200,
          headers: {},
          body: JSON.stringify({
            id: new URL(url).pathname.split('/').at(-1),
            status: now,
            date_closed: null,
          }),
        };
}

export const clickup: Samples = {
  signature: 'x-signature',
  keepsPlace: true,
  headers: (body, secret) => ({
    'content-type': 'application/json',
    'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }),
  api,
  events: [
    {
      what: 'closed',
      payload: changed(inProgress, complete),
      expected: {
        task,
        aliases: [],
        state: 'done',
        by: 'person',
        actor: '183',
        occurredAt: AT,
        delivery: '7fa3ec74:2800787326392370170',
      },
    },
    { what: 'done', payload: changed(inProgress, status('shipped', 'done')), expected: { state: 'done' } },
    {
      what: 'cancelled',
      payload: changed(inProgress, status('Won’t do', 'closed')),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    {
      what: 'started, told as an update',
      payload: sent('taskUpdated', [item('status', toDo, inProgress)]),
      expected: { task, state: 'open', occurredAt: AT },
    },
    { what: 'reopened', payload: changed(complete, toDo), expected: { state: 'open', reopened: true } },
    { what: 'created', payload: created(), expected: { task, state: 'open', occurredAt: AT } },
    {
      what: 'closed, after other changes in the same delivery',
      payload: sent('taskUpdated', [
        item('status', inProgress, complete),
        item('status', toDo, inProgress, { id: '1', date: String(AT - 1000) }),
        item('assignee_add', null, { id: 1 }, { id: '3', date: String(AT + 1000) }),
      ]),
      expected: { state: 'done', occurredAt: AT },
    },
    {
      what: 'closed, with the type beside the id of the status',
      payload: changed('p90_1', 'p90_2', { data: { status_type: 'closed' } }),
      expected: { state: 'done' },
    },
    {
      what: 'cancelled by an automation',
      payload: changed(toDo, status('cancelled', 'closed'), { user: clickBot }),
      expected: { state: 'declined', by: 'automation', actor: 'ClickBot' },
    },
    {
      what: 'deleted',
      payload: sent('taskDeleted', [], { team_id: '90161438581' }),
      expected: { task, state: 'deleted', by: 'unknown', delivery: '7fa3ec74:taskDeleted' },
    },
    {
      what: 'deleted, without a history',
      payload: { event: 'taskDeleted', task_id: '86cvyxabb', webhook_id: '7fa3ec74' },
      expected: { task, state: 'deleted' },
    },
  ],
  hints: [
    {
      what: 'moved to another list, whose statuses may be others',
      payload: moved('taskMoved'),
      expected: { task, by: 'unknown' },
    },
    { what: 'moved, told as an update', payload: moved('taskUpdated'), expected: { task } },
    {
      what: 'given a status by an id alone',
      payload: changed(null, 'p90_2', { data: null }),
      expected: { task },
    },
  ],
  unknownStates: [
    changed(inProgress, status('complete', 'archived')),
    changed(inProgress, status('complete', 'Closed')),
    changed(inProgress, status('complete', '__proto__')),
    changed(inProgress, status('complete', '')),
    changed(inProgress, { status: 'complete' }),
    changed(inProgress, null),
    { ...changed(inProgress, complete), event: 'taskCompleted' },
  ],
  permalinks: [
    ['https://app.clickup.com/t/86cvyxabb', task],
    ['https://app.clickup.com/t/86CVYXABB/', task],
    ['https://app.clickup.com/t/86cvyxabb?comment=90&threadedComment=91#x', task],
    ['https://app.clickup.com/t/9012345/86cvyxabb', task],
    ['https://acme.clickup.com/t/86cvyxabb', task],
    ['https://app.clickup.com/t/9012345/OPS-12', 'clickup:9012345/OPS-12'],
    ['https://app.clickup.com/t/9012345/ops-12', 'clickup:9012345/OPS-12'],
  ],
  notTasks: [
    '',
    '86cvyxabb',
    'https://app.clickup.com/t/',
    'https://app.clickup.com/t/OPS-12',
    'https://app.clickup.com/t/acme/OPS-12',
    'https://app.clickup.com/t/9012345/OPS-12/x',
    'https://app.clickup.com/9012345/v/l/li/90',
    'https://app.clickup.com/9012345/v/dc/8cab/t/8cab-1',
    'https://app.clickup.com/9012345/chat/r/8cab/t/86cvyxabb',
    'https://sharing.clickup.com/t/h/86cvyxabb/x',
    'https://clickup.example/t/86cvyxabb',
    'javascript://app.clickup.com/t/86cvyxabb',
  ],
};
