import { z } from 'zod';
import { recordOf } from '../../events/standing-state.ts';
import type { Policy } from '../../policy/policy.ts';
import { policyDigest } from '../../policy/read-policy.ts';
import { type Rule, ruleFor } from '../../policy/rule.ts';
import { decide } from '../../review/decide.ts';
import type { Decision } from '../../review/decision.ts';
import { effectiveState } from '../../review/effective-state.ts';
import type { Facts } from '../../review/facts.ts';
import type { CountedFollowUp } from '../../review/sentences.ts';
import { nextHistory } from '../../store/status-history.ts';
import type { FollowUp, Incident, IncidentStatus, IncidentUpdate, TaskEvent } from '../../vocabulary.ts';
import type { DescribedFollowUp, DescribedIncident, PolicyCase } from './cases-file.ts';

const got = z.object({
  verdict: z.string(),
  reason: z.string(),
  rule: z.string(),
  words: z.string(),
  /** RFC 3339 */
  until: z.string().optional(),
});

export const casesResult = z.object({
  digest: z.string(),
  /** How many are not as expected. */
  failed: z.number(),
  cases: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      got,
      /** What is not as expected: `verdict is wait, not close`. */
      differs: z.array(z.string()),
    }),
  ),
});
export type CasesResult = z.infer<typeof casesResult>;

/** Has the service's own `decide` judge the cases by a policy. Pure. */
export function runCases(cases: readonly PolicyCase[], policy: Policy): CasesResult {
  const results = cases.map((one) => {
    const decided = judge(one, policy);
    const differs = differencesOf(decided, one.expect);
    return { name: one.name, ok: differs.length === 0, got: decided, differs };
  });
  return {
    digest: policyDigest(policy),
    failed: results.filter(({ ok }) => !ok).length,
    cases: results,
  };
}

type Got = z.infer<typeof got>;

function differencesOf(
  decided: Got,
  { until, ...wanted }: PolicyCase['expect'] & { until?: number },
): string[] {
  const expected = { ...wanted, ...(until !== undefined && { until: new Date(until).toISOString() }) };
  return Object.entries(expected).flatMap(([key, value]) => {
    const is = Object.entries(decided).find(([name]) => name === key)?.[1];
    return value === undefined || is === value ? [] : [`${key} is ${is ?? 'not there'}, not ${value}`];
  });
}

const HOUR = 3_600_000;
/** Longer than any time that a policy may ask for, ms. */
const LONG_AGO = 30 * 24 * HOUR;
const CATEGORIES = { active: 'live', 'post-incident': 'learning', closed: 'closed', paused: 'paused' };
const NAMES = { active: 'Active', 'post-incident': 'Post-incident', closed: 'Closed', paused: 'Paused' };

function judge({ at, incident: described, follow_ups: followUps }: PolicyCase, policy: Policy): Got {
  const incident = incidentOf(described, at);
  const rule = ruleFor(policy.rules, incident);
  const facts: Facts = {
    ...{ rule, incident, now: at },
    followUps: followUps.map((one, n) => countedOf(one, n + 1, { incident, rule, at })),
    changedWhileWriting: false,
    records: new Map(),
    closures: [],
    ...(described.held && { hold: { why: 'the case says so', at: at - HOUR } }),
    statuses: statusesOf(incident, policy),
    updates: historyOf(incident, at - resolvedFor(described), at),
    ready: { since: at - (described.ready_for ?? resolvedFor(described)), statusId: incident.status.id },
    // As where no tracker can be asked: what the tasks are is what the case says.
    answers: new Map(),
  };
  return asGot(decide(facts, policy), rule);
}

