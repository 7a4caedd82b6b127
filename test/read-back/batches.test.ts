import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NoAnswerError } from '../../src/http.ts';
import { type BatchReading, readInBatches } from '../../src/read-back/batches.ts';
import { TrackerAccessError, TrackerBusyError } from '../../src/trackers/read-back.ts';
import { taskEvent } from '../support/make.ts';

const tasks = (count: number) => Array.from({ length: count }, (_, n) => `github:github.com/a/b#${n + 1}`);

/** Reads these tasks from a tracker where a call fails that asks for one of `bad`. */
async function reading(asked: readonly string[], most: number, bad: (task: string) => Error | undefined) {
  const calls: (readonly string[])[] = [];
  const found: BatchReading = { events: new Map(), unreadable: new Map(), failed: new Map() };
  const call = async (batch: readonly string[]) => {
    calls.push(batch);
    for (const task of batch) {
      const error = bad(task);
      if (error !== undefined) throw error;
    }
    return { events: new Map(batch.map((task) => [task, taskEvent({ task })])), unreadable: new Map() };
  };
  const error = await readInBatches(asked, most, call, found).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { found, calls, error };
}

const failing = new Error('answered 500');
const down = new NoAnswerError('the connection failed (ECONNREFUSED)', undefined);
const slow = new NoAnswerError('no answer within 15 s', undefined, { timedOut: true });

describe('reading tasks in batches', () => {
  it.each([1, 10, 100])(
    'one task that fails by itself keeps none of the others from being read, %i a call',
    async (most) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(99), fc.constantFrom(failing, slow), async (n, error) => {
          const all = tasks(100);
          const { found, calls, ...ended } = await reading(all, most, (task) =>
            task === all[n] ? error : undefined,
          );
          expect(ended.error).toBeUndefined();
          expect(found.failed).toEqual(new Map([[all[n], error.message]]));
          expect(found.events.size).toBe(99);
          expect(calls.length).toBeLessThanOrEqual(100 / most + 21);
        }),
        { numRuns: 50 },
      );
    },
  );

  it('nor do several, wherever they are, unless ten are at one place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(98), { maxLength: 8 }), async (bad) => {
        const all = tasks(100);
        const failed = new Set(bad.map((n) => all[n + 1]));
        const { found, error } = await reading(all, 20, (task) => (failed.has(task) ? failing : undefined));
        // The very first ones tell nothing of whether the tracker answers at all.
        if (error !== undefined) return expect(bad).toEqual(expect.arrayContaining([0, 1]));
        expect(new Set(found.failed.keys())).toEqual(failed);
        expect(found.events.size).toBe(100 - bad.length);
      }),
    );
  });

  it.each([1, 10, 100])('finds out with a few calls that none is answered for, %i a call', async (most) => {
    const { error, calls, found } = await reading(tasks(100), most, () => failing);
    expect(error).toBe(failing);
    expect(calls.length).toBeLessThanOrEqual(6);
    expect(found.events.size).toBe(0);
    // Those that were tried alone: the next sweep begins behind them.
    expect(found.failed.size).toBe(3);
  });

  it('stops where the tracker stops answering in the middle, and keeps what it had told', async () => {
    const all = tasks(40);
    const { error, found } = await reading(all, 10, (task) =>
      all.indexOf(task) >= 10 ? failing : undefined,
    );
    expect(error).toBe(failing);
    expect(found.events.size).toBe(10);
    expect(found.failed.size).toBe(10);
  });

  it('a single task that fails says nothing of the tracker', async () => {
    for (const error of [failing, slow]) {
      const { found, ...ended } = await reading(tasks(1), 10, () => error);
      expect(ended.error).toBeUndefined();
      expect(found.failed.size).toBe(1);
    }
  });

  it('tries no further where nobody is there, the token is refused, or the limit is used up', async () => {
    for (const error of [down, new TrackerAccessError('401'), new TrackerBusyError('429', 1)]) {
      const { calls, ...ended } = await reading(tasks(30), 10, () => error);
      expect(ended.error).toBe(error);
      expect(calls).toHaveLength(1);
    }
  });
});
