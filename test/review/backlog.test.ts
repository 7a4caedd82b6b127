import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeTaskState } from '../../src/events/standing-state.ts';
import { type BacklogFacts, backlogSince, statusSince } from '../../src/review/backlog.ts';
import { effectiveState } from '../../src/review/effective-state.ts';
import type { TaskRecord } from '../../src/store/records.ts';
import type { ObservedSince } from '../../src/store/start-records.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import {
  followUp,
  historyOf,
  idTime,
  minutes,
  rule,
  statuses,
  T0,
  taskRecord,
  update,
} from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';

/** The first start; the first sync took a minute. */
const START = T0;
const observedSince: ObservedSince = { first: START, synced: START + minutes(1), added: {} };
const days = (n: number) => minutes(24 * 60 * n);
const LONG_AGO = START - days(60);
const LATER = START + minutes(30);

type Counted = BacklogFacts['followUps'][number];

interface Told {
  row?: Counted['row'];
  /** We wrote its task's state. */
  written?: boolean;
  over?: Partial<FollowUp>;
  seenBefore?: string;
}

function counted(task: TaskRecord | undefined, told: Told = {}): Counted {
  const made = followUp({ createdAt: LONG_AGO - days(1), updatedAt: LONG_AGO - days(1), ...told.over });
  const history = {
    ...historyOf(made),
    ...(told.seenBefore && { was: told.seenBefore }),
    ...(told.written && task && { ours: describeTaskState(task) }),
  };
  return {
    followUp: made,
    task: 'jira:acme.atlassian.net/PROJ-1',
    ...(task && { taskState: task }),
    history,
    row: told.row ?? { indexedAt: START + 1 },
    effective: effectiveState(made, { ...(task && { task }), history, now: LATER }, rule()),
  };
}

const byTask = (over: Partial<TaskRecord> = {}, told: Told = {}) =>
  counted(
    taskRecord({ since: LONG_AGO, receivedAt: START + minutes(5), delivery: 'read-back', ...over }),
    told,
  );
const completed = (at: number, told: Told = {}) =>
  counted(undefined, {
    ...told,
    over: { status: 'completed', completedAt: at, updatedAt: at, ...told.over },
  });

const since = (followUps: Counted[], more: Partial<BacklogFacts> = {}, sources: string[] = []) =>
  backlogSince({ followUps, observedSince, ...more }, sources)?.at;

describe('an incident whose follow-ups are done is backlog', () => {
  it.each<[string, Counted[], Partial<BacklogFacts>?]>([
    ['if a person completed them before the first start', [completed(LONG_AGO)]],
    ['if their tasks were done before the first start, whenever that is read', [byTask()]],
    ['if a webhook of before the first start is delivered again', [byTask({ delivery: 'd-1' })]],
    ['if we wrote such a task’s state', [byTask({}, { written: true, over: { status: 'completed' } })]],
    [
      'if it was found closed by a tracker that does not tell since when',
      [byTask({ since: START + minutes(5), undated: true })],
    ],
    [
      'if the title of one of them was written since',
      [completed(LONG_AGO, { over: { updatedAt: LATER, completedAt: LONG_AGO } })],
    ],
    [
      'if a token that was added later shows what was done before it',
      [byTask({ since: LATER - minutes(10), receivedAt: LATER + minutes(1) }), completed(LONG_AGO)],
      { observedSince: { ...observedSince, added: { 'jira token': LATER } } },
    ],
    [
      'if webhooks that were set up later are about a closing before that',
      [byTask({ since: LATER - minutes(10), receivedAt: LATER + minutes(1), delivery: 'd-1' })],
      { observedSince: { ...observedSince, added: { 'jira webhooks': LATER } } },
    ],
    [
      'if it is private, and the role to see it was given later',
      [completed(LATER - minutes(10), { row: { indexedAt: LATER + minutes(1) } })],
      { isPrivate: true, observedSince: { ...observedSince, added: { 'global_access role': LATER } } },
    ],
    [
      'if it is private, the role to see it was given later, and the title of a follow-up was written since',
      [
        completed(LONG_AGO, {
          row: { indexedAt: LATER + minutes(1) },
          over: { updatedAt: LATER + 1, completedAt: LONG_AGO },
        }),
      ],
      { isPrivate: true, observedSince: { ...observedSince, added: { 'global_access role': LATER } } },
    ],
    [
      'if one was “not doing” when it was first seen, and its title was written since the first start',
      [
        counted(undefined, {
          over: {
            id: `${idTime(LONG_AGO)}0000000000000001`,
            status: 'not_doing',
            updatedAt: START + 1_001,
          },
        }),
      ],
    ],
    [
      'if the link of one that a person completed long ago is new',
      [completed(LONG_AGO, { row: { indexedAt: START, connectedAt: LATER } })],
    ],
    [
      'if a task that we wrote was archived since',
      [
        counted(taskRecord({ state: 'deleted', since: LATER }), {
          written: true,
          over: { status: 'completed', completedAt: LONG_AGO },
        }),
      ],
    ],
    [
      'if an earlier release listed it so',
      [completed(LONG_AGO)],
      { observedSince: { ...observedSince, first: 0 }, entry: { at: START, fingerprint: 'x' } },
    ],
  ])('%s', (_promise, followUps, more) => {
    expect(since(followUps, more)).toBeDefined();
  });
});

