import { expect, it } from 'vitest';
import { allInWords, checkInWords } from '../../src/commands/check.ts';
import type { CheckResult } from '../../src/operations/check.ts';
import type { CheckAllResult } from '../../src/operations/check-all.ts';

const followUp = {
  followUp: '01FOLLOWUP',
  title: 'Alert on replica lag',
  name: 'OPS-7',
  url: 'https://acme.atlassian.net/browse/OPS-7',
  status: 'completed',
  task: 'jira:acme.atlassian.net/OPS-7',
};
const result: CheckResult = {
  incident: 'INC-1',
  id: '01INCIDENT',
  name: 'Checkout is down',
  status: 'Documenting',
  verdict: 'wait',
  reason: 'confirming',
  words: 'its only follow-up is done, but OPS-7 is not confirmed by its tracker',
  blockers: [],
  followUps: [],
};

it('says why an incident is still being confirmed', () => {
  const why = 'its task could not be read: Jira answered 500; it is asked again';
  const text = checkInWords({
    ...result,
    followUps: [{ ...followUp, counts: 'done', why: 'its task has been done since 2026-03-01 12:00:00 UTC' }],
    blockers: [{ followUp: '01FOLLOWUP', why }],
  }).join('\n');
  expect(text).toContain(`not confirmed: ${why}`);
  expect(text).toContain(followUp.url);
});

it('says the reason of a follow-up that blocks once', () => {
  const why = 'its task was done and has been open again since 2026-03-01 12:00:00 UTC';
  const text = checkInWords({
    ...result,
    reason: 'follow-ups',
    followUps: [{ ...followUp, counts: 'blocks', why }],
    blockers: [{ followUp: '01FOLLOWUP', why }],
  }).join('\n');
  expect(text.split(why)).toHaveLength(2);
});

it('lists what a duplicate repeats, to the end', () => {
  const text = checkInWords({
    ...result,
    followUps: [
      {
        ...followUp,
        counts: 'blocks',
        why: 'its task was closed as a duplicate',
        duplicates: [
          { task: 'jira:acme.atlassian.net/OPS-7', state: 'declined', since: '2026-03-01T12:00:00.000Z' },
          { task: 'jira:acme.atlassian.net/OPS-8' },
        ],
      },
    ],
  }).join('\n');
  expect(text).toContain('OPS-7: declined since 2026-03-01 12:00:00 UTC');
  expect(text).toContain('OPS-8: nothing is known of it');
});

it('lists incidents with their verdicts, marks the private ones, and repeats at the end what would be closed', () => {
  const one = { status: 'Documenting', reason: 'follow-ups', words: 'all are done' };
  const all: CheckAllResult = {
    incidents: [
      { ...one, id: '01', incident: 'INC-1', name: 'A', verdict: 'close', private: true },
      { ...one, id: '02', incident: 'INC-2', name: 'B', verdict: 'resolve', private: false, active: true },
      { ...one, id: '03', incident: 'INC-3', name: 'C', verdict: 'wait', private: true, failing: 'it fails' },
    ],
    withoutFollowUps: 4,
  };
  const sum = [
    '',
    '3 open incidents with follow-ups (1 of them still active), 4 without',
    '1 would be closed now',
    '  INC-1  (private) A: all are done',
    '1 would be moved to post-incident now',
    '  INC-2  B: all are done',
    '1 wait',
  ];
  expect(allInWords(all)).toEqual([
    'close    INC-1  (private) A: all are done',
    'resolve  INC-2  B: all are done',
    'wait     INC-3  (private) C: all are done',
    '           failing: it fails',
    ...sum,
  ]);
  // Those that were shown while others were looked at are not shown again.
  expect(allInWords(all, new Set(['01', '02', '03']))).toEqual(sum);
  expect(allInWords({ incidents: [], withoutFollowUps: 4 })).toEqual([
    '0 open incidents with follow-ups (0 of them still active), 4 without',
    '0 would be closed now',
  ]);
});
