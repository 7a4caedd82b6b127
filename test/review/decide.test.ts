import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeTaskState } from '../../src/events/standing-state.ts';
import type { BusinessHours } from '../../src/policy/business-hours.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { decide } from '../../src/review/decide.ts';
import type { Decision, LeaveReason, WaitReason } from '../../src/review/decision.ts';
import { effectiveState } from '../../src/review/effective-state.ts';
import type { Facts, TrackerConfirmation } from '../../src/review/facts.ts';
import { fingerprint } from '../../src/review/fingerprint.ts';
import type { CountedFollowUp } from '../../src/review/sentences.ts';
import { nextAskAt } from '../../src/review/unconfirmed.ts';
import type { Closure } from '../../src/store/records.ts';
import type { ObservedSince } from '../../src/store/start-records.ts';
import {
  followUp,
  historyOf,
  idTime,
  incident,
  minutes,
  rule,
  statuses,
  T0,
  taskRecord,
  update,
} from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';

const now = T0 + minutes(60);
type Given = Partial<Rule & Omit<Policy, 'rules'>> & { closedStatusOfRule?: string };

/** A policy of one rule. */
function policyOf({
  activeIncidents = 'leave',
  closedStatus,
  resolvedStatus,
  paused,
  closedStatusOfRule,
  ...rest
}: Given = {}): Policy {
  const only = rule({ ...rest, closedStatus: closedStatusOfRule });
  return { activeIncidents, closedStatus, resolvedStatus, paused, rules: [only] };
}

/** Decides by a policy of one rule, which the follow-ups were judged by. */
function decideBy(given: Facts, over: Given = {}): Decision {
  const policy = policyOf(over);
  return decide({ ...given, rule: policy.rules[0] ?? given.rule }, policy);
}

function counted(
  over: Parameters<typeof followUp>[0] = {},
  task?: ReturnType<typeof taskRecord>,
  by = rule(),
): CountedFollowUp {
  const made = followUp(over);
  return {
    followUp: made,
    task: 'github:github.com/acme/api#1',
    taskState: task,
    history: historyOf(made),
    row: { indexedAt: T0 },
    effective: effectiveState(made, { task, history: historyOf(made), now }, by),
  };
}

const done = counted({ status: 'completed', updatedAt: T0 + minutes(5), completedAt: T0 + minutes(5) });
const outstanding = counted({
  id: '01FOLLOWUP0000000000000002',
  reference: { provider: 'github', name: 'acme/api#7', permalink: 'https://github.com/acme/api/issues/7' },
});
/** One that its rule lets stay open. */
const mayWait = counted(
  { id: '01FOLLOWUP0000000000000003', writable: { title: 'Tidy up', labels: ['nice to have'] } },
  undefined,
  rule({ mayStayOpen: { labels: ['nice to have'], priorities: [] } }),
);
const TASK = 'github:github.com/acme/api#1';
const REFERENCE = {
  provider: 'github',
  name: 'acme/api#1',
  permalink: 'https://github.com/acme/api/issues/1',
};
/** Done by its task's word, which we wrote to it. */
const setByOthers = counted(
  { status: 'completed', updatedAt: T0 + minutes(11), completedAt: T0 + minutes(11), reference: REFERENCE },
  taskRecord(),
);
const byTask: CountedFollowUp = {
  ...setByOthers,
  history: { ...setByOthers.history, ours: describeTaskState(taskRecord()) },
};
/** Ticked off by a person while its task is open. */
const ticked = counted(
  { status: 'completed', updatedAt: T0 + minutes(20), completedAt: T0 + minutes(20), reference: REFERENCE },
  taskRecord({ state: 'open' }),
);
const answered = (answer: TrackerConfirmation): Partial<Facts> => ({
  followUps: [byTask],
  answers: new Map([[TASK, answer]]),
});
const told = (state: 'done' | 'declined' | 'open' | 'deleted') =>
  answered({ kind: 'answered', state, at: now });

/** A first sync that began then, and found all that there is. */
const startedAt = (first: number): ObservedSince => ({ first, synced: first + minutes(5), added: {} });

const settled = { since: now - minutes(2), statusId: statuses.learning.id };

function hours(over: Partial<BusinessHours> = {}): BusinessHours {
  return { timeZone: 'Europe/Berlin', days: [1, 2, 3, 4, 5], hours: [{ from: 540, to: 1_050 }], ...over };
}

/** Facts of an incident that is to be closed now. */
function facts(over: Partial<Facts> = {}): Facts {
  return {
    rule: rule(),
    followUps: [done],
    changedWhileWriting: false,
    records: new Map(),
    closures: [],
    ready: settled,
    roles: ROLES,
    incident: incident(),
    statuses: Object.values(statuses),
    updates: [update()],
    answers: new Map(),
    now,
    ...over,
  };
}

function closure(over: Partial<Closure> = {}): Closure {
  return {
    id: 'c1',
    to: 'closed',
    statusId: statuses.closed.id,
    at: T0 + minutes(20),
    evidence: [],
    outcome: 'confirmed',
    confirmedAt: T0 + minutes(20),
    ...over,
  };
}

const movedBack = [
  update({ createdAt: T0 }),
  update({ createdAt: T0 + minutes(20), status: statuses.closed }),
  update({ createdAt: T0 + minutes(30), status: statuses.learning }),
];
const DONE_THEN = { followUp: done.followUp.id, setBacks: 0 };
const looks = fingerprint(incident(), [done]);
const live = incident({ status: statuses.live });

const ROLES = ['viewer', 'incident_editor', 'post_incident_flow_opt_out'];
const DAY = minutes(24 * 60);
/** What a refusal of that incident rests on while nothing changes. */
const GROUNDS = {
  fingerprint: looks,
  incidentUpdatedAt: incident().updatedAt,
  followUps: [`${done.followUp.id}:${done.followUp.updatedAt}`],
  roles: ROLES,
};
const FIRST = { followUp: done.followUp.id, status: 'completed', state: 'done', since: T0 + minutes(5) };
const WE_CLOSED = closure({ evidence: [{ ...FIRST, setBacks: 0 }] });
const backToActive = [
  update({ status: statuses.live }),
  update({ createdAt: T0 + minutes(20) }),
  update({ createdAt: T0 + minutes(30), status: statuses.live }),
];
const retitled = { ...done, followUp: { ...done.followUp, updatedAt: T0 + minutes(50) } };
const setBackAndDone = { ...done, history: { ...done.history, setBacks: 1 } };
const linked = counted({
  id: 'linked',
  status: 'completed',
  createdAt: T0 - minutes(9_000),
  updatedAt: T0 + minutes(40),
  completedAt: T0 - minutes(8_000),
});
const between = counted({
  id: 'between',
  status: 'completed',
  createdAt: T0 + minutes(21),
  updatedAt: T0 + minutes(22),
  completedAt: T0 + minutes(22),
});
const seenBack = { incidentUpdatedAt: 1, resolvedByUs: false, done: [DONE_THEN] };
const WE_RESOLVED = closure({
  to: 'post-incident',
  statusId: statuses.learning.id,
  evidence: [{ ...FIRST, setBacks: 0 }],
});
const liveAndReady = { incident: live, ready: { since: now - minutes(2), statusId: live.status.id } };

