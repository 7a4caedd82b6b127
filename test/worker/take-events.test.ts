import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asBatch } from '../../src/queue/event-batch.ts';
import { PutBack } from '../../src/queue/queues.ts';
import type { EventBatch, TaskHint } from '../../src/vocabulary.ts';
import { takeEvents } from '../../src/worker/take-events.ts';
import { keyOf, openReader, type ReadBackWorld } from '../read-back/support.ts';
import { minutes, taskEvent } from '../support/make.ts';

describe('hints, for which a tracker has to be asked', () => {
  let world: ReadBackWorld;
  let queued: EventBatch[];
  beforeEach(async () => {
    world = await openReader();
    queued = [];
  });
  afterEach(() => world.close());

  const take = (parts: Partial<EventBatch>) =>
    takeEvents(
      asBatch(parts),
      { begunBefore: false, signal: new AbortController().signal },
      {
        ...world,
        waker: { wake: async () => {}, wakeAt: async () => {} },
        intake: { add: async (batch) => void queued.push(batch) },
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
});
