import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asBatch } from '../../src/queue/event-batch.ts';
import { Batcher, QueueTimeout } from '../../src/receiver/batching.ts';
import type { EventBatch } from '../../src/vocabulary.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { FakeIntake, gate } from './support.ts';

function part(delivery: string, size = 0): EventBatch {
  const task = `github:github.com/acme/api#${'1'.repeat(size + 1)}`;
  const event = {
    tracker: 'github',
    task,
    aliases: [],
    state: 'done',
    by: 'person',
    delivery,
    receivedAt: 0,
  } as const;
  return asBatch({ tasks: [{ ...event, aliases: [] }] });
}

/** How often an add ends well, late or badly; 0 ms is at once. */
const scripts = fc.array(fc.record({ takes: fc.nat({ max: 3000 }), fails: fc.boolean() }), { minLength: 1 });
const arrivals = fc.array(fc.record({ after: fc.nat({ max: 900 }), size: fc.nat({ max: 400 }) }), {
  minLength: 1,
});

afterEach(() => {
  vi.useRealTimers();
});

describe('batching', () => {
  it('adds a single delivery at once, alone', async () => {
    const intake = new FakeIntake();
    await new Batcher(intake, { deadline: 2000 }).add(part('a'));
    expect(intake.batches).toEqual([part('a')]);
  });

  it('where a batch fails for the fault of one part, the others are taken', async () => {
    const intake = new FakeIntake();
    const first = gate();
    intake.behave = () => first.opened;
    const batcher = new Batcher(intake, { deadline: 2000 });
    const all = ['a', 'b', 'bad', 'c'].map((name) => batcher.add(part(name)));
    intake.behave = async ({ tasks }) => {
      // https://www.postgresql.org/docs/current/errcodes-appendix.html
      if (tasks.some(({ delivery }) => delivery === 'bad'))
        throw new Error('the job was not added', {
          cause: Object.assign(new Error('unsupported Unicode escape sequence'), { code: '22P05' }),
        });
    };
    first.open();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  it('where a batch fails for the fault of the queue, no part is tried again', async () => {
    const intake = new FakeIntake();
    const first = gate();
    intake.behave = () => first.opened;
    const batcher = new Batcher(intake, { deadline: 2000 });
    const all = ['a', 'b', 'c'].map((name) => batcher.add(part(name)));
    intake.behave = () => Promise.reject(Object.assign(new Error('no'), { code: '57P01' }));
    first.open();
    await Promise.allSettled(all);
    expect(intake.calls).toBe(2);
  });

  it('makes one batch of what arrives while an add is under way, in its order', async () => {
    const intake = new FakeIntake();
    const first = gate();
    intake.behave = () => first.opened;
    const batcher = new Batcher(intake, { deadline: 2000 });
    const all = Promise.all(['a', 'b', 'c', 'd'].map((name) => batcher.add(part(name))));
    expect(intake.calls).toBe(1);
    first.open();
    await all;
    expect(intake.batches.map(({ tasks }) => tasks.map(({ delivery }) => delivery))).toEqual([
      ['a'],
      ['b', 'c', 'd'],
    ]);
  });

  it('keeps a batch within its number of events and its size, and never splits a delivery', async () => {
    const intake = new FakeIntake();
    const batcher = new Batcher(intake, { deadline: 2000, maxEvents: 3, maxBytes: 1000 });
    const sizes = [0, 0, 0, 0, 0, 500, 500, 5000, 0];
    await Promise.all(sizes.map((size, index) => batcher.add(part(String(index), size))));
    const batches = intake.batches.map(({ tasks }) => tasks.map(({ delivery }) => delivery).join(''));
    expect(batches).toEqual(['0', '123', '45', '6', '7', '8']);
    const three = asBatch({ tasks: ['a', 'b', 'c', 'd'].flatMap((name) => part(name).tasks) });
    await batcher.add(three);
    expect(intake.batches.at(-1)).toEqual(three);
  });

  it('tells every caller of a batch that it failed, and goes on with the next', async () => {
    const intake = new FakeIntake();
    const first = gate();
    intake.behave = () =>
      intake.calls === 1 ? first.opened : intake.calls === 2 ? Promise.reject('no') : Promise.resolve();
    const batcher = new Batcher(intake, { deadline: 2000 });
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((name) => batcher.add(part(name))));
    first.open();
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await batcher.add(part('d'));
    expect(intake.deliveries).toEqual(['a', 'd']);
  });

  it('refuses at the deadline, drops what still waited, and takes new deliveries once the queue is back', async () => {
    vi.useFakeTimers();
    const intake = new FakeIntake();
    const hanging = gate();
    intake.behave = () => hanging.opened;
    const batcher = new Batcher(intake, { deadline: 2000 });
    const outcomes = Promise.allSettled([batcher.add(part('a')), batcher.add(part('b'))]);
    await vi.advanceTimersByTimeAsync(2000);
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(QueueTimeout) });
    const later = batcher.add(part('c'));
    hanging.open();
    await later;
    expect(intake.deliveries).toEqual(['a', 'c']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('puts what others send before a flood of one source, in a batch of its own', async () => {
    const intake = new FakeIntake();
    const first = gate();
    intake.behave = () => (intake.calls === 1 ? first.opened : Promise.resolve());
    const batcher = new Batcher(intake, { deadline: 60_000 });
    const flood = Array.from({ length: 2_000 }, (_, n) => batcher.add(part(`${n}`), { source: 'github' }));
    const other = batcher.add(part('other'), { source: 'jira' });
    first.open();
    await Promise.all([...flood, other]);
    const firstBehind = intake.batches.findIndex((batch) => intake.behind.has(batch));
    const ofOther = intake.batches.findIndex(({ tasks }) =>
      tasks.some(({ delivery }) => delivery === 'other'),
    );
    expect(ofOther).toBeGreaterThan(-1);
    expect(ofOther).toBeLessThan(firstBehind);
    expect(intake.batches.slice(firstBehind).every((batch) => intake.behind.has(batch))).toBe(true);
    expect(intake.deliveries).toHaveLength(2_001);
  });

  it('goes on with a flood after each usual batch, however long others keep coming', async () => {
    const intake = new FakeIntake();
    const batcher = new Batcher(intake, { deadline: 60_000, maxEvents: 5 });
    const all: Promise<void>[] = [];
    const others = (n: number) => all.push(batcher.add(part(`other ${n}`), { source: 'jira' }));
    intake.behave = async () => {
      // One more of the others is always waiting.
      if (intake.calls < 600) others(intake.calls);
    };
    for (let n = 0; n < 2_000; n++) all.push(batcher.add(part(`${n}`), { source: 'github' }));
    others(0);
    await Promise.all(all);
    const behind = intake.batches.map((batch) => intake.behind.has(batch));
    const first = behind.indexOf(true);
    expect(first).toBeLessThan(590);
    expect(behind.slice(first, first + 6)).toEqual([true, false, true, false, true, false]);
  });

  it('counts what a caller has waited already: for the store, before it came here', async () => {
    vi.useFakeTimers();
    const intake = new FakeIntake();
    intake.behave = () => new Promise(() => {});
    const batcher = new Batcher(intake, { deadline: 2000 });
    let refused = 0;
    for (const waited of [1500, 0]) batcher.add(part('a'), { waited }).catch(() => refused++);
    await vi.advanceTimersByTimeAsync(500);
    expect(refused).toBe(1);
    await vi.advanceTimersByTimeAsync(1500);
    expect(refused).toBe(2);
  });

  it('is not stopped permanently by an add that never ends', async () => {
    vi.useFakeTimers();
    const intake = new FakeIntake();
    intake.behave = () => (intake.calls === 1 ? new Promise(() => {}) : Promise.resolve());
    const batcher = new Batcher(intake, { deadline: 2000 });
    const lost = Promise.allSettled([batcher.add(part('a'))]);
    await vi.advanceTimersByTimeAsync(9000);
    expect(await lost).toMatchObject([{ status: 'rejected' }]);
    const next = batcher.add(part('b'));
    await vi.advanceTimersByTimeAsync(1000);
    await next;
    expect(intake.deliveries).toEqual(['b']);
  });

  it('has whatever was accepted in exactly one batch, in the order of arrival, and answers all in time', async () => {
    vi.useFakeTimers();
    const property = fc.asyncProperty(scripts, arrivals, async (script, arriving) => {
      const intake = new FakeIntake();
      let underWay = 0;
      intake.behave = async () => {
        underWay += 1;
        expect(underWay).toBe(1);
        const { takes, fails } = script[(intake.calls - 1) % script.length] ?? { takes: 0, fails: false };
        if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
        underWay -= 1;
        if (fails) throw new Error('the queue failed');
      };
      const batcher = new Batcher(intake, { deadline: 2000, maxEvents: 5, maxBytes: 2000 });
      const accepted: string[] = [];
      let answered = 0;
      for (const [index, { after, size }] of arriving.entries()) {
        await vi.advanceTimersByTimeAsync(after);
        const came = Date.now();
        const settled = (): void => {
          answered += 1;
          expect(Date.now() - came).toBeLessThanOrEqual(2000);
        };
        batcher
          .add(part(String(index), size))
          .then(
            () => accepted.push(String(index)),
            () => {},
          )
          .finally(settled);
      }
      await vi.advanceTimersByTimeAsync(2000);
      expect(answered).toBe(arriving.length);
      await vi.advanceTimersByTimeAsync(3000);

      const added = intake.deliveries;
      expect(new Set(added).size).toBe(added.length);
      expect(added).toEqual([...added].sort((a, b) => Number(a) - Number(b)));
      for (const delivery of accepted) expect(added).toContain(delivery);
      expect(vi.getTimerCount()).toBe(0);
    });
    await fc.assert(property, propertyRuns(300));
  });
});