type Row = [promise: string, facts: Partial<Facts>, policy: Given, expected: object];
const rows: Row[] = [
  // to close
  [
    'closes when all follow-ups are done and settled',
    {},
    {},
    {
      verdict: 'close',
      reason: 'all-done',
      to: 'closed',
      status: statuses.closed,
      words: 'its only follow-up is done',
    },
  ],
  [
    'closes at once where no settle time is set',
    { ready: undefined },
    { settleTime: 0 },
    { verdict: 'close' },
  ],
  [
    'closes an incident in triage as one that is active, where that is asked for',
    {
      incident: incident({ status: { id: '01TRIAGE', name: 'Triage', category: 'triage', rank: 0 } }),
      ready: undefined,
    },
    { activeIncidents: 'close', settleTime: 0 },
    { verdict: 'close' },
  ],
  [
    'settles until the very moment at which its time is over',
    { ready: { since: now - minutes(1) + 1, statusId: statuses.learning.id } },
    { settleTime: minutes(1) },
    { verdict: 'wait', reason: 'settling', until: now + 1 },
  ],
  [
    'closes from the moment at which its settle time is over',
    { ready: { since: now - minutes(1), statusId: statuses.learning.id } },
    { settleTime: minutes(1) },
    { verdict: 'close' },
  ],
  [
    'is not lifted by a release from before it was moved back',
    { updates: movedBack, closures: [closure()], releasedAt: T0 + minutes(29) },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'is lifted by a release after it was moved back',
    { updates: movedBack, closures: [closure()], releasedAt: T0 + minutes(31) },
    {},
    { verdict: 'close' },
  ],
  [
    'closes to the status that was asked for by name',
    {},
    { closedStatus: 'clean-up' },
    { verdict: 'close', status: statuses.cleanUp },
  ],
  [
    'closes to the status that was asked for by id',
    {},
    { closedStatus: statuses.cleanUp.id },
    { verdict: 'close', status: statuses.cleanUp },
  ],
  [
    'does not know deleted follow-ups',
    { followUps: [done, counted({ id: 'x', status: 'deleted' })] },
    {},
    { verdict: 'close' },
  ],

  // follow-ups
  [
    'waits for an outstanding follow-up, and names it',
    { followUps: [done, outstanding] },
    {},
    {
      verdict: 'wait',
      reason: 'follow-ups',
      words: 'waits for acme/api#7',
      blockers: [expect.objectContaining({ url: 'https://github.com/acme/api/issues/7' })],
    },
  ],
  [
    'an incident without follow-ups is left alone',
    { followUps: [] },
    {},
    { verdict: 'leave', reason: 'too-few-follow-ups' },
  ],
  [
    'an incident with only deleted follow-ups is left alone',
    { followUps: [counted({ status: 'deleted' })] },
    {},
    { verdict: 'leave', reason: 'too-few-follow-ups' },
  ],
  [
    'fewer follow-ups than MIN_FOLLOW_UPS are too few',
    {},
    { minFollowUps: 2 },
    { verdict: 'leave', reason: 'too-few-follow-ups' },
  ],
  [
    'a minimum of 0 is a minimum of 1',
    { followUps: [] },
    { minFollowUps: 0 },
    { verdict: 'leave', reason: 'too-few-follow-ups' },
  ],
  [
    'what changed while it was written is looked at again',
    { changedWhileWriting: true },
    {},
    { verdict: 'wait', reason: 'changed-while-writing' },
  ],

  // reads
  [
    'asks for the incident only when no follow-up blocks',
    { incident: undefined },
    {},
    { verdict: 'read', what: 'incident' },
  ],
  [
    'asks for no incident while a follow-up blocks',
    { incident: undefined, followUps: [outstanding] },
    {},
    { verdict: 'wait', reason: 'follow-ups' },
  ],
  ['asks for the updates last', { updates: undefined }, {}, { verdict: 'read', what: 'updates' }],
  [
    'looks into its history as soon as nothing blocks, so that no closing is forecast of what was moved back',
    { updates: undefined, ready: undefined },
    {},
    { verdict: 'read', what: 'updates' },
  ],
  [
    'does not look into it again while it settles and stays as it is',
    { updates: undefined, ready: { ...settled, since: now, history: { incidentUpdatedAt: T0 } } },
    {},
    { verdict: 'wait', reason: 'settling' },
  ],
  [
    'looks again where the incident changed since',
    { updates: undefined, ready: { ...settled, since: now, history: { incidentUpdatedAt: T0 - 1 } } },
    {},
    { verdict: 'read', what: 'updates' },
  ],
  [
    'looks again once it has settled, right before it is closed',
    { updates: undefined, ready: { ...settled, history: { incidentUpdatedAt: T0 } } },
    {},
    { verdict: 'read', what: 'updates' },
  ],
  [
    'forecasts no closing at the end of the settle time where it has to stay in its flow for longer',
    { ready: undefined },
    { minTimeResolved: minutes(240) },
    { reason: 'min-time-resolved', readySince: now, until: T0 + minutes(240) },
  ],
  [
    'forecasts no closing at the end of the settle time where the brake lasts longer',
    { ready: undefined, brakeUntil: now + minutes(30) },
    {},
    { reason: 'brake', readySince: now, until: now + minutes(30) },
  ],
  [
    'says that it settles where the brake ends before that',
    { ready: undefined, brakeUntil: now + 1_000 },
    {},
    { reason: 'settling', until: now + minutes(1) },
  ],

  // status
  [
    'an incident that is closed already is left alone',
    { incident: incident({ status: statuses.closed }) },
    {},
    { verdict: 'leave', reason: 'already-closed' },
  ],
  [
    'a paused incident is left alone',
    { incident: incident({ status: statuses.paused }) },
    {},
    { verdict: 'leave', reason: 'not-closable' },
  ],
  [
    'a status of a category that nobody knows is left alone',
    { incident: incident({ status: { ...statuses.learning, category: 'archived' } }) },
    {},
    { verdict: 'leave', reason: 'not-closable' },
  ],
  ['an active incident is left alone', { incident: live }, {}, { verdict: 'leave', reason: 'active' }],
  [
    'an active incident is resolved where that is asked for',
    { incident: live, ready: { since: now - minutes(2), statusId: live.status.id } },
    { activeIncidents: 'resolve' },
    { verdict: 'resolve', to: 'post-incident', status: statuses.learning },
  ],
  [
    'an active incident is resolved to the status that was asked for',
    { incident: live, ready: { since: now - minutes(2), statusId: live.status.id } },
    { activeIncidents: 'resolve', resolvedStatus: 'Reviewing' },
    { verdict: 'resolve', status: statuses.reviewing },
  ],
  [
    'an active incident is closed where that is asked for',
    { incident: live, ready: { since: now - minutes(2), statusId: live.status.id } },
    { activeIncidents: 'close' },
    { verdict: 'close', to: 'closed' },
  ],
  [
    'a post-incident incident is never moved to another post-incident status',
    {},
    { activeIncidents: 'resolve', resolvedStatus: 'Reviewing' },
    { verdict: 'close', status: statuses.closed },
  ],
  [
    'a status that does not exist is said',
    {},
    { closedStatus: 'Done' },
    {
      verdict: 'leave',
      reason: 'no-status',
      words: 'CLOSED_STATUS is “Done”, which is the id or name of no closed status in incident.io',
    },
  ],
  [
    'without the role to close it is left, and the role is named',
    { roles: ['viewer', 'incident_editor'] },
    {},
    { verdict: 'leave', reason: 'key-role', words: expect.stringContaining('post_incident_flow_opt_out') },
  ],

  // people
  [
    'a held incident is left alone',
    { hold: { why: 'post-mortem first', at: T0 } },
    {},
    { verdict: 'leave', reason: 'held', words: expect.stringContaining('post-mortem first') },
  ],
  [
    'an incident that was ready before we came is left alone',
    { observedSince: startedAt(T0 + minutes(10)) },
    {},
    {
      verdict: 'leave',
      reason: 'backlog',
      words: 'it was ready before incident-closer came; close it with `sweep --backlog`, or release it',
      backlog: { at: T0 + minutes(10) },
    },
  ],
  [
    'one that was ready before a token was added says so',
    {
      followUps: [
        { ...byTask, taskState: { ...taskRecord(), delivery: 'read-back', receivedAt: T0 + minutes(40) } },
      ],
      observedSince: { first: T0 - minutes(10), synced: T0, added: { 'github token': T0 + minutes(30) } },
    },
    {},
    {
      verdict: 'leave',
      reason: 'backlog',
      words: expect.stringMatching(
        /^it was ready before 2026.*UTC, when incident-closer was given github token; /,
      ),
    },
  ],
  [
    'one that is backlog by its follow-ups is not once its status changed after the first start',
    { observedSince: startedAt(T0 + minutes(10)), updates: [update({ createdAt: T0 + minutes(11) })] },
    {},
    { verdict: 'close' },
  ],
  [
    'of one that may be backlog the history is read',
    { observedSince: startedAt(T0 + minutes(10)), updates: undefined },
    {},
    { verdict: 'read', what: 'updates' },
  ],
  [
    'the backlog ends with a release',
    { observedSince: startedAt(T0 + minutes(10)), releasedAt: T0 + minutes(11) },
    {},
    { verdict: 'close' },
  ],
  [
    'an incident that was closed and moved back is left alone',
    { updates: movedBack },
    {},
    { verdict: 'leave', reason: 'moved-back', words: expect.stringContaining('2026-03-01 12:30:00 UTC') },
  ],
  [
    'an incident that we closed and that is open again is left alone, also where its history does not tell',
    { closures: [closure()] },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'an incident whose history ends closed but that is open is left alone',
    { updates: movedBack.slice(0, 2) },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'a closing that failed moves nothing back',
    { closures: [closure({ outcome: 'failed' })] },
    {},
    { verdict: 'close' },
  ],
  [
    'one that a person resolved, moved back to active and resolved again has a new end, and settles anew',
    {
      updates: [
        update(),
        update({ createdAt: T0 + minutes(20), status: statuses.live }),
        update({ createdAt: T0 + minutes(30) }),
      ],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'an incident that was moved back is closed again after a release',
    { updates: movedBack, releasedAt: T0 + minutes(31) },
    {},
    { verdict: 'close' },
  ],
  [
    'an incident that was moved back is closed again after a follow-up became done',
    {
      updates: movedBack,
      followUps: [
        counted({ status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) }),
      ],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'an incident that was moved back is closed again after a follow-up was added and is done',
    {
      updates: movedBack,
      followUps: [
        done,
        counted({ id: 'new', status: 'not_doing', createdAt: T0 + minutes(40), updatedAt: T0 + minutes(41) }),
      ],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'one that was added in the same second, as its id tells, and dated in whole seconds, is new as well',
    {
      updates: [...movedBack.slice(0, 2), update({ createdAt: T0 + minutes(30) + 420 })],
      followUps: [
        done,
        counted({
          id: `${idTime(T0 + minutes(30) + 460)}0000000000000001`,
          ...{ status: 'completed', createdAt: T0 + minutes(30), updatedAt: T0 + minutes(30) },
          completedAt: T0 + minutes(30),
        }),
      ],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'its title or priority, written after the moving back, lifts nothing',
    { updates: movedBack, closures: [WE_CLOSED], followUps: [retitled] },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'nor where it was closed by hand',
    { updates: movedBack, followUps: [retitled] },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'a follow-up added by link from an issue that was done long ago is new work',
    { updates: movedBack, closures: [WE_CLOSED], followUps: [done, linked] },
    {},
    { verdict: 'close' },
  ],
  [
    'one that was added and done between our closing and the moving back is none',
    { updates: movedBack, closures: [WE_CLOSED], followUps: [done, between] },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'one that was set back and done again since our closing is new work',
    { updates: movedBack, closures: [WE_CLOSED], followUps: [setBackAndDone] },
    {},
    { verdict: 'close' },
  ],
  [
    'what stood when it was first seen moved back counts from then on',
    {
      updates: movedBack,
      movedBack: { ...seenBack, at: T0 + minutes(30) },
      followUps: [setBackAndDone],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'a release of this very moving back lifts it, whatever incident.io’s clock says',
    {
      updates: movedBack,
      movedBack: { ...seenBack, at: T0 + minutes(30), liftedAt: T0 },
      releasedAt: T0,
    },
    {},
    { verdict: 'close' },
  ],
  [
    'and no later one',
    {
      updates: movedBack,
      movedBack: { ...seenBack, at: T0 + minutes(10), liftedAt: T0 + minutes(11) },
      releasedAt: T0 + minutes(11),
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'resolved by a person and active again is no moving back',
    { ...liveAndReady, updates: backToActive },
    { activeIncidents: 'close' },
    { verdict: 'close' },
  ],
  [
    'resolved by us and active again is one',
    { ...liveAndReady, updates: backToActive, closures: [WE_RESOLVED] },
    { activeIncidents: 'resolve' },
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'and is measured by what was done when we resolved it, not when we had closed it before that',
    {
      ...liveAndReady,
      updates: [
        ...movedBack,
        update({ id: '01ACTIVE', createdAt: T0 + minutes(31), status: statuses.live }),
        update({ createdAt: T0 + minutes(40) }),
        update({ createdAt: T0 + minutes(50), status: statuses.live }),
      ],
      closures: [
        WE_CLOSED,
        {
          ...WE_RESOLVED,
          id: 'c2',
          at: T0 + minutes(40),
          confirmedAt: T0 + minutes(40),
          lastUpdate: '01ACTIVE',
          evidence: [{ ...FIRST, setBacks: 1 }],
        },
      ],
      followUps: [setBackAndDone],
    },
    { activeIncidents: 'resolve' },
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'resolved by us, closed by hand, moved back and active again: by what stood when it was moved back',
    {
      ...liveAndReady,
      updates: [
        update({ id: 'u1', status: statuses.live }),
        update({ id: 'u2', createdAt: T0 + minutes(20) }),
        update({ id: 'u3', createdAt: T0 + minutes(25), status: statuses.closed }),
        update({ id: 'u4', createdAt: T0 + minutes(30) }),
        update({ id: 'u5', createdAt: T0 + minutes(35), status: statuses.live }),
      ],
      closures: [WE_RESOLVED],
      followUps: [setBackAndDone],
    },
    { activeIncidents: 'resolve' },
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'resolved by us, active again and resolved by a person has a new end',
    { updates: [...backToActive, update({ createdAt: T0 + minutes(40) })], closures: [WE_RESOLVED] },
    { activeIncidents: 'resolve' },
    { verdict: 'close' },
  ],
  [
    'one that was resolved anew after it was found ready settles anew',
    { updates: [...backToActive, update({ createdAt: now - minutes(1) })] },
    {},
    { verdict: 'wait', reason: 'settling', readySince: now, until: now + minutes(1) },
  ],
  [
    'where nothing is written, a task that became done lifts it',
    { updates: movedBack, followUps: [counted({}, taskRecord({ since: T0 + minutes(40) }))] },
    {},
    { verdict: 'close' },
  ],
  [
    'a declined follow-up that incident.io turns to completed is no news',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'not_doing', state: 'declined', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [
        counted(
          { status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) },
          taskRecord({ state: 'declined' }),
        ),
      ],
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'a follow-up that we left outstanding and that incident.io ticks off late is no news',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'outstanding', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [
        counted(
          { status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) },
          taskRecord(),
        ),
      ],
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'one that we left outstanding is news once its task was reopened and done again, whoever ticks it off',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'outstanding', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [
        counted(
          { status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) },
          taskRecord({ since: T0 + minutes(39) }),
        ),
      ],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'a task that was reopened and done again before we resolved the incident is no news when it is told after it',
    {
      updates: [update({ status: statuses.live }), update({ createdAt: T0 + minutes(20) })],
      closures: [
        closure({
          to: 'post-incident',
          statusId: statuses.learning.id,
          evidence: [
            { followUp: done.followUp.id, status: 'outstanding', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [counted({ status: 'outstanding' }, taskRecord({ since: T0 + minutes(15) }))],
    },
    { activeIncidents: 'resolve' },
    {
      verdict: 'leave',
      reason: 'resolved-by-us',
      movedBack: { done: [{ followUp: done.followUp.id, since: T0 + minutes(20) }] },
    },
  ],
  [
    'what its task became before somebody moved it back may be told later: no less counts as done then',
    {
      updates: movedBack,
      closures: [],
      followUps: [counted({ status: 'outstanding' }, taskRecord({ since: T0 + minutes(10) }))],
    },
    {},
    {
      verdict: 'leave',
      reason: 'moved-back',
      movedBack: { done: [{ followUp: done.followUp.id, since: T0 + minutes(30) }] },
    },
  ],
  [
    'a reading that dates the same closing a millisecond later than a guess did is no news',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'outstanding', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [
        counted(
          { status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) },
          taskRecord({ since: T0 + minutes(10) + 1 }),
        ),
      ],
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'the date of a task is no news where its follow-up was completed when we closed',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'completed', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [
        counted(
          { status: 'completed', updatedAt: T0 + minutes(40), completedAt: T0 + minutes(40) },
          taskRecord({ since: T0 + minutes(39) }),
        ),
      ],
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'a follow-up that was completed when we closed, and that somebody sets to not doing later, is no news',
    {
      updates: movedBack,
      closures: [
        closure({
          evidence: [
            { followUp: done.followUp.id, status: 'completed', state: 'done', since: T0 + minutes(10) },
          ],
        }),
      ],
      followUps: [counted({ status: 'not_doing', updatedAt: T0 + minutes(40) }, taskRecord())],
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'an incident that our key resolved is left to people also where the store was lost',
    {
      keyName: 'closer',
      updates: [
        update({ status: statuses.live }),
        update({ createdAt: T0 + minutes(20), updater: { kind: 'api_key', id: 'k1', name: 'closer' } }),
      ],
    },
    { activeIncidents: 'resolve' },
    { verdict: 'leave', reason: 'resolved-by-us' },
  ],
  [
    'what was found moved back is not read again while the incident is the same',
    {
      movedBack: { at: T0 + minutes(30), incidentUpdatedAt: T0, resolvedByUs: false, done: [DONE_THEN] },
      updates: undefined,
      ready: undefined,
    },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'an incident that we resolved is left to people',
    {
      closures: [closure({ to: 'post-incident', statusId: statuses.learning.id })],
      updates: [update({ status: statuses.live }), update({ createdAt: T0 + minutes(20) })],
    },
    {},
    { verdict: 'leave', reason: 'resolved-by-us' },
  ],

  // refusals
  [
    'what incident.io refused is not tried again while nothing changes, and says since when and when it is',
    { refusal: { ...GROUNDS, words: 'an owner is required', at: now - minutes(5), since: T0 } },
    {},
    {
      verdict: 'leave',
      reason: 'refused',
      until: now - minutes(5) + DAY,
      words: expect.stringMatching(
        /an owner is required; refused first at 2026-03-01 12:00:00 UTC and last at .*at 2026-03-02 12:55:00 UTC whatever/,
      ),
    },
  ],
  ...(
    [
      ['after a day', { ...GROUNDS, at: now - DAY }],
      ['where an earlier release kept it, when something changed', { fingerprint: 'other', at: now }],
      [
        'some minutes later, when the incident changed',
        { ...GROUNDS, at: now - minutes(5), incidentUpdatedAt: 1 },
      ],
      [
        'some minutes later, when a follow-up was written',
        { ...GROUNDS, at: now - minutes(5), followUps: ['x:1'] },
      ],
      [
        'some minutes later, when the key got a role',
        { ...GROUNDS, at: now - minutes(5), roles: ['viewer'] },
      ],
    ] as const
  ).map(
    ([when, refusal]): Row => [
      `what incident.io refused is tried again ${when}`,
      { refusal: { followUps: [], ...refusal, words: 'x' } as Facts['refusal'] },
      {},
      { verdict: 'close' },
    ],
  ),
  [
    'what incident.io refused is not tried again at once, whatever changed',
    { refusal: { ...GROUNDS, words: 'x', at: now - minutes(1), roles: ['viewer'] } },
    {},
    { reason: 'refused', until: now + minutes(4) },
  ],
  [
    'what incident.io refused is tried again after a release',
    { refusal: { ...GROUNDS, words: 'x', at: now - 2 }, releasedAt: now - 1 },
    {},
    { verdict: 'close' },
  ],

  // time
  [
    'settles from when it was first found ready',
    { ready: { since: now - 10_000, statusId: statuses.learning.id } },
    {},
    { verdict: 'wait', reason: 'settling', until: now + 50_000, readySince: now - 10_000 },
  ],
  [
    'settles anew in another status',
    { ready: { since: now - minutes(9), statusId: statuses.live.id } },
    {},
    { verdict: 'wait', reason: 'settling', until: now + minutes(1), readySince: now },
  ],
  [
    'settles anew what a dry run found ready, a minute at least',
    {
      observedSince: { ...startedAt(T0 - minutes(60)), real: { since: now - 5_000, listedAt: now - 2_000 } },
    },
    { settleTime: 0 },
    { verdict: 'wait', reason: 'settling', until: now + 58_000, readySince: now },
  ],
  [
    'settles for as long as what a dry run found ready was not listed',
    { observedSince: { ...startedAt(T0 - minutes(60)), real: { since: now - minutes(9) } } },
    { settleTime: 0 },
    { verdict: 'wait', reason: 'settling', until: now + minutes(1) },
  ],
  [
    'settles as usual once what a dry run found ready has been listed',
    {
      observedSince: {
        ...startedAt(T0 - minutes(60)),
        real: { since: now - minutes(9), listedAt: now - minutes(8) },
      },
    },
    {},
    { verdict: 'close' },
  ],
  [
    'waits at the brake',
    { brakeUntil: now + minutes(5) },
    {},
    { verdict: 'wait', reason: 'brake', until: now + minutes(5) },
  ],
  // policy
  [
    'leaves everything while it is paused',
    {},
    { paused: 'change freeze' },
    { verdict: 'leave', reason: 'paused', words: 'everything is paused: change freeze' },
  ],
  [
    'a pause is told after what blocks',
    { followUps: [outstanding] },
    { paused: 'change freeze' },
    { verdict: 'wait', reason: 'follow-ups' },
  ],
  [
    'leaves what its rule leaves to people, and names the rule',
    {},
    { name: 'Security', close: false },
    { verdict: 'leave', reason: 'rule', words: 'the rule “Security” leaves such incidents to people' },
  ],
  ['a hold is told before a rule', { hold: { why: 'x', at: T0 } }, { close: false }, { reason: 'held' }],
  [
    'waits for the post-mortem where its rule wants one',
    {},
    { name: 'SEV1', requirePostmortem: true },
    {
      verdict: 'wait',
      reason: 'no-postmortem',
      words: 'the rule “SEV1” wants its post-mortem first, and it has none',
    },
  ],
  [
    'closes with the post-mortem that its rule wants',
    { incident: incident({ hasPostmortem: true }) },
    { requirePostmortem: true },
    { verdict: 'close' },
  ],
  [
    'keeps it in its post-incident flow for the least time that its rule sets',
    {},
    { name: 'SEV1', minTimeResolved: DAY },
    {
      verdict: 'wait',
      reason: 'min-time-resolved',
      until: T0 + DAY,
      words: expect.stringContaining(
        'by the rule “SEV1” it stays in its post-incident flow until 2026-03-02 12:00:00 UTC',
      ),
    },
  ],
  ['and no longer', {}, { minTimeResolved: minutes(60) }, { verdict: 'close' }],
  [
    'counts that time from when it was resolved last',
    {
      updates: [...backToActive, update({ createdAt: now - minutes(10) })],
      ready: { ...settled, since: now - minutes(5) },
    },
    { minTimeResolved: minutes(60) },
    { reason: 'min-time-resolved', until: now + minutes(50) },
  ],
  // 2026-03-01, a Sunday; T0 is noon by UTC and `now` an hour later.
  [
    'closes within business hours',
    {},
    { businessHours: hours({ days: [0], hours: [{ from: 14 * 60, to: 15 * 60 }] }) },
    { verdict: 'close' },
  ],
  [
    'waits for business hours, and says until when and by which rule',
    {},
    { name: 'SEV1', businessHours: hours() },
    {
      verdict: 'wait',
      reason: 'business-hours',
      until: Date.parse('2026-03-02T08:00:00Z'),
      readySince: settled.since,
      blockers: [
        {
          why: 'its only follow-up is done; by the rule “SEV1” it is closed within business hours only, Mon-Fri 09:00-17:30 (Europe/Berlin), which begin next at 2026-03-02 08:00:00 UTC',
        },
      ],
    },
  ],
  [
    'waits for the hours after what ends within none',
    { ready: undefined },
    { settleTime: DAY, businessHours: hours({ days: [0] }) },
    { reason: 'business-hours', until: Date.parse('2026-03-08T08:00:00Z') },
  ],
  [
    'says that it settles where that ends within business hours',
    { ready: undefined },
    { settleTime: DAY, businessHours: hours() },
    { reason: 'settling', until: now + DAY },
  ],
  [
    'is resolved within business hours only as well',
    {
      incident: live,
      updates: [update({ status: statuses.live })],
      ready: { ...settled, statusId: live.status.id },
    },
    { activeIncidents: 'resolve', businessHours: hours() },
    { reason: 'business-hours', words: expect.stringContaining('it is resolved within business hours only') },
  ],
  [
    'reads its history once while it waits for business hours',
    { updates: undefined, ready: { ...settled, history: { incidentUpdatedAt: T0 } } },
    { businessHours: hours() },
    { verdict: 'wait', reason: 'business-hours' },
  ],
  [
    'waits for roles that nobody has, and names those that somebody has',
    {
      incident: incident({
        roles: [
          { id: '1', name: 'Lead', isFilled: true },
          { id: '2', name: 'Scribe', isFilled: false },
        ],
      }),
    },
    { name: 'SEV1', requiredRoles: ['lead', 'Scribe'] },
    {
      verdict: 'wait',
      reason: 'roles',
      words: 'by the rule “SEV1” somebody has to have the role “Scribe”; filled is “Lead”',
    },
  ],
  [
    'waits where who has which role could not be read',
    {},
    { requiredRoles: ['Lead'] },
    { reason: 'roles', words: expect.stringContaining('could not be read') },
  ],
  [
    'closes once they are filled',
    { incident: incident({ roles: [{ id: '1', name: 'Lead', isFilled: true }] }) },
    { requiredRoles: ['Lead'] },
    { verdict: 'close' },
  ],
  [
    'waits in a status of its flow from which its rule does not close',
    {},
    { name: 'SEV1', closeFromStatus: ['Reviewing'] },
    {
      verdict: 'wait',
      reason: 'in-flow',
      words: 'by the rule “SEV1” it is closed from “Reviewing” only, and its status is “Documenting”',
    },
  ],
  [
    'says so where there is no such status',
    {},
    { closeFromStatus: ['Reviewed'] },
    {
      reason: 'in-flow',
      words: expect.stringContaining(
        'of which incident.io has none: there are “Documenting” and “Reviewing”',
      ),
    },
  ],
  [
    'closes from the status that its rule names',
    {},
    { closeFromStatus: ['documenting'] },
    { verdict: 'close' },
  ],
  [
    'has to be resolved first where its rule names the status to close it from',
    { incident: live },
    { activeIncidents: 'close', closeFromStatus: ['Reviewing'] },
    { reason: 'not-resolved' },
  ],
  [
    'is resolved whatever of its flow is wanted before it is closed',
    {
      incident: live,
      updates: [update({ status: statuses.live })],
      ready: { ...settled, statusId: live.status.id },
    },
    { activeIncidents: 'resolve', requiredRoles: ['Lead'], closeFromStatus: ['Reviewing'] },
    { verdict: 'resolve' },
  ],
  [
    'has to be resolved first where such a time is set',
    { incident: live },
    { activeIncidents: 'close', minTimeResolved: DAY },
    { reason: 'not-resolved' },
  ],
  [
    'waits for the end of a debrief where its rule wants that',
    { incident: incident({ debriefs: [{ startAt: now - 1, endAt: now + minutes(30) }] }) },
    { waitForDebriefs: true },
    { verdict: 'wait', reason: 'debrief', until: now + minutes(30) },
  ],
  [
    'waits for none that is over',
    { incident: incident({ debriefs: [{ startAt: T0, endAt: now }] }) },
    { waitForDebriefs: true },
    { verdict: 'close' },
  ],
  [
    'closes to the status that its rule names',
    {},
    { closedStatus: 'Closed', closedStatusOfRule: 'clean-up' },
    { verdict: 'close', status: statuses.cleanUp },
  ],
  [
    'names the rule whose status does not exist',
    {},
    { name: 'SEV1', closedStatusOfRule: 'Done' },
    { reason: 'no-status', words: expect.stringContaining('closed_status of the rule “SEV1” is “Done”') },
  ],
  [
    'knows the statuses of other flows to resolve to, where none is set',
    liveAndReady,
    { activeIncidents: 'resolve' },
    { status: statuses.learning, others: [statuses.reviewing] },
  ],
  [
    'a follow-up that may stay open does not keep it open',
    { followUps: [done, mayWait] },
    {},
    { verdict: 'close', words: '1 of its 2 follow-ups are done, and the others may stay open' },
  ],
  [
    'what may stay open is not enough to close by',
    { followUps: [mayWait] },
    {},
    {
      verdict: 'leave',
      reason: 'too-few-follow-ups',
      words: '0 of its 1 follow-ups are done (the others may stay open), and 1 are needed to close by them',
    },
  ],
  [
    'a follow-up that may stay open and came later does not lift a moving back',
    { updates: movedBack, followUps: [done, { ...mayWait, followUp: followUp({ createdAt: now }) }] },
    {},
    { verdict: 'leave', reason: 'moved-back' },
  ],
  [
    'a follow-up that may stay open and came later does not take it off the backlog',
    { observedSince: startedAt(T0 + minutes(10)), followUps: [done, mayWait] },
    {},
    { verdict: 'leave', reason: 'backlog' },
  ],

  ['a brake that was let go holds nothing', { brakeUntil: now }, {}, { verdict: 'close' }],

  // the trackers' confirmation
  ['asks the trackers last of all', { answers: undefined }, {}, { verdict: 'read', what: 'tasks' }],
  [
    'asks no tracker while the incident settles',
    { answers: undefined, ready: undefined },
    {},
    { reason: 'settling' },
  ],
  [
    'asks no tracker at the brake',
    { answers: undefined, brakeUntil: now + minutes(5) },
    {},
    { reason: 'brake' },
  ],
  ['closes when its tracker says the same', told('done'), {}, { verdict: 'close' }],
  ['closes when its tracker says that a done task was declined', told('declined'), {}, { verdict: 'close' }],
  [
    'waits while the tracker says that a task is open of which newer evidence says that it is done',
    told('open'),
    {},
    {
      verdict: 'wait',
      reason: 'confirming',
      words: 'its only follow-up is done, but acme/api#1 is not confirmed by its tracker',
      readySince: settled.since,
      confirmingSince: now,
      until: now + 10_000,
      blockers: [{ task: TASK, why: expect.stringContaining('says that it is open') }],
    },
  ],
  [
    'waits while the tracker says that a task was deleted of which newer evidence says that it is done',
    told('deleted'),
    {},
    { verdict: 'wait', reason: 'confirming' },
  ],
  [
    'waits for a tracker that could not be asked, until that can be asked again',
    { ...answered({ kind: 'not-reached', since: now, why: 'GitHub is busy', retryAt: now + minutes(40) }) },
    {},
    {
      verdict: 'wait',
      reason: 'confirming',
      until: now + minutes(40),
      blockers: [{ why: expect.stringContaining('GitHub is busy') }],
    },
  ],
  [
    'waits for it also where somebody else set the follow-up, and says until when at the latest',
    {
      ...answered({ kind: 'not-reached', since: now - DAY + 1, why: 'GitHub is busy', retryAt: now + 1 }),
      followUps: [ticked],
    },
    {},
    {
      verdict: 'wait',
      reason: 'confirming',
      blockers: [{ why: expect.stringContaining('until 2026-03-01 13:00:00 UTC at the latest') }],
    },
  ],
  [
    'waits no longer than a day for it where somebody else set the follow-up',
    { ...answered({ kind: 'not-reached', since: now - DAY, why: 'down' }), followUps: [ticked] },
    {},
    { verdict: 'close' },
  ],
  [
    'waits no longer than a day where somebody else set it, also where the task had told that it is done',
    {
      ...answered({ kind: 'not-reached', since: now - DAY, why: 'down' }),
      followUps: [setByOthers],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'waits for what the task alone told for as long as it takes',
    answered({ kind: 'not-reached', since: now - 99 * DAY, why: 'down' }),
    {},
    { verdict: 'wait', reason: 'confirming' },
  ],
  [
    'closes where the tracker does not show a task whose follow-up somebody else set, although the task had told that it is done',
    {
      ...answered({ kind: 'not-shown', why: 'not found' }),
      followUps: [setByOthers],
    },
    {},
    { verdict: 'close' },
  ],
  [
    'waits where the tracker does not show a task that is done by its word, and says what to do',
    answered({ kind: 'not-shown', why: 'not found' }),
    {},
    {
      verdict: 'wait',
      reason: 'confirming',
      blockers: [{ why: expect.stringMatching(/not found.*give the token access to it, or release/) }],
    },
  ],
  [
    'closes after a release also where that closing is told, or read, once more after it',
    {
      ...answered({ kind: 'not-shown', why: 'not found' }),
      followUps: [{ ...byTask, taskState: taskRecord({ knownAt: now - 10, receivedAt: now - 1 }) }],
      releasedAt: now - 5,
    },
    {},
    { verdict: 'close' },
  ],
  [
    'closes where the tracker does not show a task whose follow-up a person ticked off',
    { ...answered({ kind: 'not-shown', why: 'not found' }), followUps: [ticked] },
    {},
    { verdict: 'close' },
  ],
  [
    'closes where the tracker says that the task of a follow-up that a person ticked off is open',
    { ...told('open'), followUps: [ticked] },
    {},
    { verdict: 'close' },
  ],
  ...(['not-shown', 'not-reached', 'answered'] as const).map(
    (kind): Row => [
      `a release closes without a confirmation: ${kind}`,
      {
        ...answered({ kind, why: 'x', retryAt: now + 1, state: 'open', at: now } as TrackerConfirmation),
        releasedAt: now,
      },
      {},
      { verdict: 'close' },
    ],
  ),
  [
    'a release before the task was done confirms nothing',
    { ...answered({ kind: 'not-shown', why: 'x' }), releasedAt: T0 + minutes(9) },
    {},
    { verdict: 'wait', reason: 'confirming' },
  ],
  [
    'waits for the task that a duplicate repeats',
    {
      followUps: [
        {
          ...byTask,
          chain: { links: [{ task: TASK, record: taskRecord() }, { task: 'github:github.com/acme/api#2' }] },
        },
      ],
      answers: new Map([
        [TASK, { kind: 'answered', state: 'declined', at: now }],
        ['github:github.com/acme/api#2', { kind: 'answered', state: 'open', at: now }],
      ]),
    },
    {},
    { verdict: 'wait', reason: 'confirming', blockers: [{ task: 'github:github.com/acme/api#2' }] },
  ],
  [
    'asks again after as long as it has been confirming already',
    { ...told('open'), ready: { ...settled, confirmingSince: now - 25_000 } },
    {},
    { reason: 'confirming', until: now + 15_000, confirmingSince: now - 25_000 },
  ],
  [
    'begins to confirm anew where the status changed since',
    {
      ...told('open'),
      ready: { since: now, statusId: 'another', confirmingSince: now - minutes(90) },
    },
    { settleTime: 0 },
    { reason: 'confirming', confirmingSince: now },
  ],
];

describe('decide', () => {
  it.each(rows)('%s', (_promise, over, rules, expected) => {
    expect(decideBy(facts(over), rules)).toMatchObject(expected);
  });

  it('has the follow-ups judged anew where the incident, once read, has another rule', () => {
    const [first, last] = [rule({ name: 'SEV1', when: { severity: ['SEV1'] } }), rule()];
    const policy: Policy = { activeIncidents: 'leave', rules: [first, last] };
    const severity = { id: 's1', name: 'SEV1' };
    expect(decide({ ...facts({ incident: incident({ severity }) }), rule: last }, policy)).toEqual({
      verdict: 'read',
      what: 'follow-ups',
      rule: first,
    });
    expect(decide({ ...facts(), rule: last }, policy)).toMatchObject({ verdict: 'close' });
    // Before the incident is read, what blocks is told by the rule that probably fits.
    expect(
      decide({ ...facts({ incident: undefined, followUps: [outstanding] }), rule: last }, policy),
    ).toMatchObject({
      reason: 'follow-ups',
    });
  });

  it('has a row for every reason', () => {
    const reasons: Record<WaitReason | LeaveReason | 'all-done', true> = {
      'follow-ups': true,
      'changed-while-writing': true,
      settling: true,
      brake: true,
      'no-postmortem': true,
      debrief: true,
      'not-resolved': true,
      'min-time-resolved': true,
      'business-hours': true,
      roles: true,
      'in-flow': true,
      confirming: true,
      'first-sync': true,
      'too-few-follow-ups': true,
      paused: true,
      rule: true,
      'already-closed': true,
      'not-closable': true,
      held: true,
      backlog: true,
      active: true,
      'moved-back': true,
      'resolved-by-us': true,
      'no-status': true,
      'key-role': true,
      refused: true,
      'all-done': true,
    };
    const shown = new Set(
      rows
        .map(([, over, rules]) => decideBy(facts(over), rules))
        .flatMap((decision) => (decision.verdict === 'read' ? [] : [decision.reason as string])),
    );
    // The first sync is no matter of facts: a review says it before it reads any.
    expect(Object.keys(reasons).filter((reason) => !shown.has(reason))).toEqual(['first-sync']);
  });
});

const anyState = fc.constantFrom('done', 'declined', 'open', 'deleted') as fc.Arbitrary<
  'done' | 'declined' | 'open' | 'deleted'
>;
const anyTime = fc.integer({ min: 0, max: 120 }).map((n) => T0 + minutes(n));
const anyCounted: fc.Arbitrary<CountedFollowUp> = fc
  .record({
    status: fc.constantFrom('outstanding', 'completed', 'not_doing', 'deleted', 'someday'),
    updatedAt: anyTime,
    task: fc.option(
      fc.record({
        state: anyState,
        by: fc.constantFrom('person', 'automation', 'unknown') as fc.Arbitrary<
          'person' | 'automation' | 'unknown'
        >,
        since: anyTime,
        seenClosed: fc.boolean(),
      }),
      { nil: undefined },
    ),
  })
  .map(({ status, updatedAt, task }) =>
    counted(
      { status, updatedAt, completedAt: status === 'completed' ? updatedAt : undefined },
      task && taskRecord(task),
    ),
  );
const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    followUps: fc.array(anyCounted, { maxLength: 4 }),
    changedWhileWriting: fc.boolean(),
    status: fc.constantFrom(...Object.values(statuses)),
    hold: fc.option(fc.constant({ why: 'x', at: T0 }), { nil: undefined }),
    releasedAt: fc.option(anyTime, { nil: undefined }),
    readySince: fc.option(anyTime, { nil: undefined }),
    brakeUntil: fc.option(anyTime, { nil: undefined }),
    history: fc.array(
      fc.record({ createdAt: anyTime, status: fc.constantFrom(...Object.values(statuses)) }),
      { maxLength: 4 },
    ),
  })
  .map(({ status, readySince, history, ...rest }) =>
    facts({
      ...rest,
      incident: incident({ status }),
      ready: readySince === undefined ? undefined : { since: readySince, statusId: status.id },
      updates: history.sort((a, b) => a.createdAt - b.createdAt).map((row) => update(row)),
    }),
  );
const anyAnswer: fc.Arbitrary<TrackerConfirmation> = fc.oneof(
  anyState.map((state): TrackerConfirmation => ({ kind: 'answered', state, at: now })),
  fc.constant<TrackerConfirmation>({ kind: 'not-shown', why: 'not found' }),
  fc.constant<TrackerConfirmation>({ kind: 'not-reached', since: now, why: 'down', retryAt: now + 1 }),
);
const anyPolicy: fc.Arbitrary<Given> = fc.record({
  minFollowUps: fc.integer({ min: 0, max: 3 }),
  activeIncidents: fc.constantFrom('leave', 'resolve', 'close') as fc.Arbitrary<
    'leave' | 'resolve' | 'close'
  >,
  settleTime: fc.integer({ min: 0, max: minutes(5) }),
});
const closes = (verdict: string) => verdict === 'close' || verdict === 'resolve';

describe('decide, whatever the facts', () => {
  it('never closes while a follow-up blocks', () => {
    fc.assert(
      fc.property(anyFacts, anyPolicy, (given, rules) => {
        const blocks = given.followUps.some(({ effective: { countsAs } }) => countsAs === 'blocks');
        expect(blocks && closes(decideBy(given, rules).verdict)).toBe(false);
      }),
      propertyRuns(20_000, 1_000),
    );
  });

  it('never closes for one more outstanding follow-up', () => {
    fc.assert(
      fc.property(anyFacts, anyPolicy, (given, rules) => {
        expect(
          closes(decideBy({ ...given, followUps: [...given.followUps, outstanding] }, rules).verdict),
        ).toBe(false);
      }),
      propertyRuns(20_000, 1_000),
    );
  });

  it('never closes without a follow-up, while held, or from a status that is neither active nor post-incident', () => {
    fc.assert(
      fc.property(anyFacts, anyPolicy, (given, rules) => {
        if (!closes(decideBy(given, rules).verdict)) return;
        expect(
          given.followUps.filter(({ effective: { countsAs } }) => countsAs === 'done').length,
        ).toBeGreaterThan(0);
        expect(given.hold).toBeUndefined();
        expect(['live', 'triage', 'learning']).toContain(given.incident?.status.category);
      }),
      propertyRuns(20_000, 1_000),
    );
  });

  it('never closes before the trackers were asked, nor when one of them does not answer and nobody released it', () => {
    fc.assert(
      fc.property(anyFacts, anyPolicy, anyAnswer, (given, rules, answer) => {
        expect(closes(decideBy({ ...given, answers: undefined }, rules).verdict)).toBe(false);
        const { verdict } = decideBy({ ...given, answers: new Map([[TASK, answer]]) }, rules);
        const unanswered = answer.kind === 'not-reached' && given.releasedAt === undefined;
        expect(unanswered && closes(verdict)).toBe(false);
      }),
      propertyRuns(20_000, 1_000),
    );
  });

  it('says why, whatever it decides', () => {
    fc.assert(
      fc.property(anyFacts, anyPolicy, (given, rules) => {
        const decision = decideBy(given, rules);
        if (decision.verdict !== 'read') expect(decision.words.length).toBeGreaterThan(10);
      }),
    );
  });
});

describe('when trackers are asked again', () => {
  it('after 10 s at first, then after ever longer, and every ten minutes in the end', () => {
    const times: number[] = [];
    for (let at = 0; times.length < 10; at = times.at(-1) ?? 0) times.push(nextAskAt(T0, T0 + at) - T0);
    expect(times.map((ms) => ms / 1_000)).toEqual([10, 20, 40, 80, 160, 320, 600, 1200, 1800, 2400]);
  });

  it('at the same time whatever wakes a review in between, so that one timer serves all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.nat(1_000_000), (waited, more) => {
        const next = nextAskAt(T0, T0 + waited);
        expect(next).toBeGreaterThan(T0 + waited);
        const later = T0 + waited + more;
        if (later < next) expect(nextAskAt(T0, later)).toBe(next);
      }),
    );
  });
});
