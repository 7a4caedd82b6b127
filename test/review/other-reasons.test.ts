import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/policy/policy.ts';
import { decide } from '../../src/review/decide.ts';
import type { Facts } from '../../src/review/facts.ts';
import { otherReasons, otherReasonsByStore } from '../../src/review/other-reasons.ts';
import type { CountedFollowUp } from '../../src/review/sentences.ts';
import { followUp, historyOf, incident, minutes, rule, statuses, T0, update } from '../support/make.ts';

const made = followUp({ status: 'completed', completedAt: T0, updatedAt: T0 });
const open: CountedFollowUp = {
  followUp: followUp(),
  history: historyOf(followUp()),
  row: { indexedAt: T0 },
  effective: { countsAs: 'blocks', why: 'outstanding' },
};
const done: CountedFollowUp = {
  ...open,
  followUp: made,
  history: historyOf(made),
  effective: { countsAs: 'done' },
};
const now = T0 + minutes(60);

/** Everything that can stand in the way of an incident at once. */
const own = rule({
  close: false,
  requirePostmortem: true,
  requiredRoles: ['Scribe'],
  closeFromStatus: ['Reviewing'],
  waitForDebriefs: true,
});
const policy: Policy = { activeIncidents: 'leave', paused: 'the audit', rules: [own] };
const facts: Facts = {
  rule: own,
  followUps: [open, done],
  changedWhileWriting: false,
  records: new Map(),
  closures: [],
  hold: { at: T0, why: 'post-mortem first' },
  incident: incident({ debriefs: [{ startAt: now, endAt: now + minutes(30) }] }),
  statuses: Object.values(statuses),
  observedSince: { first: T0 + minutes(10), synced: T0 + minutes(11), added: {} },
  movedBack: {
    at: T0 + minutes(1),
    incidentUpdatedAt: incident().updatedAt,
    resolvedByUs: false,
    done: [
      { followUp: made.id, setBacks: 0 },
      { followUp: open.followUp.id, setBacks: 0 },
    ],
  },
  refusal: { words: 'no', fingerprint: '', at: now, incidentUpdatedAt: incident().updatedAt },
  roles: [],
  brakeUntil: now + minutes(5),
  ready: { since: T0, statusId: statuses.learning.id },
  updates: [update()],
  now,
};

/** The reasons of all that stands in the way of it, the verdict's own first. */
function allReasons(given: Facts, by: Policy): string[] {
  const decision = decide(given, by);
  if (decision.verdict === 'read') throw new Error(`${decision.what} is not among the facts`);
  const { found, toRead } = otherReasons(decision.reason, given, by);
  expect(toRead).toBeUndefined();
  return [decision.reason, ...found.map(({ reason }) => reason)];
}

const BEHIND = ['no-postmortem', 'roles', 'in-flow', 'debrief', 'key-role', 'refused', 'brake'];

describe('all that keeps an incident open', () => {
  it('is told at once, in the order in which it is decided', () => {
    expect(allReasons({ ...facts, followUps: [done] }, policy)).toEqual([
      ...['paused', 'held', 'rule', 'backlog', 'moved-back'],
      ...BEHIND,
    ]);
  });

  it('is told behind an open follow-up, too', () => {
    expect(allReasons(facts, policy)).toEqual([
      ...['follow-ups', 'paused', 'held', 'rule'],
      ...BEHIND,
      'moved-back',
    ]);
  });

  it('says of a move back that the open follow-ups lift it, for so they do', () => {
    const told = otherReasons('follow-ups', facts, policy).found.find(
      ({ reason }) => reason === 'moved-back',
    );
    expect(told?.words).toMatch(/^it was moved back at .*; the follow-ups that it waits for lift that once/);
  });

  it('is not the backlog where a follow-up is open: that it becomes done is the change which the backlog waits for', () => {
    expect(allReasons(facts, policy)).not.toContain('backlog');
  });

  it('shows that an active incident is left, behind an open follow-up', () => {
    const closes = rule();
    const active = { ...facts, rule: closes, hold: undefined, incident: incident({ status: statuses.live }) };
    const reasons = allReasons(active, { ...policy, paused: undefined, rules: [closes] });
    expect(reasons.slice(0, 2)).toEqual(['follow-ups', 'active']);
  });

  it('is what is known where the incident was not read: its own part is asked for', () => {
    const { incident: _, ...partial } = facts;
    expect(otherReasons('follow-ups', partial, policy)).toMatchObject({
      found: [{ reason: 'paused' }],
      toRead: 'incident',
    });
  });

  it('leaves it open whether an incident is backlog that may have been resolved since, unless the store lists it', () => {
    const { updates: _, ...partial } = { ...facts, followUps: [done] };
    const told = (more: Partial<Facts>) =>
      otherReasonsByStore('held', { ...partial, ...more }, policy).map(({ reason }) => reason);
    expect(told({})).not.toContain('backlog');
    expect(told({ backlog: { at: T0 } })).toContain('backlog');
    expect(told({ backlog: { at: T0, releasedAt: T0 + 1 } })).not.toContain('backlog');
  });

  it('is nothing once only time is waited for', () => {
    expect(otherReasons('settling', facts, policy).found).toEqual([]);
    expect(otherReasons('confirming', facts, policy).found).toEqual([]);
  });
});
