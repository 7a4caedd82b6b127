import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LastWrite, StatusHistory } from '../../src/store/records.ts';
import { isStale, nextHistory, reportedHistory, type StatusVersion } from '../../src/store/status-history.ts';
import { minutes, T0 } from '../support/make.ts';

const at = (n: number) => T0 + minutes(n);
const outstanding = (n: number, completedAt?: number): StatusVersion => ({
  status: 'outstanding',
  updatedAt: at(n),
  completedAt,
});
const completed = (n: number, completedAt = at(n)): StatusVersion => ({
  status: 'completed',
  updatedAt: at(n),
  completedAt,
});
const notDoing = (n: number): StatusVersion => ({ status: 'not_doing', updatedAt: at(n) });
const wrote = (
  n: number,
  target: 'completed' | 'outstanding' = 'completed',
): Extract<LastWrite, { phase: 'applied' }> => ({
  phase: 'applied',
  taskState: target === 'completed' ? 'done/person/1' : 'open/person/1',
  target,
  after: at(n),
  at: at(n),
});
/** What an earlier release kept of the same. */
const wroteBefore = (n: number): LastWrite => ({
  phase: 'applied',
  taskState: 'done/person/1',
  after: at(n),
});
const meant = (before: number): LastWrite => ({
  phase: 'intent',
  taskState: 'done/person/1',
  target: 'completed',
  before: at(before),
  beforeOurs: false,
});

type Step = StatusVersion | { told: StatusVersion };

/** The history after these versions were read, or told, one after the other, each a minute after it was written. */
function historyAfter(
  steps: readonly Step[],
  lastWrite?: LastWrite,
  indexed?: StatusVersion,
): StatusHistory | undefined {
  let row: (StatusVersion & { indexedAt: number; history?: StatusHistory }) | undefined = indexed && {
    ...indexed,
    indexedAt: T0,
  };
  for (const step of steps) {
    if ('told' in step) {
      if (row === undefined) throw new TypeError('told of a follow-up that is not in the index');
      row = { ...row, history: reportedHistory(row, step.told, lastWrite, step.told.updatedAt + minutes(1)) };
    } else
      row = {
        ...step,
        indexedAt: T0,
        history: nextHistory(row, step, lastWrite, step.updatedAt + minutes(1)),
      };
  }
  return row?.history;
}

