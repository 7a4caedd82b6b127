import { beforeEach, describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { recordUnreadChanges, standingChange } from '../../src/events/unread-changes.ts';
import { createLogger } from '../../src/log.ts';
import { createTaskReader } from '../../src/read-back/reader.ts';
import { countFollowUps } from '../../src/review/gather.ts';
import { explain } from '../../src/review/sentences.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { trackers } from '../../src/trackers/index.ts';
import type { ApiAccess } from '../../src/trackers/read-back.ts';
import type { FollowUp } from '../../src/vocabulary.ts';
import { takeEvents } from '../../src/worker/take-events.ts';
import { followUp, minutes, rule, T0, taskEvent } from '../support/make.ts';
import { app, fields, issue, item, person, updated } from '../trackers/jira/payloads.ts';
import * as linear from '../trackers/linear/payloads.ts';
import * as servicenow from '../trackers/servicenow/payloads.ts';
import { translate } from '../trackers/translating.ts';

const TASK = 'jira:acme.atlassian.net/OPS-12';
const INCIDENT = '01INCIDENT0000000000000001';
const at = (minute: number) => T0 + minutes(minute);
const iso = (minute: number) => new Date(at(minute)).toISOString();

type Shown = 'To Do' | 'Done';

/** What Jira's own webhook sends of a transition. */
function webhook(from: Shown, to: Shown, minute: number) {
  const own = fields(to, { statuscategorychangedate: iso(minute) });
  return updated([item('status', from, to)], { timestamp: at(minute), issue: issue({ fields: own }) });
}

/** What the post function of a workflow sends of one: the issue as it was before. */
function postFunction(from: Shown, to: string, minute: number, closedAt = 0) {
  const own = fields(from, { statuscategorychangedate: iso(closedAt) });
  return {
    timestamp: at(minute),
    user: person,
    transition: { from_status: from, to_status: to },
    issue: issue({ fields: own }),
  };
}

describe('a workflow of Jira that sends the issue as it was before the transition, without a token', () => {
  let store: Store;
  let woken: string[];
  /** The issue as the API shows it. */
  let shown: Record<string, unknown>;
  beforeEach(async () => {
    store = new Store(createMemoryTables());
    woken = [];
    shown = fields('To Do', { statuscategorychangedate: iso(10) });
    await store.links.put(TASK, [['01FOLLOWUP0000000000000001', INCIDENT]]);
  });

  async function send(
    payload: unknown,
    minute: number,
    access: Record<string, { token: string; urls: string[] }> = {},
  ) {
    const translation = translate('jira', payload);
    if (translation.kind !== 'events') throw new Error(translation.reason);
    const { kind: _, ...batch } = translation;
    const received = <T extends { receivedAt: number }>(events: T[]) =>
      events.map((event) => ({ ...event, receivedAt: at(minute) }));
    const clock = { now: () => at(minute) };
    const log = createLogger('silent');
    const answer = (async () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({
        issues: [issue({ fields: shown })],
      }),
    })) satisfies ApiAccess['send'];
    const http = { send: answer, close: async () => {} };
    const reader = createTaskReader({ trackers, access, options: {}, http, store, clock, log });
    await takeEvents(
      { tasks: received(batch.tasks), incidents: [], hints: received(batch.hints) },
      { begunBefore: false, signal: new AbortController().signal },
      {
        store,
        clock,
        log,
        reader,
        waker: { wake: async (ids: readonly string[]) => void woken.push(...ids), wakeAt: async () => {} },
        intake: { add: async () => {} },
        findIncident: async () => undefined,
      },
    );
  }

  async function counted(over: Partial<FollowUp> = {}, releasedAt?: number) {
    const reference = { provider: 'jira', name: 'OPS-12', permalink: TASK };
    const deps = { store, clock: { now: () => at(600) }, taskKeyOf: () => TASK };
    const { followUps } = await countFollowUps(
      [followUp({ reference, ...over })],
      () => ({ rule: rule(), releasedAt }),
      deps,
    );
    const [first] = followUps;
    if (first === undefined) throw new Error('it was not counted');
    return first;
  }
  const setAt = (minute: number) => ({
    status: 'completed' as const,
    updatedAt: at(minute),
    completedAt: at(minute),
  });

  it('blocks after a reopening that nobody could read, and says so', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
    woken = [];
    await send(postFunction('Done', 'Reopened', 10), 10);
    const { effective } = await counted();
    expect(effective).toEqual({ countsAs: 'blocks', why: 'changed-unread' });
    expect(explain(await counted())).toMatch(
      /changed to Reopened at .*, and could not be read: there is no API token/,
    );
    // The copy of the completion can come late.
    expect((await counted(setAt(20))).effective).toMatchObject({ countsAs: 'blocks' });
    expect(woken).toEqual([INCIDENT]);
  });

  it('says nothing new where the webhook told the same 35 ms before', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(webhook('Done', 'To Do', 10), 10);
    await send(postFunction('Done', 'To Do', 10 + 35 / 60_000), 10);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'reopened' });
    await send(webhook('To Do', 'Done', 20), 20);
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('waits no more once the webhook tells the status that it named', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'Reopened', 10), 10);
    await send(webhook('To Do', 'Done', 20), 20);
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('is not answered by the closing before it that comes late, or comes again', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'Reopened', 10, 1), 10);
    await send(webhook('To Do', 'Done', 1), 11);
    await send(webhook('To Do', 'Done', 5), 12);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'changed-unread' });
  });

  it('is not answered by a closing of before under the name that it changed to', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'Reopened', 10, 1), 10);
    // It may have been declined this time.
    await send(postFunction('To Do', 'Done', 20), 20);
    await send(webhook('To Do', 'Done', 1), 21);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'changed-unread' });
    await send(webhook('To Do', 'Done', 20), 22);
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('says nothing new where the webhook told another name of the same closing just before', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    const released = { ...fields('Done', { statuscategorychangedate: iso(1) }) };
    const shown = { ...released, status: { ...released.status, id: '10009', name: 'Released' } };
    const moved = { ...item('status', 'Done', 'Done'), to: '10009', toString: 'Released' };
    await send(updated([moved], { timestamp: at(10), issue: issue({ fields: shown }) }), 10);
    await send(postFunction('Done', 'Released', 10 + 35 / 60_000, 1), 10);
    expect((await counted()).effective).toMatchObject({ countsAs: 'done' });
  });

  it('of two that nobody could read the later one counts, in whatever order they come', async () => {
    const reopening = () => send(postFunction('Done', 'Reopened', 20), 21);
    const review = () => send(postFunction('Done', 'In Review', 10), 21);
    for (const inOrder of [
      [review, reopening],
      [reopening, review],
    ]) {
      await store.unreadChanges.remove(TASK);
      await send(webhook('To Do', 'Done', 1), 1);
      for (const comes of inOrder) await comes();
      await send(webhook('To Do', 'Done', 15), 22);
      expect((await counted()).effective).toMatchObject({ countsAs: 'blocks' });
      expect(explain(await counted())).toContain('changed to Reopened');
    }
  });

  it('is lifted by a release that comes after it, and by none before it', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'Reopened', 10), 10);
    expect((await counted({}, at(9))).effective).toMatchObject({ countsAs: 'blocks' });
    expect((await counted({}, at(11))).effective).toMatchObject({ countsAs: 'done' });
  });

  it('leaves it to incident.io where nothing else was ever told of the task, and somebody ticked it off since', async () => {
    await send(postFunction('To Do', 'Done', 10), 10);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'changed-unread' });
    expect((await counted(setAt(9))).effective).toEqual({ countsAs: 'blocks', why: 'changed-unread' });
    expect((await counted(setAt(11))).effective).toEqual({ countsAs: 'done' });
  });

  it('with a token the issue is read, and what is read counts', async () => {
    const access = { jira: { token: 't', urls: ['https://acme.atlassian.net'] } };
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'To Do', 10), 10, access);
    expect((await counted()).effective).toEqual({ countsAs: 'blocks', why: 'reopened' });
    expect(await store.unreadChanges.get(TASK)).toBeUndefined();
  });

  it.each([
    [{}, { by: 'unknown' }],
    [{ labels: ['stale'] }, { by: 'automation', actor: 'Automation for Jira' }],
  ])('with a token it is known whether a machine closed what is read: %o', async (over, expected) => {
    const access = { jira: { token: 't', urls: ['https://acme.atlassian.net'] } };
    const payload = { ...postFunction('To Do', 'Done', 10), user: app };
    shown = fields('Done', { statuscategorychangedate: iso(10) });
    await send({ ...payload, issue: issue({ fields: fields('To Do', over) }) }, 10, access);
    expect(await store.tasks.get(TASK)).toMatchObject({ state: 'done', ...expected });
  });

  it('a token that is added later takes the doubt away with the first answer', async () => {
    await send(webhook('To Do', 'Done', 1), 1);
    await send(postFunction('Done', 'Reopened', 10), 10);
    const access = { jira: { token: 't', urls: ['https://acme.atlassian.net'] } };
    await send(postFunction('Done', 'Reopened', 11), 11, access);
    expect(await store.unreadChanges.get(TASK)).toBeUndefined();
  });

  it('is noted for doctor', async () => {
    await send(postFunction('Done', 'Reopened', 10), 10);
    expect((await store.deliveries.get('jira'))?.contradictedAt).toBe(at(10));
  });
});

