import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asBatch } from '../../src/queue/event-batch.ts';
import { PutBack } from '../../src/queue/queues.ts';
import type { TaskReader } from '../../src/read-back/reader.ts';
import type { EventBatch, TaskHint } from '../../src/vocabulary.ts';
import { takeEvents } from '../../src/worker/take-events.ts';
import { TrackerConcurrency } from '../../src/worker/tracker-concurrency.ts';
import { keyOf, openReader, type ReadBackWorld } from '../read-back/support.ts';
import { gate } from '../receiver/support.ts';
import { minutes, taskEvent } from '../support/make.ts';

describe('hints, for which a tracker has to be asked', () => {
  let world: ReadBackWorld;
  let queued: EventBatch[];
  let wakes: { ids: readonly string[]; behind: boolean }[];
  let add: (batch: EventBatch) => Promise<void>;
  beforeEach(async () => {
    world = await openReader();
    queued = [];
    wakes = [];
    add = async (batch) => void queued.push(batch);
  });
  afterEach(() => world.close());

  const take = (
    parts: Partial<EventBatch>,
    over: { concurrency?: TrackerConcurrency; behind?: boolean; reader?: TaskReader } = {},
  ) =>
    takeEvents(
      asBatch(parts),
      { begunBefore: false, behind: over.behind === true, signal: new AbortController().signal },
      {
        ...world,
        ...over,
        waker: {
          wake: async (ids, _, { behind = false } = {}) =>
            void (ids.length > 0 && wakes.push({ ids, behind })),
          wakeAt: async () => {},
        },
        intake: { add: (batch) => add(batch) },
        findIncident: async () => undefined,
      },
    );
  const hint = (issue: string, over: Partial<TaskHint> = {}): TaskHint => ({
    tracker: 'github',
    task: keyOf(issue),
    aliases: [],
    by: 'person',
    actor: 'ada',
    delivery: 'hint-1',
    receivedAt: world.clock.time,
    ...over,
  });
  const state = async (issue: string) => (await world.store.tasks.get(keyOf(issue)))?.state;
  const warned = (text: string) => world.lines.filter((line) => line.includes(text)).length;

  it('are read, and who did it is told by the hint where the tracker does not', async () => {
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    await take({ hints: [hint('a/b#1')] });
    expect(await world.store.tasks.get(keyOf('a/b#1'))).toMatchObject({
      state: 'done',
      by: 'person',
      actor: 'ada',
      delivery: 'hint-1',
    });
    expect(queued).toEqual([]);
  });

  it('say nothing of who made a later change that is found instead of theirs', async () => {
    const changedToAt = world.clock.time - minutes(30);
    const found = (occurredAt: number) => {
      world.fake.tasks.set(keyOf('a/b#1'), { state: 'done', occurredAt });
      return take({ hints: [hint('a/b#1', { by: 'automation', actor: 'stale', changedToAt })] });
    };
    await found(changedToAt + minutes(10));
    expect(await world.store.tasks.get(keyOf('a/b#1'))).toMatchObject({ state: 'done', by: 'unknown' });
    await world.store.tasks.remove(keyOf('a/b#1'));
    await found(changedToAt);
    expect(await world.store.tasks.get(keyOf('a/b#1'))).toMatchObject({ by: 'automation', actor: 'stale' });
  });

  it('say nothing of who made a closing that is found to be from long before', async () => {
    const now = world.clock.time;
    const found = async (age: number, over: Partial<TaskHint>) => {
      await world.store.tasks.remove(keyOf('a/b#1'));
      world.fake.tasks.set(keyOf('a/b#1'), { state: 'done', occurredAt: now - minutes(age) });
      await take({ hints: [hint('a/b#1', { by: 'automation', actor: 'stale', ...over })] });
      return (await world.store.tasks.get(keyOf('a/b#1')))?.by;
    };
    expect(await found(2, { changedToAt: now })).toBe('unknown');
    expect(await found(0.5, { changedToAt: now })).toBe('automation');
    expect(await found(2, { changedAt: now })).toBe('unknown');
    expect(await found(70, {})).toBe('unknown');
    expect(await found(50, {})).toBe('automation');
  });

  it('say nothing of who made a closing of two seconds later, where they have the API’s own time of theirs', async () => {
    const changedToAt = world.clock.time - minutes(30);
    const found = async (over: Partial<TaskHint>) => {
      await world.store.tasks.remove(keyOf('a/b#1'));
      world.fake.tasks.set(keyOf('a/b#1'), { state: 'done', occurredAt: changedToAt + 2_000 });
      await take({ hints: [hint('a/b#1', { by: 'automation', actor: 'stale', changedToAt, ...over })] });
      return (await world.store.tasks.get(keyOf('a/b#1')))?.by;
    };
    expect(await found({ isExact: true })).toBe('unknown');
    expect(await found({})).toBe('automation');
  });

  it('keep the labels that the machine’s closing had, where the tracker does not tell who closed it', async () => {
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    await take({ hints: [hint('a/b#1', { by: 'unknown', actor: 'bot', machineLabels: ['zombie'] })] });
    expect(await world.store.tasks.get(keyOf('a/b#1'))).toMatchObject({ machineLabels: ['zombie'] });
    world.fake.tasks.set(keyOf('a/b#2'), { state: 'open' });
    await take({ hints: [hint('a/b#2', { by: 'unknown', actor: 'bot', machineLabels: ['zombie'] })] });
    expect((await world.store.tasks.get(keyOf('a/b#2')))?.machineLabels).toBeUndefined();
  });

  it('of a tracker that is down go back into the queue alone, and what came with them is recorded', async () => {
    world.fake.trouble = { kind: 'down' };
    const hints = [hint('a/b#1'), hint('a/b#2')];
    await take({ tasks: [taskEvent({ task: keyOf('a/b#9') })], hints });
    expect(await state('a/b#9')).toBe('done');
    expect(queued).toEqual([asBatch({ hints })]);

    await expect(take({ hints })).rejects.toThrow(PutBack);
    await expect(take({ hints })).rejects.toMatchObject({ delay: 2_000 });
    expect(world.fake.calls).toHaveLength(1);

    world.fake.trouble = undefined;
    world.clock.time += 2_000;
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    world.fake.tasks.set(keyOf('a/b#2'), { state: 'open' });
    await take({ hints });
    expect([await state('a/b#1'), await state('a/b#2')]).toEqual(['done', 'open']);
  });

  it('of a task that its tracker fails on go back into the queue alone, and are read once it does not', async () => {
    for (const n of [1, 2]) world.fake.tasks.set(keyOf(`a/b#${n}`), { state: 'done' });
    world.fake.poison.add(keyOf('a/b#1'));
    await take({ hints: [hint('a/b#1'), hint('a/b#2')] });
    expect(queued).toEqual([asBatch({ hints: [hint('a/b#1')] })]);
    expect([await state('a/b#1'), await state('a/b#2')]).toEqual([undefined, 'done']);
    world.fake.poison.clear();
    await take({ hints: [hint('a/b#1')] });
    expect(await state('a/b#1')).toBe('done');
  });

  it('that the queue does not take back are tried again with their job, so that none is lost', async () => {
    world.fake.trouble = { kind: 'down' };
    add = () => Promise.reject(new Error('the queue is down'));
    await expect(
      take({ tasks: [taskEvent({ task: keyOf('a/b#9') })], hints: [hint('a/b#1')] }),
    ).rejects.toThrow('the queue is down');
  });

  it.each(['refused', 'busy'] as const)('fail no job where the tracker is %s', async (kind) => {
    world.fake.trouble = { kind, retryAt: world.clock.time + minutes(50) };
    for (let n = 0; n < 5; n++) {
      await expect(take({ hints: [hint('a/b#1')] })).rejects.toThrow(PutBack);
      world.clock.time += minutes(6);
    }
    expect((await world.store.trackerStatus.get('github'))?.failure?.reason).toBe(
      kind === 'refused' ? 'access' : 'busy',
    );
  });

  it('are given up after a day, since the sweep has asked by then', async () => {
    world.fake.trouble = { kind: 'refused' };
    await take({ hints: [hint('a/b#1', { receivedAt: world.clock.time - minutes(24 * 60) })] });
    expect(warned('changed, and its state could not be told')).toBe(1);
  });

  it('of a tracker without a token, and of a task that it does not show, tell nothing and are logged', async () => {
    await take({ hints: [hint('x', { tracker: 'asana', task: 'asana:12' }), hint('a/b#404')] });
    expect(warned('there is no API token for where it is')).toBe(1);
    expect(warned('not found')).toBe(1);
    expect(queued).toEqual([]);
  });

  it('are read with the task that theirs turns out to repeat', async () => {
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'declined', canonical: keyOf('a/b#2') });
    world.fake.tasks.set(keyOf('a/b#2'), { state: 'done' });
    await take({ hints: [hint('a/b#1')] });
    expect(await state('a/b#2')).toBe('done');
  });

  it('of a tracker that other jobs are reading from wait, and keep no worker from what tells its state itself', async () => {
    const concurrency = new TrackerConcurrency();
    const slow = gate();
    const reader: TaskReader = {
      ...world.reader,
      async read(...asked) {
        await slow.opened;
        return world.reader.read(...asked);
      },
    };
    const all = [1, 2].map((n) => take({ hints: [hint(`a/b#${n}`)] }, { concurrency, reader }));
    await expect(take({ hints: [hint('a/b#3')] }, { concurrency, reader })).rejects.toThrow(PutBack);
    const mixed = { tasks: [taskEvent({ task: keyOf('a/b#9') })], hints: [hint('a/b#4')] };
    await take(mixed, { concurrency, reader });
    expect(await state('a/b#9')).toBe('done');
    expect(queued).toEqual([asBatch({ hints: mixed.hints })]);
    slow.open();
    await Promise.all(all);
    world.fake.tasks.set(keyOf('a/b#3'), { state: 'done' });
    await take({ hints: [hint('a/b#3')] }, { concurrency, reader });
    expect(await state('a/b#3')).toBe('done');
  });

  it('leave room for others also where reading them from their tracker fails', async () => {
    const concurrency = new TrackerConcurrency();
    const reader: TaskReader = {
      ...world.reader,
      read: () => Promise.reject(new Error('the store is down')),
    };
    for (let n = 0; n < 3; n++)
      await expect(take({ hints: [hint('a/b#1')] }, { concurrency, reader })).rejects.toThrow(
        'the store is down',
      );
    world.fake.tasks.set(keyOf('a/b#1'), { state: 'done' });
    await take({ hints: [hint('a/b#1')] }, { concurrency });
    expect(await state('a/b#1')).toBe('done');
  });

  it('come again the later, the more of them wait', () => {
    const concurrency = new TrackerConcurrency();
    const now = world.clock.time;
    for (let n = 0; n < 2; n++) concurrency.acquire([hint('a/b#1')], now);
    const after = Array.from(
      { length: 3_000 },
      () => concurrency.acquire([hint('a/b#1')], now).later?.retryAt ?? 0,
    );
    expect(after[0]).toBe(now + 1_000);
    expect(after.at(-1)).toBe(now + 30_000);
    expect(
      concurrency.acquire([hint('x', { tracker: 'asana', task: 'asana:1' })], now).later,
    ).toBeUndefined();
  });

  it('and states of a batch that was added behind wake what they wake behind', async () => {
    for (const n of [8, 9]) await world.store.links.put(keyOf(`a/b#${n}`), [['F1', `I${n}`]]);
    await take({ tasks: [taskEvent({ task: keyOf('a/b#8') })] }, { behind: true });
    await take({ tasks: [taskEvent({ task: keyOf('a/b#9') })] });
    expect(wakes).toEqual([
      { ids: ['I8'], behind: true },
      { ids: ['I9'], behind: false },
    ]);
  });
});
