import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OutstandingDeps, readOutstanding } from '../../src/read-back/read-outstanding.ts';
import type { TaskEvent } from '../../src/vocabulary.ts';
import { minutes } from '../support/make.ts';
import { keyOf, openReader, type ReadBackWorld } from './support.ts';

describe('the share of a sweep in asking trackers', () => {
  let world: ReadBackWorld;
  let told: TaskEvent[];
  let waits: number[];
  let woken: string[];
  beforeEach(async () => {
    world = await openReader();
    told = [];
    waits = [];
    woken = [];
  });
  afterEach(() => world.close());

  const issues = (count: number) =>
    Array.from({ length: count }, (_, n) => keyOf(`a/b#${String(n).padStart(5, '0')}`));
  const deps = (over: Partial<OutstandingDeps> = {}): OutstandingDeps => ({
    ...world,
    record: async (events) => void told.push(...events),
    waker: { wake: async (ids) => void woken.push(...ids) },
    notAgainWithin: minutes(5),
    wait: async (ms) => void waits.push(ms),
    ...over,
  });
  const yes = async () => true;
  const takesAtOnce = (most: number) => {
    if (world.fake.tracker.readBack) world.fake.tracker.readBack.most = most;
  };
  const asked = () => world.fake.calls.flat();

  it('asks for each task once, a call at a time with a rest between, and tells what came back', async () => {
    const tasks = issues(7);
    for (const task of tasks) world.fake.tasks.set(task, { state: 'done' });
    expect(await readOutstanding([...tasks, ...tasks], yes, deps())).toBe(7);
    expect(asked()).toEqual(tasks);
    expect(told.map(({ task, delivery }) => [task, delivery])).toEqual(
      tasks.map((task) => [task, 'read-back']),
    );
    expect(waits).toEqual([500, 500]);
  });

  it('ten thousand tasks take a hundred calls a sweep, and each is asked for before any is again', async () => {
    const tasks = issues(10_000);
    takesAtOnce(10);
    let sweeps = 0;
    for (; new Set(asked()).size < tasks.length && sweeps < 99; sweeps++) {
      const before = world.fake.calls.length;
      await readOutstanding(tasks, yes, deps());
      expect(world.fake.calls.length - before).toBeLessThanOrEqual(100);
      world.clock.time += minutes(10);
    }
    expect(sweeps).toBe(10);
    const first = asked().slice(0, tasks.length);
    expect(new Set(first).size).toBe(tasks.length);
  });

  it('no sweep asks for more than two thousand tasks, however many one call takes', async () => {
    takesAtOnce(100);
    await readOutstanding(issues(10_000), yes, deps());
    expect(asked()).toHaveLength(2_000);
    expect(world.fake.calls).toHaveLength(20);
  });

  it('leaves alone a tracker that a sweep asked a moment ago, unless a person wants to know', async () => {
    await readOutstanding(issues(2), yes, deps());
    world.clock.time += minutes(4);
    await readOutstanding(issues(2), yes, deps());
    expect(world.fake.calls).toHaveLength(1);
    await readOutstanding(issues(2), yes, deps({ notAgainWithin: 0 }));
    expect(world.fake.calls).toHaveLength(2);
  });

  it('goes on where it was stopped by a tracker that does not answer', async () => {
    const tasks = issues(9);
    const stopAfterOne = deps({
      record: async () => {
        world.fake.trouble = { kind: 'down' };
      },
    });
    for (const task of tasks) world.fake.tasks.set(task, { state: 'open' });
    expect(await readOutstanding(tasks, yes, stopAfterOne)).toBe(3);
    world.fake.trouble = undefined;
    world.clock.time += minutes(10);
    world.fake.calls.length = 0;
    expect(await readOutstanding(tasks, yes, deps())).toBe(9);
    expect(asked()[0]).toBe(tasks[3]);
  });

  it('goes on where the one before ended although its last task is waited for no more', async () => {
    const tasks = issues(400);
    await readOutstanding(tasks, yes, deps());
    world.clock.time += minutes(10);
    const left = tasks.filter((task) => task !== tasks[299]);
    world.fake.calls.length = 0;
    await readOutstanding(left, yes, deps());
    expect(asked()[0]).toBe(tasks[300]);
  });

  it('stops where another process took over, and at shutdown', async () => {
    let calls = 0;
    await readOutstanding(issues(9), async () => ++calls < 2, deps());
    expect(world.fake.calls).toHaveLength(1);
    await readOutstanding(issues(9), yes, deps({ notAgainWithin: 0, signal: AbortSignal.abort() }));
    expect(world.fake.calls).toHaveLength(1);
  });

  it('reads all others in one sweep where one fails alone, and says which incident that is about', async () => {
    const tasks = issues(9);
    const [, , , , bad = ''] = tasks;
    await world.store.links.put(bad, [['01FOLLOWUP', '01INCIDENT']]);
    for (const task of tasks) world.fake.tasks.set(task, { state: 'done' });
    world.fake.poison.add(bad);
    expect(await readOutstanding(tasks, yes, deps())).toBe(8);
    expect(told.map(({ task }) => task)).toEqual(tasks.filter((task) => task !== bad));
    expect(woken).toEqual(['01INCIDENT']);
    expect(await world.store.unreadTasks.get(bad)).toMatchObject({
      why: 'GitHub could not answer (500)',
      lasts: false,
      since: world.clock.time,
    });
    expect((await world.store.trackerStatus.get('github'))?.failure).toBeUndefined();
  });

  it('comes back to a task that could not be read less and less often, and at once where a person asks', async () => {
    const bad = keyOf('a/b#1');
    await world.store.links.put(bad, [['01FOLLOWUP', '01INCIDENT']]);
    world.fake.poison.add(bad);
    const began = world.clock.time;
    const at: number[] = [];
    for (; world.clock.time < began + minutes(3 * 24 * 60); world.clock.time += minutes(10)) {
      const before = world.fake.calls.length;
      await readOutstanding([bad, keyOf('a/b#2')], yes, deps());
      if (world.fake.calls.slice(before).flat().includes(bad))
        at.push((world.clock.time - began) / minutes(10));
    }
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 399]);
    expect(woken).toEqual(['01INCIDENT']);

    world.fake.poison.clear();
    world.fake.tasks.set(bad, { state: 'open' });
    await readOutstanding([bad], yes, deps({ notAgainWithin: 0 }));
    expect(await world.store.unreadTasks.get(bad)).toBeUndefined();
    expect(woken).toEqual(['01INCIDENT', '01INCIDENT']);
  });

  it('begins behind those that failed one after another, where the tracker seemed to be down', async () => {
    const tasks = issues(9);
    for (const task of tasks) {
      await world.store.links.put(task, [['01FOLLOWUP', '01INCIDENT']]);
      world.fake.tasks.set(task, { state: 'done' });
    }
    for (const task of tasks.slice(0, 3)) world.fake.poison.add(task);
    expect(await readOutstanding(tasks, yes, deps())).toBe(0);
    world.clock.time += minutes(10);
    expect(await readOutstanding(tasks, yes, deps())).toBe(6);
  });

  it('asks for a task that moved where it is now', async () => {
    await world.store.currentKeys.put(keyOf('a/old#1'), keyOf('a/new#7'));
    await readOutstanding([keyOf('a/old#1'), keyOf('a/new#7')], yes, deps());
    expect(asked()).toEqual([keyOf('a/new#7')]);
  });

  it('what could not be handed on is asked for again', async () => {
    const task = keyOf('a/b#1');
    world.fake.tasks.set(task, { state: 'done' });
    const full = deps({ record: () => Promise.reject(new Error('the queue is down')) });
    await expect(readOutstanding([task], yes, full)).rejects.toThrow('the queue is down');
    expect(await readOutstanding([task], yes, deps())).toBe(1);
  });
});
