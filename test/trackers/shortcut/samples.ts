import { createHmac } from 'node:crypto';
import type { TrackerAnswer, TrackerRequest } from '../../../src/trackers/read-back.ts';
import type { TaskStateName } from '../../../src/vocabulary.ts';
import { AT, type Samples } from '../samples.ts';
import { created, deleted, sent, state, story, transition } from './payloads.ts';

const task = 'shortcut:acme/12';
const other = 'https://app.shortcut.com/acme/story/13';

/** Has every story in this state. */
function api(now: TaskStateName) {
  return ({ url }: TrackerRequest): TrackerAnswer => {
    const { pathname } = new URL(url);
    const number = Number(pathname.split('/').at(-1));
    if (now === 'deleted') return { status: 404, headers: {}, body: '{"message":"Resource not found."}' };
    const body = pathname.includes('/workflows/')
      ? { id: 5, states: [{ id: 51, type: 'done', name: now === 'declined' ? "Won't Do" : 'Completed' }] }
      : {
          id: number,
          app_url: `https://app.shortcut.com/acme/story/${number}/a-title`,
          completed: now !== 'open',
          workflow_id: 5,
          workflow_state_id: 51,
        };
    return { status: 200, headers: {}, body: JSON.stringify(body) };
  };
}

export const shortcut: Samples = {
  signature: 'payload-signature',
  headers: (body, secret) => ({
    'content-type': 'application/json; charset=utf-8',
    'payload-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }),
  api,
  // Of a recorded deletion, which has no address.
  recorded: { WORKSPACE: ['ehawk'] },
  events: [
    {
      what: 'completed',
      payload: transition('started', 'done'),
      expected: {
        task,
        aliases: [],
        state: 'done',
        by: 'person',
        actor: '5b1fda16-626f-487f-9ecf-f3a4abf42b8b',
        occurredAt: AT,
        delivery: '641b754b-3f7f-4040-b9d9-4cc44a840b94',
      },
    },
    {
      what: 'completed, with no word of the state',
      payload: sent([story({ completed: { old: false, new: true } })]),
      // A guess, and so dated before what is read.
      expected: { task, state: 'done', occurredAt: AT - 1 },
    },
    {
      what: 'moved to a state that means "will not be done"',
      payload: transition('started', 'done', 'Won’t do'),
      expected: { task, state: 'declined', occurredAt: AT },
    },
    {
      what: 'reopened',
      payload: transition('done', 'started'),
      expected: { task, state: 'open', reopened: true, occurredAt: AT },
    },
    { what: 'started', payload: transition('unstarted', 'started'), expected: { task, state: 'open' } },
    {
      what: 'started, with no word of the state',
      payload: sent([story({ started: { old: false, new: true } })]),
      expected: { task, state: 'open' },
    },
    { what: 'created', payload: created(), expected: { task, state: 'open' } },
    {
      what: 'completed through a comment, which stands first',
      payload: sent(
        [
          { id: 13, entity_type: 'story-comment', action: 'create', text: 'done!' },
          story({ workflow_state_id: { old: 50, new: 51 }, completed: { old: false, new: true } }),
        ],
        [state(51, 'done')],
      ),
      expected: { task, state: 'done' },
    },
    {
      what: 'declined by an automation',
      payload: transition('backlog', 'done', 'Abandoned', {
        member_id: null,
        automation_id: '6a1c',
        actor_name: 'Old stories',
      }),
      expected: { state: 'declined', by: 'automation', actor: 'Old stories' },
    },
    {
      what: 'deleted, beside another story of the workspace',
      payload: deleted([story({ archived: { old: false, new: true } }, { id: 13, app_url: other })]),
      expected: { task, state: 'deleted', occurredAt: AT },
    },
    {
      what: 'at its address of when Shortcut was called Clubhouse',
      payload: sent([
        story(
          { completed: { old: false, new: true } },
          { app_url: 'https://app.clubhouse.io/acme/story/12' },
        ),
      ]),
      expected: { task, state: 'done' },
    },
  ],
  hints: [
    {
      what: 'moved to a state of which only the id is told',
      payload: transition(undefined, undefined, undefined, {
        actions: [story({ workflow_state_id: { old: 50, new: 51 } })],
      }),
      expected: { task, by: 'person' },
    },
  ],
  unknownStates: [
    transition('started', 'archived'),
    transition('started', '__proto__'),
    transition('started', ''),
    sent([story({ workflow_state_id: { old: 50, new: 51 } })], [state(51, 'completed', 'Done')]),
    sent([story({ workflow_state_id: { old: 50, new: 52 } })], [state(51, 'done')]),
    sent([story({ completed: { old: false, new: true } }, { action: 'complete' })]),
  ],
  permalinks: [
    ['https://app.shortcut.com/acme/story/12', task],
    ['https://app.shortcut.com/Acme/story/12/alert-when-the-disk-runs-full', task],
    ['https://app.shortcut.com/acme/story/12?vc_group_by=day&cf_workflow=5#activity-13', task],
    ['https://app.clubhouse.io/acme/story/12', task],
    ['https://app.clubhouse.io/acme/story/12/a-title', task],
    ['https://app.shortcut.com/acme-2_x/story/7', 'shortcut:acme-2_x/7'],
  ],
  notTasks: [
    '',
    'sc-12',
    'https://app.shortcut.com/acme/story/',
    'https://app.shortcut.com/acme/story/0',
    'https://app.shortcut.com/acme/story/12a',
    'https://app.shortcut.com/acme/epic/12',
    'https://app.shortcut.com/acme/iteration/12',
    'https://app.shortcut.com/acme/stories/space/12',
    'https://app.shortcut.com/story/12',
    'https://shortcut.example/acme/story/12',
    'javascript://app.shortcut.com/acme/story/12',
  ],
};