function asGot(decision: Decision, rule: Rule): Got {
  if (decision.verdict === 'read') throw new TypeError(`a case lacks a fact: ${decision.what}`);
  const { verdict, reason, words } = decision;
  const until = 'until' in decision ? decision.until : undefined;
  return {
    ...{ verdict, reason, rule: rule.name, words },
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}

function resolvedFor({ resolved_for: ms = LONG_AGO }: DescribedIncident): number {
  return ms;
}

function incidentOf(described: DescribedIncident, at: number): Incident {
  const { category, severity, incident_type: type, mode, visibility } = described;
  const status = statusNamed(described.status ?? NAMES[category], CATEGORIES[category]);
  return {
    ...{ id: 'case', reference: 'INC-1', name: 'The incident of a case', status, mode, visibility },
    ...(severity !== undefined && { severity: named(severity) }),
    ...(type !== undefined && { type: named(type) }),
    customFields: Object.entries(described.custom_field).map(([name, values]) => ({
      ...named(name),
      values,
    })),
    hasPostmortem: described.has_postmortem,
    debriefs: described.debriefs_end.map((endAt) => ({ startAt: endAt - HOUR, endAt })),
    roles: described.roles.map((name) => ({ ...named(name), isFilled: true })),
    updatedAt: at - resolvedFor(described),
  };
}

const named = (name: string) => ({ id: name, name });

function statusNamed(name: string, category: string): IncidentStatus {
  return { ...named(name), category, rank: 1 };
}

/** Those of the organisation: as many as incident and policy name. */
function statusesOf({ status }: Incident, { rules, closedStatus, resolvedStatus }: Policy): IncidentStatus[] {
  const closed = [closedStatus, ...rules.map((rule) => rule.closedStatus)];
  const flow = [
    resolvedStatus,
    ...rules.flatMap((rule) => [rule.resolvedStatus, ...(rule.closeFromStatus ?? [])]),
  ];
  const all = [
    status,
    ...[NAMES.closed, ...closed].flatMap((name) => (name === undefined ? [] : statusNamed(name, 'closed'))),
    ...[NAMES['post-incident'], ...flow].flatMap((name) =>
      name === undefined ? [] : statusNamed(name, 'learning'),
    ),
  ];
  return [...new Map(all.map((one) => [`${one.category} ${one.id}`, one])).values()];
}

function historyOf({ status }: Incident, resolvedAt: number, at: number): IncidentUpdate[] {
  const updater = { kind: 'other', name: 'somebody' } as const;
  const began = { id: '1', createdAt: resolvedAt - HOUR, status: statusNamed(NAMES.active, 'live'), updater };
  const moved = { id: '2', createdAt: Math.min(resolvedAt, at), status, updater };
  return status.category === 'live' ? [{ ...began, status }] : [began, moved];
}

/** One follow-up. Its own status is old; what its task is became so an hour ago. */
function countedOf(
  { status, priority, labels, task }: DescribedFollowUp,
  number: number,
  { incident, rule, at }: { incident: Incident; rule: Rule; at: number },
): CountedFollowUp {
  const title = `follow-up ${number}`;
  const createdAt = at - LONG_AGO - HOUR;
  const followUp: FollowUp = {
    ...{ id: `case-${number}`, incidentId: incident.id, title, createdAt, updatedAt: createdAt },
    status: status ?? 'outstanding',
    ...(status === 'completed' && { completedAt: createdAt }),
    ...(priority !== undefined && { priority: named(priority) }),
    ...(task && {
      reference: { provider: 'github', name: `TASK-${number}`, permalink: `https://example.com/${number}` },
    }),
    writable: { title, labels: [...labels] },
  };
  const history = nextHistory(undefined, followUp, undefined, createdAt);
  const taskState = task && recordOf(eventOf(task, number, at - HOUR));
  return {
    ...{
      followUp,
      history,
      effective: effectiveState(followUp, { history, now: at, ...(taskState && { task: taskState }) }, rule),
    },
    ...(taskState && { taskState, task: `case:${number}` }),
  };
}

function eventOf(
  { state, by, actor, labels }: NonNullable<DescribedFollowUp['task']>,
  number: number,
  at: number,
): TaskEvent {
  return {
    ...{
      tracker: 'case',
      task: `case:${number}`,
      aliases: [],
      by,
      delivery: 'case',
      receivedAt: at,
      occurredAt: at,
    },
    ...(state === 'reopened' ? { state: 'open' as const, reopened: true } : { state }),
    ...(actor !== undefined && { actor }),
    ...(labels !== undefined && { machineLabels: labels }),
  };
}
