import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { recordOf } from '../../src/events/standing-state.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { ruleFor } from '../../src/policy/rule.ts';
import { type EvaluateDeps, evaluate } from '../../src/review/evaluate.ts';
import { gather } from '../../src/review/gather.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import type { FollowUp, Incident, IncidentUpdate } from '../../src/vocabulary.ts';
import { followUp, incident, minutes, statuses, T0, taskEvent, update } from '../support/make.ts';

const LATER = T0 + minutes(30);

const TASK = 'github:github.com/acme/api#1';
const reference = {
  provider: 'github',
  name: 'acme/api#1',
  permalink: 'https://github.com/acme/api/issues/1',
};

/**
 * What is decided of an incident whose follow-up is done, and how often the incident was read. `meanwhile` happens while
 * incident.io answers for its history; `followUps`: as they are read one time after another.
 */
async function decided(
  reads: Incident[],
  newest: Incident['status'],
  meanwhile: (store: Store) => Promise<void> = async () => {},
  {
    followUps = [[followUp({ status: 'completed', completedAt: T0, reference })]],
    history = [update(), update({ id: '01UPDATE2', status: newest, createdAt: LATER })],
  }: { followUps?: FollowUp[][]; history?: IncidentUpdate[] } = {},
) {
  const clock = { now: () => LATER };
  const policy = policyOf(readSettings({ SETTLE_TIME: '0s' }));
  let read = 0;
  let lists = 0;
  const store = new Store(createMemoryTables(clock));
  const api: EvaluateDeps['api'] = {
    identity: () => Promise.reject(new Error('not asked')),
    statuses: async () => Object.values(statuses),
    incident: async () => reads[read++] ?? incident(),
    incidents: async function* () {},
    updates: async () => {
      await meanwhile(store);
      return history;
    },
    followUpsOf: async () => followUps[lists++] ?? followUps.at(-1) ?? [],
    followUps: async function* () {},
  };
  const deps: EvaluateDeps = {
    api,
    store,
    clock,
    policy,
    log: pino({ level: 'silent' }),
    waker: { wake: async () => {}, wakeAt: async () => {} },
    taskKeyOf: () => TASK,
    syncFollowUps: true,
    maxClosesPerHour: 0,
    statuses: new StatusCache(api, clock),
    tasks: { canRead: () => false, most: () => 1, read: () => Promise.reject(new Error('not asked')) },
    key: { name: 'closer', roles: ['incident_editor', 'post_incident_flow_opt_out'] },
  };
  const own = ruleFor(policy.rules, incident());
  const gathered = await gather('01INCIDENT0000000000000001', own, deps);
  const begun = { rule: own, gathered, changedWhileWriting: false, writes: false };
  const { decision } = await evaluate(
    '01INCIDENT0000000000000001',
    begun,
    deps,
    new AbortController().signal,
  );
  return { decision, read };
}

describe('between the reads of an incident and of its history', () => {
  const canceled = { id: '01CANCELED', name: 'Canceled', category: 'canceled', rank: 9 };

  it('a person who takes it out of the flow is not overruled, whatever the status is that they chose', async () => {
    const { decision, read } = await decided(
      [incident(), incident({ status: canceled, updatedAt: LATER })],
      canceled,
    );
    expect(decision).toMatchObject({ verdict: 'leave', reason: 'not-closable' });
    expect(read).toBe(2);
  });

  it('nothing happened where both show the same status, and it is read once', async () => {
    const { decision, read } = await decided([incident()], statuses.learning);
    expect(decision).toMatchObject({ verdict: 'close' });
    expect(read).toBe(1);
  });
});

it('a follow-up that was added before somebody moved the incident back is remembered with what stood then', async () => {
  const before = [followUp({ status: 'completed', completedAt: T0, reference })];
  const added = followUp({ ...{ id: '01FOLLOWUP0000000000000002', status: 'completed' }, completedAt: T0 });
  const { decision } = await decided([incident()], statuses.learning, async () => {}, {
    followUps: [before, [...before, added]],
    history: [
      update({ status: statuses.closed }),
      update({ id: '01UPDATE2', status: statuses.learning, createdAt: LATER }),
    ],
  });
  expect(decision).toMatchObject({
    reason: 'moved-back',
    movedBack: { done: [{ followUp: before[0]?.id }, { followUp: added.id }] },
  });
});

describe('while incident.io takes its time to answer the last question before a closing', () => {
  it('a task that is told to be open again keeps the incident open', async () => {
    const { decision } = await decided([incident()], statuses.learning, (store) =>
      store.tasks.put(
        TASK,
        recordOf(
          taskEvent({ task: TASK, state: 'open', reopened: true, occurredAt: LATER, receivedAt: LATER }),
        ),
      ),
    );
    expect(decision).toMatchObject({ verdict: 'wait', reason: 'follow-ups' });
  });

  it('a person who holds the incident is heard', async () => {
    const { decision } = await decided([incident()], statuses.learning, (store) =>
      store.holds.put('01INCIDENT0000000000000001', { why: 'we look into it', at: LATER }),
    );
    expect(decision).toMatchObject({ verdict: 'leave', reason: 'held' });
  });
});
