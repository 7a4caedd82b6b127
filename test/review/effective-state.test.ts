import { describe, expect, it } from 'vitest';
import { describeTaskState } from '../../src/events/standing-state.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { effectiveState, type KnownHistory } from '../../src/review/effective-state.ts';
import { nextHistory } from '../../src/store/status-history.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { followUp, historyOf, minutes, rule, T0, taskRecord } from '../support/make.ts';

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

/** Known to have been done, and outstanding again since the twentieth minute. */
const backAt20 = historyOf(setBack, {
  setBack: true,
  setBacks: 1,
  was: 'completed',
  doneAt: T0 + minutes(15),
});

const cases: [
  promise: string,
  what: [ReturnType<typeof followUp>, Partial<KnownHistory>],
  expected: object,
][] = [
  // no word of the task
  [
    'an outstanding follow-up without a word of its task blocks',
    [outstanding, {}],
    { countsAs: 'blocks', why: 'outstanding' },
  ],
  ['a completed follow-up without a word of its task is done', [ticked, {}], { countsAs: 'done' }],
  ['a follow-up that is not being done is done', [dropped, {}], { countsAs: 'done' }],
  [
    'a deleted follow-up does not exist',
    [followUp({ status: 'deleted' }), { task: open }],
    { countsAs: 'deleted' },
  ],
  [
    'a status that nobody knows blocks',
    [followUp({ status: 'someday' }), { task: done }],
    { countsAs: 'blocks', why: 'unknown-status' },
  ],

  // done
  [
    'a done task completes its outstanding follow-up',
    [outstanding, { task: done }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a done task leaves a follow-up that is not being done as it is',
    [dropped, { task: done }],
    { countsAs: 'done' },
  ],
  [
    'a follow-up set back by a person after its task was done stays set back',
    [setBack, { task: done, history: backAt20 }],
    { countsAs: 'blocks', why: 'set-back' },
  ],
  [
    'a follow-up that was written after its task was done, and was never known done, was set back by nobody',
    [setBack, { task: done }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a follow-up that was set back before its task was done counts as its task',
    [setBack, { task: taskRecord({ since: T0 + minutes(25) }), history: backAt20 }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a follow-up that was set back stays so when its row is written again',
    [
      followUp({ updatedAt: T0 + minutes(40) }),
      { task: taskRecord({ since: T0 + minutes(19) }), history: backAt20 },
    ],
    { countsAs: 'blocks', why: 'set-back' },
  ],
  [
    'a release lifts that it was set back',
    [setBack, { task: done, history: backAt20, releasedAt: backAt20.seenAt }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a release before it was seen set back does not',
    [setBack, { task: done, history: backAt20, releasedAt: backAt20.seenAt - 1 }],
    { countsAs: 'blocks', why: 'set-back' },
  ],
  [
    'what we set back ourselves, since its task was open again, is nobody’s decision',
    [
      setBack,
      {
        task: taskRecord({ since: T0 + minutes(19) }),
        history: historyOf(setBack, { ours: describeTaskState(reopened) }),
      },
    ],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a follow-up ticked off before its task was done stays completed',
    [tickedBefore, { task: done }],
    { countsAs: 'done' },
  ],

  // declined
  [
    'a declined task sets its outstanding follow-up to not doing',
    [outstanding, { task: declined }],
    { countsAs: 'done', write: 'not_doing' },
  ],
  [
    'a task declined by nobody knows whom counts too',
    [outstanding, { task: taskRecord({ state: 'declined', by: 'unknown' }) }],
    { countsAs: 'done', write: 'not_doing' },
  ],
  [
    'a declined task never turns completed into not doing',
    [tickedBefore, { task: declined }],
    { countsAs: 'done' },
  ],

  // open
  [
    'a reopened task blocks and sets its completed follow-up back',
    [tickedBefore, { task: reopened }],
    { countsAs: 'blocks', why: 'reopened', write: 'outstanding' },
  ],
  [
    'a reopened task blocks although its follow-up was ticked off later',
    [ticked, { task: reopened }],
    { countsAs: 'blocks', why: 'reopened' },
  ],
  [
    'a reopened task blocks by itself when its follow-up is outstanding',
    [outstanding, { task: reopened }],
    { countsAs: 'blocks', why: 'reopened' },
  ],
  [
    'an open task that was never done leaves the word to its follow-up',
    [tickedBefore, { task: open }],
    { countsAs: 'done' },
  ],
  [
    'an open task that was never done leaves an outstanding follow-up outstanding',
    [outstanding, { task: open }],
    { countsAs: 'blocks', why: 'outstanding' },
  ],

  // automation
  [
    'a task closed by automation blocks',
    [outstanding, { task: stale }],
    { countsAs: 'blocks', why: 'closed-by-automation' },
  ],
  [
    'a task closed by automation blocks although its follow-up was ticked off later',
    [ticked, { task: stale }],
    { countsAs: 'blocks', why: 'closed-by-automation' },
  ],
  [
    'a task closed by automation counts after the incident was released',
    [outstanding, { task: stale, releasedAt: stale.receivedAt }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a task closed by automation counts after the release also where its closing is told, or read, once more after that',
    [
      outstanding,
      {
        task: { ...stale, knownAt: stale.receivedAt, receivedAt: stale.receivedAt + minutes(9) },
        releasedAt: stale.receivedAt + minutes(1),
      },
    ],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a release before the closing by automation does not count it',
    [outstanding, { task: stale, releasedAt: stale.receivedAt - 1 }],
    { countsAs: 'blocks', why: 'closed-by-automation' },
  ],

  [
    'a closing by automation before a release, of which was told after it, does not count: nobody knew of it',
    [
      outstanding,
      { task: { ...stale, receivedAt: stale.since + minutes(9) }, releasedAt: stale.since + minutes(5) },
    ],
    { countsAs: 'blocks', why: 'closed-by-automation' },
  ],

  // deleted
  [
    'a deleted task leaves an outstanding follow-up to a person',
    [outstanding, { task: deleted }],
    { countsAs: 'blocks', why: 'task-deleted' },
  ],
  ['a deleted task does not hold a completed follow-up', [ticked, { task: deleted }], { countsAs: 'done' }],

  // duplicates
  [
    'one whose reference cannot be read blocks, whatever its status',
    [{ ...outstanding, status: 'completed', malformedReference: 'issue_permalink' }, {}],
    { countsAs: 'blocks', why: 'malformed-reference' },
  ],
  [
    'a duplicate of a task that has told nothing blocks',
    [outstanding, { task: { state: 'unknown-duplicate', since: T0, receivedAt: T0, delivery: 'd' } }],
    { countsAs: 'blocks', why: 'duplicate-of-unknown' },
  ],

  // times
  [
    'within the same second nobody knows who was later, and the task counts',
    [followUp({ updatedAt: done.since + 900 }), { task: done }],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'a follow-up that nobody touched since it was created has no word of its own',
    [followUp({ createdAt: T0 + minutes(30), updatedAt: T0 + minutes(30) }), { task: done }],
    { countsAs: 'done', write: 'completed' },
  ],

  // our own writes
  [
    'our own write is not taken for a person’s',
    [
      followUp({ status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20) }),
      {
        task: taskRecord({ state: 'open', seenClosed: true, since: T0 + minutes(15) }),
        lastWrite: { phase: 'applied', taskState: describeTaskState(done), after: T0 + minutes(20) },
        history: historyOf(ticked, { ours: describeTaskState(done) }),
      },
    ],
    { countsAs: 'blocks', why: 'reopened', write: 'outstanding' },
  ],
  [
    'a sync that reverts what was written is not written against',
    [
      followUp({ updatedAt: T0 + minutes(21) }),
      {
        task: done,
        lastWrite: { phase: 'applied', taskState: describeTaskState(done), after: T0 + minutes(20) },
      },
    ],
    { countsAs: 'blocks', why: 'set-back' },
  ],
  [
    'nor within the second in which it was written, however coarse the times are',
    [
      followUp({ updatedAt: done.since + 900 }),
      {
        task: done,
        lastWrite: { phase: 'applied', taskState: describeTaskState(done), after: done.since + 500 },
      },
    ],
    { countsAs: 'blocks', why: 'set-back' },
  ],
  [
    'a word that was written is not written again',
    [
      followUp({ status: 'outstanding', updatedAt: T0 + minutes(20) }),
      {
        task: reopened,
        lastWrite: { phase: 'applied', taskState: describeTaskState(reopened), after: T0 + minutes(20) },
      },
    ],
    { countsAs: 'blocks', why: 'reopened' },
  ],
  [
    'after a crash an unchanged follow-up was not written',
    [
      outstanding,
      {
        task: done,
        lastWrite: {
          phase: 'intent',
          taskState: describeTaskState(done),
          target: 'completed',
          before: T0,
          beforeOurs: false,
        },
      },
    ],
    { countsAs: 'done', write: 'completed' },
  ],
  [
    'after a crash a follow-up with the status that was meant was written by us',
    [
      followUp({ status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20) }),
      {
        task: done,
        lastWrite: {
          phase: 'intent',
          taskState: describeTaskState(done),
          target: 'completed',
          before: T0,
          beforeOurs: false,
        },
      },
    ],
    { countsAs: 'done' },
  ],
  [
    'after a crash a follow-up that was changed, and is outstanding, was changed by somebody else',
    [
      followUp({ status: 'outstanding', updatedAt: T0 + minutes(20) }),
      {
        task: done,
        lastWrite: {
          phase: 'intent',
          taskState: describeTaskState(done),
          target: 'completed',
          before: T0,
          beforeOurs: false,
        },
      },
    ],
    { countsAs: 'blocks', why: 'set-back' },
  ],

  // refused writes
  ...refusals(),
];

/** What incident.io refused to write. */
function refusals(): typeof cases {
  const refused = (
    at: number,
    over: Partial<KnownHistory> = {},
    then: object = {},
  ): Partial<KnownHistory> => ({
    task: done,
    refusal: {
      taskState: describeTaskState(done),
      followUpUpdatedAt: T0,
      words: 'an owner is required',
      at,
      ...then,
    },
    ...over,
  });
  const changed = followUp({ updatedAt: T0 + minutes(59) });
  const DAY = minutes(24 * 60);
  const again = { countsAs: 'done', write: 'completed' };
  return [
    [
      'a write that incident.io refused is not tried again while nothing changes, and says when it is',
      [outstanding, refused(now - minutes(10))],
      { countsAs: 'blocks', why: 'write-refused', retryAt: now - minutes(10) + DAY },
    ],
    ['a refused write is tried again after a day', [outstanding, refused(now - DAY)], again],
    [
      'a refused write is tried again once the follow-up changed',
      [changed, refused(now - minutes(5))],
      again,
    ],
    [
      'not before some minutes have passed',
      [changed, refused(now - minutes(1))],
      { countsAs: 'blocks', why: 'write-refused', retryAt: now + minutes(4) },
    ],
    [
      'a refused write is tried again once the incident changed',
      [outstanding, refused(now - minutes(5), { incidentUpdatedAt: 2 }, { incidentUpdatedAt: 1 })],
      again,
    ],
    [
      'a refused write is tried again once the roles of the key changed',
      [outstanding, refused(now - minutes(5), { roles: ['a', 'b'] }, { roles: ['a'] })],
      again,
    ],
    [
      'what is not known has not changed',
      [outstanding, refused(now - minutes(5), { roles: ['a'] }, { incidentUpdatedAt: 1 })],
      { countsAs: 'blocks', why: 'write-refused', retryAt: now - minutes(5) + DAY },
    ],
    [
      'a refused write is tried again after a release',
      [outstanding, refused(now - 2, { releasedAt: now - 1 })],
      again,
    ],
    [
      'a refused write is tried again for another state of its task',
      [outstanding, refused(now, {}, { taskState: 'x' })],
      again,
    ],
  ];
}

/** As known of a follow-up that was first seen as it is, unless something else is given. */
const known = (given: FollowUp, over: Partial<KnownHistory>): KnownHistory => ({
  now,
  history: nextHistory(undefined, given, over.lastWrite, now),
  ...over,
});

describe('what a follow-up counts as', () => {
  it('a list that lags behind our own write is no word, and nothing is written against it', () => {
    const lastWrite = {
      phase: 'applied',
      taskState: describeTaskState(done),
      after: T0 + minutes(20) + 500,
    } as const;
    const over = { task: done, lastWrite };
    expect(effectiveState(outstanding, known(outstanding, over), rules)).toEqual({
      countsAs: 'blocks',
      why: 'not-shown-yet',
    });
    const shown = { ...outstanding, status: 'completed', updatedAt: T0 + minutes(20) };
    expect(effectiveState(shown, known(shown, over), rules)).toEqual({ countsAs: 'done' });
  });

  it('a list that shows an older status than was read before is no word either, whichever way, but for one of the same whole second', () => {
    const back = { status: 'outstanding', updatedAt: T0 + minutes(30) };
    const notShown = { countsAs: 'blocks', why: 'not-shown-yet' };
    expect(effectiveState(tickedBefore, known(tickedBefore, { row: back }), rules)).toEqual(notShown);
    const done = { status: 'completed', updatedAt: T0 + minutes(30) };
    expect(effectiveState(outstanding, known(outstanding, { task: deleted, row: done }), rules)).toEqual(
      notShown,
    );
    const sameSecond = { ...back, updatedAt: tickedBefore.updatedAt + 999 };
    expect(effectiveState(tickedBefore, known(tickedBefore, { row: sameSecond }), rules)).toEqual({
      countsAs: 'done',
    });
    const exactly = { ...tickedBefore, updatedAt: tickedBefore.updatedAt + 1 };
    expect(effectiveState(exactly, known(exactly, { row: sameSecond }), rules)).toEqual(notShown);
    const readLongAgo = { ...back, history: { ...historyOf(tickedBefore), seenAt: T0 + minutes(30) } };
    const later = { row: readLongAgo, now: T0 + minutes(91) };
    expect(effectiveState(tickedBefore, known(tickedBefore, later), rules)).toEqual({ countsAs: 'done' });
    expect(
      effectiveState(tickedBefore, known(tickedBefore, { ...later, now: T0 + minutes(89) }), rules),
    ).toEqual(notShown);
    const onlyWritten = { ...back, status: 'completed' };
    expect(effectiveState(tickedBefore, known(tickedBefore, { row: onlyWritten }), rules)).toEqual({
      countsAs: 'done',
    });
  });

  it.each(cases)('%s', (_promise, [given, over], expected) => {
    expect(effectiveState(given, known(given, over), rules)).toEqual(expected);
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
  const labelledBy = (by: 'automation' | 'unknown' | 'person', ...machineLabels: string[]) =>
    taskRecord({ by, actor: 'deploy[bot]', machineLabels });

  it.each<[string, Partial<Rule>, FollowUp, Partial<KnownHistory>, object]>([
    [
      'a declined task blocks',
      { declinedCounts: false },
      outstanding,
      { task: declined },
      { countsAs: 'blocks', why: 'task-declined' },
    ],
    [
      'a follow-up that is not being done blocks',
      { notDoingCounts: false },
      notDoing,
      {},
      { countsAs: 'blocks', why: 'not-doing' },
    ],
    [
      'a declined task is not written as what does not count',
      { notDoingCounts: false },
      outstanding,
      { task: declined },
      { countsAs: 'blocks', why: 'task-declined' },
    ],
    [
      'a declined task blocks although incident.io’s copy of it says completed later',
      { declinedCounts: false },
      ticked,
      { task: declined },
      { countsAs: 'blocks', why: 'task-declined' },
    ],
    [
      'so it does where not doing does not count',
      { notDoingCounts: false },
      ticked,
      { task: declined },
      { countsAs: 'blocks', why: 'task-declined' },
    ],
    [
      'a declined task counts after the incident was released',
      { declinedCounts: false },
      outstanding,
      { task: declined, releasedAt: declined.receivedAt },
      { countsAs: 'done', write: 'not_doing' },
    ],
    ['a completed one counts all the same', { notDoingCounts: false }, ticked, {}, { countsAs: 'done' }],
    [
      'a bot counts',
      { automationCounts: true },
      outstanding,
      { task: byBot },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'a bot counts, and this one does not',
      { automationCounts: true, closingsDoNotCountOf: ['stale*'] },
      outstanding,
      { task: byBot },
      { countsAs: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'no bot counts but this one',
      { closingsCountOf: ['stale*'] },
      outstanding,
      { task: byBot },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'a bot that counts and does not count does not',
      { closingsCountOf: ['stale*'], closingsDoNotCountOf: ['stale*'] },
      outstanding,
      { task: byBot },
      { countsAs: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'a label that was added shows a bot',
      { inactivityLabels: ['zombie'] },
      outstanding,
      { task: labelledBy('unknown', 'bug', 'Zombie') },
      { countsAs: 'blocks', why: 'closed-by-automation', label: 'Zombie' },
    ],
    [
      'a label that was added shows a bot, and this bot counts',
      { inactivityLabels: ['zombie'], closingsCountOf: ['deploy*'] },
      outstanding,
      { task: labelledBy('unknown', 'zombie') },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'a label that was added shows a bot, until the incident is released',
      { inactivityLabels: ['zombie'] },
      outstanding,
      { task: labelledBy('unknown', 'zombie'), releasedAt: now },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'a label that was added says nothing of a person',
      { inactivityLabels: ['zombie'] },
      outstanding,
      { task: labelledBy('person', 'zombie') },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'a label that was taken away shows no bot',
      { notInactivityLabels: ['stale-docs'] },
      outstanding,
      { task: labelledBy('automation', 'bug', 'stale docs') },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'another label than the one that was taken away shows a bot',
      { notInactivityLabels: ['stale-docs'] },
      outstanding,
      { task: labelledBy('automation', 'stale', 'stale-docs') },
      { countsAs: 'blocks', why: 'closed-by-automation', label: 'stale' },
    ],
    [
      'a label that was taken away lifts nothing where more than labels decided, or an earlier release',
      { notInactivityLabels: ['stale'] },
      outstanding,
      { task: byBot },
      { countsAs: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'an account does not count',
      { closingsDoNotCountOf: ['Octocat'] },
      outstanding,
      { task: done },
      { countsAs: 'blocks', why: 'closed-by-automation' },
    ],
    [
      'an account does not count, until the incident is released',
      { closingsDoNotCountOf: ['octocat'] },
      outstanding,
      { task: done, releasedAt: now },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'what was ticked off by hand counts once the tracker agrees',
      { trackerMustAgree: true },
      ticked,
      { task: taskRecord({ state: 'open', seenClosed: false }) },
      { countsAs: 'blocks', why: 'tracker-disagrees' },
    ],
    [
      'without a word of the tracker it does not',
      { trackerMustAgree: true },
      ticked,
      {},
      { countsAs: 'blocks', why: 'tracker-disagrees' },
    ],
    [
      'it does where the task is closed',
      { trackerMustAgree: true },
      ticked,
      { task: done },
      { countsAs: 'done' },
    ],
    [
      'it does where there is no task',
      { trackerMustAgree: true },
      { ...ticked, reference: undefined },
      {},
      { countsAs: 'done' },
    ],
    ['one that may stay open is exempt', { mayStayOpen: mayWait }, labelled, {}, { countsAs: 'exempt' }],
    [
      'one that may stay open is written when its task is done',
      { mayStayOpen: mayWait },
      labelled,
      { task: done },
      { countsAs: 'done', write: 'completed' },
    ],
    [
      'one that may stay open is set back when its task is open again',
      { mayStayOpen: mayWait },
      { ...labelled, status: 'completed', completedAt: T0 },
      { task: taskRecord({ state: 'open', seenClosed: true }) },
      { countsAs: 'exempt', write: 'outstanding' },
    ],
    [
      'one that must be done blocks',
      { mayStayOpen: mayWait, mustBeDone: mayWait },
      labelled,
      {},
      { countsAs: 'blocks', why: 'outstanding' },
    ],
  ])('where policy says so: %s', (_promise, over, given, more, expected) => {
    expect(effectiveState(given, known(given, more), rule(over))).toEqual(expected);
  });
});
