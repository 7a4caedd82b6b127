import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { AT, type Samples } from '../samples.ts';
import { canceled, completed, created, data, moved, removed, reopened, started, update } from './payloads.ts';

const task = 'linear:acme/ENG-12';
const id = 'linear:id:2f0b1d9e-0c55-4f0e-9d53-0a3f6a1f0c11';

export const linear: Samples = {
  signature: 'linear-signature',
  headers: (body, secret) => ({
    'content-type': 'application/json; charset=utf-8',
    'linear-event': 'Issue',
    'linear-delivery': '234d-1',
    'linear-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }),
  sentAt: (body) =>
    z.object({ webhookTimestamp: z.number() }).safeParse(JSON.parse(body.toString())).data?.webhookTimestamp,
  events: [
    {
      what: 'completed',
      payload: completed(),
      expected: { task, aliases: [id], state: 'done', by: 'person', actor: 'f1d2', occurredAt: AT },
    },
    { what: 'canceled', payload: canceled(), expected: { task, state: 'declined', occurredAt: AT } },
    {
      what: 'marked as a duplicate',
      payload: canceled('duplicate'),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    {
      what: 'reopened',
      payload: reopened(),
      expected: { task, state: 'open', reopened: true, occurredAt: AT + 500 },
    },
    { what: 'started', payload: started(), expected: { task, state: 'open' } },
    { what: 'created', payload: created(), expected: { task, state: 'open' } },
    { what: 'created in triage', payload: created('triage'), expected: { task, state: 'open' } },
    { what: 'put into the trash', payload: removed(), expected: { task, state: 'deleted', occurredAt: AT } },
    {
      what: 'put into the trash, told as an update',
      payload: update(data('completed', { trashed: true, archivedAt: '2026-03-01T10:00:00Z' }), {
        trashed: null,
      }),
      expected: { task, state: 'deleted', occurredAt: AT },
    },
    {
      what: 'archived by age',
      payload: {
        ...completed({ archivedAt: '2026-09-01T10:00:00Z' }),
        action: 'remove',
        updatedFrom: undefined,
      },
      expected: { task, state: 'done', occurredAt: AT },
    },
    {
      what: 'moved to another team',
      payload: moved(),
      expected: { task: 'linear:acme/OPS-7', state: 'open', aliases: [id, task] },
    },
  ],
  unknownStates: [
    completed({ state: { type: 'archived' } }),
    completed({ state: { type: 'Completed' } }),
    completed({ state: { type: '__proto__' } }),
    completed({ state: { type: '' } }),
    completed({ state: null }),
    { ...completed(), action: 'complete' },
  ],
  permalinks: [
    ['https://linear.app/acme/issue/ENG-12/alert-when-the-disk-of-the-queue-runs-full', task],
    ['https://linear.app/acme/issue/ENG-12', task],
    ['https://linear.app/Acme/issue/eng-12/', task],
    ['https://linear.app/acme/issue/ENG-12/a-title?x=1#comment-5f2c', task],
    ['https://linear.app/acme/issue/ENG-12/a-title/activity', task],
    ['https://www.linear.app/acme/issue/ENG-12', task],
    ['linear://acme/issue/ENG-12/a-title', task],
    ['https://linear.app/issue/ENG-12/a-title', 'linear:ENG-12'],
    ['https://linear.app/acme-2/issue/A1-3', 'linear:acme-2/A1-3'],
  ],
  notTasks: [
    '',
    'ENG-12',
    'https://linear.app/acme/issue/ENG',
    'https://linear.app/acme/issue/ENG-0',
    'https://linear.app/acme/project/ENG-12',
    'https://linear.app/acme/team/ENG/active',
    'https://linear.app/a%2Fb/issue/ENG-12',
    'https://linear.example/acme/issue/ENG-12',
    'javascript://linear.app/acme/issue/ENG-12',
  ],
};
