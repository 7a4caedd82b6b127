import { expect, it } from 'vitest';
import { reopening } from '../../src/read-back/reopening.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';

const AT = Date.parse('2026-03-01T10:00:00Z');

function found(state: TaskEvent['state'], change: Partial<TaskEvent> = {}): TaskEvent {
  const base = { tracker: 'asana', task: 'asana:1', aliases: [], delivery: 'read-back', receivedAt: AT + 2 };
  return { ...base, state, by: 'unknown', ...change };
}

it('a task that is found open after its completion changed was reopened when it changed', () => {
  expect(reopening(found('open'), { changedAt: AT })).toEqual({ reopened: true, occurredAt: AT });
});

it('the time that its tracker tells counts more than that of the hint', () => {
  expect(reopening(found('open', { occurredAt: AT + 1 }), { changedAt: AT })).toMatchObject({
    occurredAt: AT + 1,
  });
});

it('a task that is found open after anything else changed was not said to be reopened', () => {
  expect(reopening(found('open'), {})).toEqual({});
});

it('a task that is found done was not reopened', () => {
  expect(reopening(found('done'), { changedAt: AT })).toEqual({});
});
