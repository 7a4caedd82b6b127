import type { Rule } from '../../src/policy/rule.ts';
import type { Operator } from '../../src/store/history/operator.ts';
import type { StatusHistory, TaskRecord } from '../../src/store/records.ts';
import { nextHistory } from '../../src/store/status-history.ts';
import type { FollowUp, Incident, IncidentStatus, IncidentUpdate, TaskEvent } from '../../src/vocabulary.ts';

/** Things to put into tests, each with sensible contents that a test overrides where it matters. */

export const T0 = Date.parse('2026-03-01T12:00:00Z');
export const OPERATOR: Operator = { name: 'ada', via: 'command line', from: 'build-1' };
export const minutes = (n: number) => n * 60_000;

export function followUp(over: Partial<FollowUp> = {}): FollowUp {
  return {
    id: '01FOLLOWUP0000000000000001',
    incidentId: '01INCIDENT0000000000000001',
    title: 'Alert on replica lag',
    status: 'outstanding',
    createdAt: T0,
    updatedAt: T0,
    writable: { title: 'Alert on replica lag', labels: [] },
    ...over,
  };
}

/** How the status of a follow-up came about, by default of one that was first seen with the status that it has. */
export function historyOf(of: FollowUp, over: Partial<StatusHistory> = {}): StatusHistory {
  return { ...nextHistory(undefined, of, undefined, of.updatedAt), ...over };
}

export function taskRecord(over: Partial<TaskRecord> = {}): TaskRecord {
  return {
    state: 'done',
    by: 'person',
    actor: 'octocat',
    since: T0 + minutes(10),
    seenClosed: over.state === undefined || over.state === 'done' || over.state === 'declined',
    delivery: 'delivery-1',
    receivedAt: T0 + minutes(10),
    ...over,
  };
}

export function taskEvent(over: Partial<TaskEvent> = {}): TaskEvent {
  return {
    tracker: 'github',
    task: 'github:github.com/acme/api#1',
    aliases: [],
    state: 'done',
    by: 'person',
    actor: 'octocat',
    occurredAt: T0 + minutes(10),
    delivery: 'delivery-1',
    receivedAt: T0 + minutes(10),
    ...over,
  };
}

export const statuses = {
  live: status('01LIVE', 'Fixing', 'live', 1),
  learning: status('01LEARNING', 'Documenting', 'learning', 2),
  reviewing: status('01REVIEWING', 'Reviewing', 'learning', 3),
  closed: status('01CLOSED', 'Closed', 'closed', 4),
  cleanUp: status('01CLEANUP', 'Clean-up', 'closed', 5),
  paused: status('01PAUSED', 'Paused', 'paused', 6),
} as const;

function status(id: string, name: string, category: string, rank: number): IncidentStatus {
  return { id, name, category, rank };
}

export function incident(over: Partial<Incident> = {}): Incident {
  return {
    id: '01INCIDENT0000000000000001',
    reference: 'INC-1',
    name: 'Checkout is down',
    status: statuses.learning,
    mode: 'standard',
    visibility: 'public',
    customFields: [],
    hasPostmortem: false,
    debriefs: [],
    updatedAt: T0,
    ...over,
  };
}

/** A rule that fits everything and asks for nothing beyond the defaults. */
export function rule(over: Partial<Rule> = {}): Rule {
  return {
    name: 'the settings',
    when: {},
    close: true,
    settleTime: minutes(1),
    minFollowUps: 1,
    notDoingCounts: true,
    declinedCounts: true,
    automationCounts: false,
    closingsDoNotCountOf: [],
    closingsCountOf: [],
    inactivityLabels: [],
    notInactivityLabels: [],
    requirePostmortem: false,
    waitForDebriefs: false,
    minTimeResolved: 0,
    trackerMustAgree: false,
    announce: true,
    notify: false,
    requiredRoles: [],
    ...over,
  };
}

let updates = 0;
export function update(over: Partial<IncidentUpdate> = {}): IncidentUpdate {
  return {
    id: `01UPDATE${++updates}`,
    createdAt: T0,
    status: statuses.learning,
    updater: { kind: 'other', name: 'Ada' },
    ...over,
  };
}

/** What an id begins with that was made then (ms). */
export const idTime = (ms: number) =>
  Array.from(
    { length: 10 },
    (_, n) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Math.floor(ms / 32 ** (9 - n)) % 32],
  ).join('');