describe('whose status it is', () => {
  it.each<
    [
      promise: string,
      steps: Step[],
      expected: Partial<StatusHistory>,
      lastWrite?: LastWrite,
      indexed?: StatusVersion,
    ]
  >([
    [
      'nobody’s, where a row was only written again',
      [outstanding(0), outstanding(5), outstanding(9)],
      { setBack: false, setBacks: 0, since: at(0) },
    ],
    [
      'of whoever completed it anew after a write of ours that was never read, so that it was set back in between',
      [completed(0), completed(9)],
      { since: at(9), was: 'outstanding', setBack: false, setBacks: 1 },
      { ...meant(0), taskState: 'open/person/1', target: 'outstanding' },
    ],
    [
      'of whoever completed it anew after we had set it to outstanding, and had that confirmed',
      [completed(0), notDoing(0), notDoing(9)],
      { was: 'outstanding', setBack: false, setBacks: 1 },
      wrote(5, 'outstanding'),
    ],
    [
      'of whoever set it back after it was told as ticked off, which was after we had set it to outstanding',
      [completed(0), outstanding(9), { told: completed(7) }],
      { since: at(9), was: 'completed', ours: undefined, setBack: true, setBacks: 2 },
      wrote(5, 'outstanding'),
    ],
    [
      'the same as before where such a write may never have taken effect',
      [completed(0), completed(9, at(0))],
      { since: at(0), setBacks: 0 },
      { ...meant(0), taskState: 'open/person/1', target: 'outstanding' },
    ],
    [
      'that of whoever completed it, since then',
      [outstanding(0), completed(5), completed(9, at(5))],
      { since: at(5), was: 'outstanding', setBack: false },
    ],
    [
      'completed since the change was seen, where the date of completion was there before (made from a link)',
      [outstanding(0, at(-900)), completed(5, at(-900))],
      { since: at(5) },
    ],
    [
      'not done since it was first seen so',
      [outstanding(0), notDoing(5), { ...notDoing(9) }],
      { since: at(5), was: 'outstanding' },
    ],
    [
      'set back, since it was first seen outstanding again',
      [outstanding(0), completed(5), outstanding(7), outstanding(9)],
      { setBack: true, setBacks: 1, since: at(7), seenAt: at(8) },
    ],
    [
      'set back where it was first seen done',
      [completed(5), outstanding(7)],
      { setBack: true, since: at(7) },
    ],
    [
      'not set back where it was completed anew',
      [completed(5), outstanding(7), completed(9)],
      { setBack: false, setBacks: 1, since: at(9) },
    ],
    [
      'not set back by a row of a later version of the API',
      [outstanding(0), { status: 'someday', updatedAt: at(3) }, outstanding(7)],
      { setBack: false },
    ],
    [
      'ours, where the PUT answered that row',
      [outstanding(0), completed(5)],
      { ours: 'done/person/1' },
      wrote(5),
    ],
    [
      'ours, where that row was written again before it was read',
      [outstanding(0), completed(6, at(5))],
      { ours: 'done/person/1' },
      wrote(5),
    ],
    [
      'ours still, when its title changes later',
      [outstanding(0), completed(5), completed(9, at(5))],
      { ours: 'done/person/1' },
      wrote(5),
    ],
    [
      'ours, where the process died before it was answered',
      [outstanding(0), completed(5)],
      { ours: 'done/person/1' },
      meant(0),
    ],
    [
      'perhaps set back, where the process died before it was answered and the row was written since',
      [outstanding(0), outstanding(5)],
      { setBack: true, since: at(5) },
      meant(0),
    ],
    [
      'a person’s, where what we wrote was undone and completed anew between two readings',
      [outstanding(0), completed(5), completed(9, at(8))],
      { since: at(8), setBacks: 0, setBack: false },
      wrote(5),
    ],
    [
      'nobody’s, where the process died before it was made',
      [outstanding(0), outstanding(0)],
      { setBack: false },
      meant(0),
    ],
    [
      'a person’s, where a write of ours was undone that never came into the index',
      [outstanding(0), outstanding(9)],
      { since: at(9), setBacks: 1, setBack: true },
      wrote(5),
    ],
    [
      'a person’s, where such a write was undone of a follow-up that had been set back before it',
      [completed(0), outstanding(2), outstanding(9)],
      { since: at(9), setBacks: 2, setBack: true },
      wrote(5),
    ],
    [
      'the same, where the row is only written once more',
      [completed(0), outstanding(2), outstanding(9), outstanding(11)],
      { since: at(9), setBacks: 2, setBack: true },
      wrote(5),
    ],
    [
      'a person’s, where a write of ours was undone',
      [outstanding(0), completed(5), outstanding(7)],
      { setBack: true, since: at(7), ours: undefined },
      wrote(5),
    ],
    [
      'ours, where we set it back since its task was open again',
      [completed(2), outstanding(5), outstanding(9)],
      { ours: 'open/person/1', setBack: false },
      wrote(5, 'outstanding'),
    ],
    [
      'set back, where a webhook told that it was done in between',
      [outstanding(0), { told: completed(3) }, outstanding(5)],
      { setBack: true, since: at(5) },
    ],
    [
      'set back, also where that was told after it was read',
      [outstanding(0), outstanding(5), { told: completed(3) }],
      { setBack: true, since: at(5) },
    ],
    [
      'set back once more, where a webhook told that it was done again in between',
      [completed(0), outstanding(2), { told: completed(5) }, outstanding(7)],
      { setBack: true, setBacks: 2, since: at(7) },
    ],
    [
      'set back once more, also where that was told after it was read',
      [completed(0), outstanding(2), outstanding(7), { told: completed(5) }],
      { setBack: true, setBacks: 2, since: at(7) },
    ],
    [
      'set back once, where a webhook told late what it was before',
      [completed(0), outstanding(2), { told: completed(1) }, outstanding(9)],
      { setBack: true, setBacks: 1, since: at(2) },
    ],
    [
      'set back, where a webhook told that it was done in between, all within one whole second',
      [outstanding(0), { told: completed(5) }, outstanding(5)],
      { setBack: true, setBacks: 1, since: at(5) },
    ],
    [
      'not set back, while what was told is newer than what was read',
      [outstanding(0), { told: completed(3) }],
      { setBack: false, doneAt: at(3) },
    ],
    [
      'not set back, where a webhook tells late what we undid ourselves',
      [completed(2), outstanding(5), { told: completed(3) }],
      { setBack: false },
      wrote(5, 'outstanding'),
    ],
    [
      'not changed by what a webhook tells of an outstanding one',
      [completed(5), { told: outstanding(7) }],
      { setBack: false, since: at(5) },
    ],
    [
      'set back, where our write never reached the index, all within one whole second',
      [outstanding(5), outstanding(5)],
      { setBack: true, setBacks: 1 },
      wrote(5),
    ],
    [
      'set back once, also where its title is written after that',
      [outstanding(5), outstanding(5), outstanding(9)],
      { setBack: true, setBacks: 1, since: at(5) },
      wrote(5),
    ],
    // what an earlier release left
    [
      'set back, in an earlier release’s row, where our write of it is on record',
      [outstanding(9)],
      { setBack: true, since: at(9) },
      wroteBefore(5),
      outstanding(9),
    ],
    [
      'ours, in an earlier release’s row',
      [completed(9, at(5))],
      { ours: 'done/person/1' },
      wroteBefore(5),
      completed(5),
    ],
    [
      'nobody’s, in an earlier release’s row without a write of ours',
      [outstanding(9)],
      { setBack: false },
      undefined,
      outstanding(7),
    ],
    [
      'a lost store: nobody’s, until it is set back after our write',
      [outstanding(9), completed(11), outstanding(13)],
      { setBack: true, since: at(13) },
      wrote(11),
    ],
  ])('%s', (_promise, steps, expected, lastWrite, indexed) => {
    expect(historyAfter(steps, lastWrite, indexed)).toMatchObject(expected);
  });

  it('is told alike in whatever order what was read and told arrives', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), order, (done, told) => {
        const versions = done.map((is, n) => (is ? completed(n) : outstanding(n)));
        // Read at the end alone; all versions were told before or after that, in any order.
        const [first = outstanding(0), ...rest] = versions;
        const last = rest.at(-1) ?? first;
        const steps = told.map((n) => ({ told: versions[n] ?? first }));
        const wasDone = versions.slice(0, -1).some(({ status }) => status === 'completed');
        const expected = last.status === 'outstanding' && wasDone;
        expect(historyAfter([first, ...steps, last])?.setBack).toBe(expected);
        expect(historyAfter([first, last, ...steps])?.setBack).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });
});

