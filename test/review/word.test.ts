import { describe, expect, it } from 'vitest';
import { wordOf } from '../../src/events/stand.ts';
import { effective, type Known } from '../../src/review/word.ts';
import { followUp, minutes, T0, taskRecord } from '../support/make.ts';

const now = T0 + minutes(60);
const rules = { declinedCounts: true };
const outstanding = followUp();
const ticked = followUp({ status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20) });
const tickedBefore = followUp({
  status: 'completed',
  updatedAt: T0 + minutes(5),
  completedAt: T0 + minutes(5),
});
const setBack = followUp({ updatedAt: T0 + minutes(20) });
const dropped = followUp({ status: 'not_doing', updatedAt: T0 + minutes(5) });

const done = taskRecord();
const declined = taskRecord({ state: 'declined' });
const stale = taskRecord({ by: 'automation', actor: 'stale[bot]' });
const open = taskRecord({ state: 'open' });
const reopened = taskRecord({ state: 'open', seenClosed: true });
const deleted = taskRecord({ state: 'deleted' });

const cases: [promise: string, what: [ReturnType<typeof followUp>, Partial<Known>], expected: object][] = [
  // no word of the task
  [
    'an outstanding follow-up without a word of its task blocks',
    [outstanding, {}],
    { counts: 'blocks', why: 'outstanding' },
  ],
  ['a completed follow-up without a word of its task is done', [ticked, {}], { counts: 'done' }],
  ['a follow-up that is not being done is done', [dropped, {}], { counts: 'done' }],
  [
    'a deleted follow-up does not exist',
    [followUp({ status: 'deleted' }), { task: open }],
    { counts: 'gone' },
  ],
  [
    'a status that nobody knows blocks',
    [followUp({ status: 'someday' }), { task: done }],
    { counts: 'blocks', why: 'unknown-status' },
  ],

  // done
  [
    'a done task completes its outstanding follow-up',
    [outstanding, { task: done }],
    { counts: 'done', write: 'completed' },
  ],
  [
    'a done task leaves a follow-up that is not being done as it is',
    [dropped, { task: done }],
    { counts: 'done' },
  ],
  [
    'a follow-up set back by a person after its task was done stays set back',
    [setBack, { task: done }],
    { counts: 'blocks', why: 'set-back' },
  ],
  [
    'a follow-up ticked off before its task was done stays completed',
    [tickedBefore, { task: done }],
    { counts: 'done' },
  ],

  // declined
  [
    'a declined task sets its outstanding follow-up to not doing',
    [outstanding, { task: declined }],
    { counts: 'done', write: 'not_doing' },
  ],
  [
    'a task declined by nobody knows whom counts too',
    [outstanding, { task: taskRecord({ state: 'declined', by: 'unknown' }) }],
    { counts: 'done', write: 'not_doing' },
  ],
  [
    'a declined task never turns completed into not doing',
    [tickedBefore, { task: declined }],
    { counts: 'done' },
  ],

  // open
  [
    'a reopened task blocks and sets its completed follow-up back',
    [tickedBefore, { task: reopened }],
    { counts: 'blocks', why: 'reopened', write: 'outstanding' },
  ],
  [
    'a reopened task blocks although its follow-up was ticked off later',
    [ticked, { task: reopened }],
    { counts: 'blocks', why: 'reopened' },
  ],
  [
    'a reopened task blocks by itself when its follow-up is outstanding',
    [outstanding, { task: reopened }],
    { counts: 'blocks', why: 'reopened' },
  ],
  [
    'an open task that was never done leaves the word to its follow-up',
    [tickedBefore, { task: open }],
    { counts: 'done' },
  ],
  [
    'an open task that was never done leaves an outstanding follow-up outstanding',
    [outstanding, { task: open }],
    { counts: 'blocks', why: 'outstanding' },
  ],

  // automation
  [
    'a task closed by automation blocks',
    [outstanding, { task: stale }],
    { counts: 'blocks', why: 'closed-by-automation' },
  ],
  [
    'a task closed by automation blocks although its follow-up was ticked off later',
    [ticked, { task: stale }],
    { counts: 'blocks', why: 'closed-by-automation' },
  ],
  [
    'a task closed by automation counts after the incident was released',
    [outstanding, { task: stale, releasedAt: stale.receivedAt }],
    { counts: 'done', write: 'completed' },
  ],
  [
    'a release before the closing by automation does not count it',
    [outstanding, { task: stale, releasedAt: stale.receivedAt - 1 }],
    { counts: 'blocks', why: 'closed-by-automation' },
  ],

  // deleted
  [
    'a deleted task leaves an outstanding follow-up to a person',
    [outstanding, { task: deleted }],
    { counts: 'blocks', why: 'task-deleted' },
  ],
  ['a deleted task does not hold a completed follow-up', [ticked, { task: deleted }], { counts: 'done' }],

  // duplicates
  [
    'a duplicate of a task that has told nothing blocks',
    [outstanding, { task: { state: 'unknown-duplicate', canonical: 'x', since: T0 } }],
    { counts: 'blocks', why: 'duplicate-of-unknown' },
  ],

  // times
  [
    'within the same second nobody knows who was later, and the task counts',
    [followUp({ updatedAt: done.since + 900 }), { task: done }],
    { counts: 'done', write: 'completed' },
  ],
  [
    'a follow-up that nobody touched since it was created has no word of its own',
    [followUp({ createdAt: T0 + minutes(30), updatedAt: T0 + minutes(30) }), { task: done }],
    { counts: 'done', write: 'completed' },
  ],

  // our own writes
  [
    'our own write is not taken for a person’s',
    [
      followUp({ status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20) }),
      {
        task: taskRecord({ state: 'open', seenClosed: true, since: T0 + minutes(15) }),
        mark: { phase: 'applied', word: wordOf(done), after: T0 + minutes(20) },
      },
    ],
    { counts: 'blocks', why: 'reopened', write: 'outstanding' },
  ],
  [
    'a sync that reverts what was written is not written against',
    [
      followUp({ updatedAt: T0 + minutes(21) }),
      { task: done, mark: { phase: 'applied', word: wordOf(done), after: T0 + minutes(20) } },
    ],
    { counts: 'blocks', why: 'set-back' },
  ],
  [
    'a word that was written is not written again',
    [
      followUp({ status: 'outstanding', updatedAt: T0 + minutes(20) }),
      { task: reopened, mark: { phase: 'applied', word: wordOf(reopened), after: T0 + minutes(20) } },
    ],
    { counts: 'blocks', why: 'reopened' },
  ],
  [
    'after a crash an unchanged follow-up was not written',
    [
      outstanding,
      {
        task: done,
        mark: { phase: 'intent', word: wordOf(done), target: 'completed', before: T0, beforeOurs: false },
      },
    ],
    { counts: 'done', write: 'completed' },
  ],
  [
    'after a crash a follow-up with the status that was meant was written by us',
    [
      followUp({ status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20) }),
      {
        task: done,
        mark: { phase: 'intent', word: wordOf(done), target: 'completed', before: T0, beforeOurs: false },
      },
    ],
    { counts: 'done' },
  ],
  [
    'after a crash a follow-up with another status was changed by somebody else',
    [
      followUp({ status: 'outstanding', updatedAt: T0 + minutes(20) }),
      {
        task: done,
        mark: { phase: 'intent', word: wordOf(done), target: 'completed', before: T0, beforeOurs: false },
      },
    ],
    { counts: 'blocks', why: 'set-back' },
  ],

  // refused writes
  [
    'a write that incident.io refused is not tried again while nothing changes',
    [
      outstanding,
      {
        task: done,
        refusal: { word: wordOf(done), followUpUpdatedAt: T0, words: 'an owner is required', at: now - 1000 },
      },
    ],
    { counts: 'blocks', why: 'write-refused' },
  ],
  [
    'a refused write is tried again after a day',
    [
      outstanding,
      {
        task: done,
        refusal: {
          word: wordOf(done),
          followUpUpdatedAt: T0,
          words: 'an owner is required',
          at: now - minutes(24 * 60),
        },
      },
    ],
    { counts: 'done', write: 'completed' },
  ],
  [
    'a refused write is tried again once the follow-up changed',
    [
      outstanding,
      {
        task: done,
        refusal: { word: wordOf(done), followUpUpdatedAt: T0 - 1, words: 'an owner is required', at: now },
      },
    ],
    { counts: 'done', write: 'completed' },
  ],
];

describe('what a follow-up counts as', () => {
  it.each(cases)('%s', (_promise, [given, known], expected) => {
    expect(effective(given, { now, ...known }, rules)).toEqual(expected);
  });

  it('a declined task blocks where policy says that it does not count', () => {
    expect(effective(outstanding, { now, task: declined }, { declinedCounts: false })).toEqual({
      counts: 'blocks',
      why: 'task-declined',
    });
  });
});