describe('an incident whose follow-ups are done is no backlog', () => {
  it.each<[string, Counted[], Partial<BacklogFacts>?]>([
    ['if one of its tasks was done after the first start', [byTask(), byTask({ since: LATER })]],
    ['if a person completed one after it', [byTask(), completed(LATER, { seenBefore: 'outstanding' })]],
    [
      'if a follow-up was added by a link to an issue that was closed long ago',
      [completed(LONG_AGO), byTask({}, { row: { indexedAt: LATER } })],
    ],
    [
      'if a follow-up of a private one was added by such a link, by its id after the role to see it was given',
      [
        completed(LONG_AGO, {
          row: { indexedAt: LATER + minutes(1) },
          over: { id: `${idTime(LATER + 1)}0000000000000001`, updatedAt: LATER + 1 },
        }),
      ],
      { isPrivate: true, observedSince: { ...observedSince, added: { 'global_access role': LATER } } },
    ],
    [
      'if one that was made after the first start, by its id, was “not doing” when the first sync read it',
      [
        counted(undefined, {
          over: {
            id: `${idTime(START + 1_001)}0000000000000001`,
            status: 'not_doing',
            updatedAt: START + 1_001,
          },
        }),
      ],
    ],
    [
      'if one that was first seen outstanding is “not doing” since',
      [
        counted(undefined, {
          over: { status: 'not_doing', updatedAt: LATER },
          seenBefore: 'outstanding',
        }),
      ],
    ],
    [
      'if one was connected to an issue that was closed long ago',
      [byTask({}, { row: { indexedAt: START, connectedAt: LATER } })],
    ],
    [
      'if one that blocked was deleted',
      [completed(LONG_AGO), counted(undefined, { over: { status: 'deleted', updatedAt: LATER } })],
    ],
    ['if a person released it', [byTask()], { releasedAt: START + 1 }],
    ['if a person released it while the service was starting', [byTask()], { releasedAt: START - 5_000 }],
    ['if `sweep --backlog` set it free', [byTask()], { entry: { at: START, releasedAt: LATER } }],
    [
      'if a webhook told a closing while the token was being added',
      [byTask({ since: LATER - 1_000, receivedAt: LATER + 1_000, delivery: 'd-1' })],
      { observedSince: { ...observedSince, added: { 'jira token': LATER, 'jira webhooks': START } } },
    ],
    [
      'if it was known before the token was added',
      [byTask({ since: LATER - 2_000, receivedAt: LATER - 1_000 })],
      { observedSince: { ...observedSince, added: { 'jira token': LATER } } },
    ],
    [
      'if webhooks were added where the token was there before',
      [byTask({ since: LATER - 1_000, receivedAt: LATER + 1_000, delivery: 'd-1' })],
      { observedSince: { ...observedSince, added: { 'jira webhooks': LATER, 'jira token': START } } },
    ],
    [
      'if it was known before the token was added, and the token dates it more exactly',
      [byTask({ since: LATER - 1_824, receivedAt: LATER + 5_000, knownAt: LATER - 1_000 })],
      { observedSince: { ...observedSince, added: { 'jira token': LATER } } },
    ],
    [
      'if a task was reopened and done again after it, though a person had completed its follow-up long before',
      [
        counted(taskRecord({ since: LATER, receivedAt: LATER }), {
          over: { status: 'completed', completedAt: LONG_AGO },
        }),
      ],
    ],
    [
      'if a person set the whole backlog free',
      [byTask()],
      { observedSince: { ...observedSince, backlogReleasedAt: LATER } },
    ],
    [
      'if another tracker was added',
      [byTask({ since: LATER - 1_000, receivedAt: LATER + 1_000 })],
      { observedSince: { ...observedSince, added: { 'github token': LATER } } },
    ],
    [
      'if something was done after the token was added, beside what it shows',
      [byTask({ since: LATER - 2_000, receivedAt: LATER + 1 }), completed(LATER + minutes(1))],
      { observedSince: { ...observedSince, added: { 'jira token': LATER } } },
    ],
    [
      'if its task was done in the very second of the first start',
      [byTask({ since: START - (START % 1000) })],
    ],
    [
      'if no first start is known, as under an earlier release',
      [byTask()],
      { observedSince: { first: 0, synced: START, added: { 'jira token': 0 } } },
    ],
    ['if nothing is known of any start', [byTask()], { observedSince: undefined }],
  ])('%s', (_promise, followUps, more) => {
    expect(since(followUps, more)).toBeUndefined();
  });

  it('whatever else it has, once one is done after all that was ever added', () => {
    const time = fc.integer({ min: LONG_AGO, max: LATER });
    const added = fc.dictionary(
      fc.constantFrom('jira token', 'jira webhooks', 'global_access role'),
      fc.integer({ min: START, max: LATER }),
    );
    const old = fc.record({ since: time, receivedAt: fc.integer({ min: START, max: LATER }) });
    fc.assert(
      fc.property(fc.array(old), added, fc.boolean(), (tasks, added, isPrivate) => {
        const news = byTask({ since: LATER + 1_000, receivedAt: LATER + 2_000 });
        const followUps = [...tasks.map((task) => byTask(task)), news];
        expect(since(followUps, { observedSince: { ...observedSince, added }, isPrivate })).toBeUndefined();
      }),
      propertyRuns(200),
    );
  });
});

describe('writes of follow-ups', () => {
  const added = { 'follow-up writes': LATER };
  const done = byTask({ since: LATER - minutes(5), receivedAt: LATER - minutes(5) });

  it('wait where all was done before they were allowed, and closings do not', () => {
    expect(since([done], { observedSince: { ...observedSince, added } }, ['follow-up writes'])).toBe(LATER);
    expect(since([done], { observedSince: { ...observedSince, added } })).toBeUndefined();
  });

  it('do not wait once something is done after that', () => {
    const followUps = [done, byTask({ since: LATER + 1_000 })];
    expect(
      since(followUps, { observedSince: { ...observedSince, added } }, ['follow-up writes']),
    ).toBeUndefined();
  });
});

describe('the status that an incident has', () => {
  it('is as old as the update that brought it, whatever was told since', () => {
    const updates = [
      update({ createdAt: T0, status: statuses.live }),
      update({ createdAt: T0 + 1, status: statuses.learning }),
      update({ createdAt: T0 + 2, status: statuses.learning }),
    ];
    expect(statusSince(updates)).toBe(T0 + 1);
    expect(statusSince([])).toBeUndefined();
  });
});
