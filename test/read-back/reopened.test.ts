import { pino } from 'pino';
import { expect, it } from 'vitest';
import { readHints } from '../../src/read-back/read-hints.ts';
import type { TaskEvent, TaskHint } from '../../src/vocabulary.ts';

const AT = Date.parse('2026-03-01T10:00:00Z');
const task = 'asana:1';

const hint: TaskHint = {
  tracker: 'asana',
  task,
  aliases: [],
  by: 'person',
  changedAt: AT,
  delivery: 'd1',
  receivedAt: AT + 1,
};

async function read(state: TaskEvent['state'], change: Partial<TaskHint>, occurredAt?: number) {
  const event: TaskEvent = {
    tracker: 'asana',
    task,
    aliases: [],
    state,
    by: 'unknown',
    ...(occurredAt !== undefined && { occurredAt }),
    delivery: 'read-back',
    receivedAt: AT + 2,
  };
  const reader = {
    canRead: () => true,
    read: async () => ({ events: new Map([[task, event]]), unread: new Map() }),
  };
  const [found] = await readHints([{ ...hint, ...change }], { reader, log: pino({ level: 'silent' }) });
  return found;
}

it('a task that is found open after its completion changed was reopened when it changed', async () => {
  expect(await read('open', {})).toMatchObject({ state: 'open', reopened: true, occurredAt: AT });
});

it('a task that is found open after anything else changed was not said to be reopened', async () => {
  const found = await read('open', { changedAt: undefined });
  expect(found).not.toHaveProperty('reopened');
  expect(found).not.toHaveProperty('occurredAt');
});

it('a task that is found done keeps the time that its tracker tells', async () => {
  expect(await read('done', {}, AT - 5)).toMatchObject({ state: 'done', occurredAt: AT - 5 });
  expect(await read('done', {})).not.toHaveProperty('reopened');
});