const resolved = { resolved_at: '2026-03-01 10:00:00', sys_mod_count: '7' };
const LATER: readonly (readonly [
  name: string,
  tracker: string,
  closing: unknown,
  unread: unknown,
  later: unknown,
])[] = [
  [
    'the closing of an edited issue',
    'linear',
    linear.completed(),
    linear.completed({ stateId: '52' }, { createdAt: '2026-03-01T10:10:00Z' }),
    linear.update(linear.completed().data, linear.touched, { createdAt: '2026-03-01T10:20:00Z' }),
  ],
  [
    'that it closed what was resolved before',
    'servicenow',
    servicenow.ours('6', { ...resolved, sys_updated_on: '2026-03-01 10:00:00' }),
    { ...servicenow.ours('7', { sys_updated_on: '2026-03-01 10:10:00' }), current: { state: '2' } },
    servicenow.ours('7', {
      ...resolved,
      previous_state: '6',
      sys_updated_on: '2026-03-01 10:20:00',
      sys_mod_count: '9',
    }),
  ],
];

describe('a change that could not be read', () => {
  it.each(LATER)(
    'is answered where %s is told after it (%s), although its state is older',
    async (...row) => {
      const [, tracker, closing, unread, later] = row;
      const store = new Store(createMemoryTables());
      const woken: string[] = [];
      const waker = {
        wake: async (ids: readonly string[]) => void woken.push(...ids),
        wakeAt: async () => {},
      };
      const clock = { now: () => at(600) };
      const deps = { store, waker, clock, log: createLogger('silent') };
      const receivedAt = Date.parse('2026-03-01T10:20:00Z');
      const received = <T>(events: T[]) => events.map((event) => ({ ...event, receivedAt }));
      const batch = (payload: unknown) => {
        const translation = translate(tracker, payload);
        if (translation.kind !== 'events') throw new Error(translation.reason);
        return { tasks: received(translation.tasks), hints: received(translation.hints) };
      };
      const record = async (payload: unknown) => {
        woken.length = 0;
        const { tasks } = batch(payload);
        const none = { readTasks: async () => [], findIncident: async () => undefined };
        await recordEvents({ tasks, incidents: [], hints: [] }, { begunBefore: false }, { ...deps, ...none });
      };
      const task = batch(closing).tasks[0]?.task ?? '';
      const stands = async () =>
        standingChange(await store.unreadChanges.get(task), await store.tasks.get(task));
      await store.links.put(task, [['01FOLLOWUP0000000000000001', INCIDENT]]);

      await record(closing);
      const hints = batch(unread).hints.map((hint) => ({ hint, why: 'there is no API token' }));
      await recordUnreadChanges(hints, deps);
      expect(await stands()).toBeDefined();
      await record(closing);
      expect(await stands()).toBeDefined();
      await record(later);
      expect(await stands()).toBeUndefined();
      expect(woken).toEqual([INCIDENT]);
    },
  );

  it('is what a closing that is told again wakes a review for, and nothing else', async () => {
    const store = new Store(createMemoryTables());
    const woken: string[] = [];
    const waker = { wake: async (ids: readonly string[]) => void woken.push(...ids), wakeAt: async () => {} };
    await store.links.put(TASK, [['01FOLLOWUP0000000000000001', INCIDENT]]);
    for (const minute of [1, 2, 3]) {
      const event = taskEvent({ task: TASK, occurredAt: at(1), toldAt: at(minute), receivedAt: at(minute) });
      await recordEvents(
        { tasks: [event], incidents: [], hints: [] },
        { begunBefore: false },
        {
          ...{ store, waker, clock: { now: () => at(600) }, log: createLogger('silent') },
          ...{ readTasks: async () => [], findIncident: async () => undefined },
        },
      );
    }
    expect(woken).toEqual([INCIDENT]);
    expect(await store.tasks.get(TASK)).toMatchObject({ since: at(1), toldAt: at(3) });
  });
});
