import { describe, expect, it } from 'vitest';
import { stateSource } from '../../src/board/state-source.ts';
import { effectiveState } from '../../src/review/effective-state.ts';
import type { StatusHistory } from '../../src/store/records.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUp, historyOf, minutes, rule, T0, taskRecord } from '../support/make.ts';

const later = T0 + minutes(20);
const wordOf = (
  of: Partial<FollowUp>,
  taskState: ReturnType<typeof taskRecord> | undefined,
  history: Partial<StatusHistory> = {},
) => {
  const one = followUp(of);
  const known = { history: historyOf(one, history), ...(taskState && { task: taskState }), now: later };
  return stateSource({
    followUp: one,
    history: known.history,
    effective: effectiveState(one, known, rule()),
    ...(taskState && { taskState }),
  });
};

describe('the word that counts', () => {
  it.each([
    ['a done task, before its follow-up is written', {}, taskRecord(), {}, 'tracker'],
    [
      'a done task whose state we wrote',
      { status: 'completed' },
      taskRecord(),
      { ours: 'done/person/1' },
      'tracker',
    ],
    ['what both say', { status: 'completed' }, taskRecord(), {}, 'both'],
    ['a follow-up whose task told nothing yet', {}, undefined, {}, 'incident.io'],
    [
      'a follow-up that somebody ticked off though its task is open',
      { status: 'completed', completedAt: later },
      taskRecord({ state: 'open' }),
      { since: later },
      'incident.io',
    ],
    [
      'a follow-up that somebody set back later',
      {},
      taskRecord(),
      { setBack: true, since: later, was: 'completed' },
      'incident.io',
    ],
    [
      'a task that was opened again',
      { status: 'completed' },
      taskRecord({ state: 'open', seenClosed: true }),
      {},
      'tracker',
    ],
    ['a task that a bot closed', {}, taskRecord({ by: 'automation' }), {}, 'tracker'],
    ['a follow-up that was deleted', { status: 'deleted' }, undefined, {}, undefined],
  ])('is told of %s', (_, of, taskState, history, expected) => {
    expect(wordOf(of, taskState, history)).toBe(expected);
  });
});
