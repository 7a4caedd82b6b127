import { describe, expect, it } from 'vitest';
import { wordOf } from '../../src/events/stand.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { effective, type Known } from '../../src/review/word.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUp, minutes, rule, T0, taskRecord } from '../support/make.ts';

const now = T0 + minutes(60);
const rules = rule();
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
  it('a list that lags behind our own write is no word, and nothing is written against it', () => {
    const mark = { phase: 'applied', word: wordOf(done), after: T0 + minutes(20) + 500 } as const;
    const known = { now, task: done, mark };
    expect(effective(outstanding, known, rules)).toEqual({ counts: 'blocks', why: 'not-shown-yet' });
    const shown = { ...outstanding, status: 'completed', updatedAt: T0 + minutes(20) };
    expect(effective(shown, known, rules)).toEqual({ counts: 'done' });
  });

  it.each(cases)('%s', (_promise, [given, known], expected) => {
    expect(effective(given, { now, ...known }, rules)).toEqual(expected);
  });

  const linked = {
    reference: { provider: 'github', name: 'a#1', permalink: 'https://github.com/a/b/issues/1' },
  };
  const ticked = followUp({
    ...linked,
    status: 'completed',
    updatedAt: T0 + minutes(30),
    completedAt: T0 + minutes(30),
  });
  const notDoing = followUp({ ...linked, status: 'not_doing', updatedAt: T0 + minutes(30) });
  const mayWait = { labels: ['later'], priorities: [] };
  const labelled = followUp({ writable: { title: 'x', labels: ['later'] } });
  const byBot = taskRecord({ by: 'automation', actor: 'stale[bot]' });

  it.each<[string, Partial<Rule>, FollowUp, Partial<Known>, object]>([
    [
      'a declined task blocks',
      { declinedCounts: false },
      outstanding,
      { task: declined },
      { counts: 'blocks', why: 'task-declined' },
    ],
    [
      'a follow-up that is not being done blocks',
      { notDoingCounts: false },
      notDoing,
      {},
      { counts: 'blocks', why: 'not-doing' },
    ],
    [
      'a declined task is not written as what does not count',
      { notDoingCounts: false },
      outstanding,
      { task: declined },
      { counts: 'blocks', why: 'not-doing' },
    ],
    ['a completed one counts all the same', { notDoingCounts: false }, ticked, {}, { counts: 'done' }],
    [
      'a bot counts',
      { automationCounts: true },
      outstanding,
      { task: byBot },
      { counts: 'done', write: 'completed' },
    ],
    [
      'a bot counts, and this one does not',
      { automationCounts: true, closingsDoNotCountOf: ['stale*'] },
      outstanding,
      { task: byBot },
      { counts: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'an account does not count',
      { closingsDoNotCountOf: ['Octocat'] },
      outstanding,
      { task: done },
      { counts: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'an account does not count, until the incident is released',
      { closingsDoNotCountOf: ['octocat'] },
      outstanding,
      { task: done, releasedAt: now },
      { counts: 'done', write: 'completed' },
    ],
    [
      'what was ticked off by hand counts once the tracker agrees',
      { trackerMustAgree: true },
      ticked,
      { task: taskRecord({ state: 'open', seenClosed: false }) },
      { counts: 'blocks', why: 'tracker-disagrees' },
    ],
    [
      'without a word of the tracker it does not',
      { trackerMustAgree: true },
      ticked,
      {},
      { counts: 'blocks', why: 'tracker-disagrees' },
    ],
    [
      'it does where the task is closed',
      { trackerMustAgree: true },
      ticked,
      { task: done },
      { counts: 'done' },
    ],
    [
      'it does where there is no task',
      { trackerMustAgree: true },
      { ...ticked, reference: undefined },
      {},
      { counts: 'done' },
    ],
    ['one that may stay open is exempt', { mayStayOpen: mayWait }, labelled, {}, { counts: 'exempt' }],
    [
      'one that may stay open is written when its task is done',
      { mayStayOpen: mayWait },
      labelled,
      { task: done },
      { counts: 'done', write: 'completed' },
    ],
    [
      'one that may stay open is set back when its task is open again',
      { mayStayOpen: mayWait },
      { ...labelled, status: 'completed', completedAt: T0 },
      { task: taskRecord({ state: 'open', seenClosed: true }) },
      { counts: 'exempt', write: 'outstanding' },
    ],
    [
      'one that must be done blocks',
      { mayStayOpen: mayWait, mustBeDone: mayWait },
      labelled,
      {},
      { counts: 'blocks', why: 'outstanding' },
    ],
  ])('where policy says so: %s', (_promise, over, given, known, expected) => {
    expect(effective(given, { now, ...known }, rule(over))).toEqual(expected);
  });
});