it('that may have been set back after we set it back ourselves is not told to have been done before', () => {
  const row = { ...completed(0), indexedAt: T0 };
  const ours: LastWrite = {
    phase: 'applied',
    taskState: 'open/person/1',
    target: 'outstanding',
    after: at(2),
  };
  const setBack = nextHistory(row, outstanding(2, undefined), ours, at(3));
  expect(setBack).toMatchObject({ setBack: false, was: 'completed', ours: 'open/person/1' });
  // Our next write was interrupted, and the row was written since, for whatever reason.
  const before = { ...outstanding(2), indexedAt: T0, history: setBack };
  const history = nextHistory(before, outstanding(5), meant(2), at(6));
  expect(history).toMatchObject({ setBack: true, was: undefined, doneAt: undefined });
});

describe('a row that lists show after our write', () => {
  const now = at(5) + 1_000;
  it.each<[promise: string, seen: StatusVersion, lastWrite: LastWrite | undefined, stale: boolean]>([
    ['is stale where it is older', outstanding(4), wrote(5), true],
    [
      'is stale for some seconds where times are too coarse to tell',
      { status: 'outstanding', updatedAt: at(5) },
      wrote(5),
      true,
    ],
    ['is none of ours where it is later', { status: 'outstanding', updatedAt: at(5) + 1 }, wrote(5), false],
    ['is as written', completed(5), wrote(5), false],
    ['is believed in the end', outstanding(5), { ...wrote(5), at: at(5) - 10_000 }, false],
    ['is believed where we wrote nothing', outstanding(4), undefined, false],
  ])('%s', (_promise, seen, lastWrite, stale) => {
    expect(isStale(seen, lastWrite, now)).toBe(stale);
  });
});
