import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeptWorker, type KeptWorkerParts } from '../../src/queue/kept-worker.ts';
import { QueueProgress } from '../../src/queue/progress.ts';
import { gate } from '../receiver/support.ts';

describe('the worker of a queue', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What became of each worker that was made; whether a worker can start is the test's. */
  function open(over: Partial<KeptWorkerParts> = {}) {
    const state = { starts: true, usable: true };
    const made: { paused: boolean; running: boolean; closed: boolean }[] = [];
    const kept = new KeptWorker('reviews', {
      progress: new QueueProgress(),
      busy: () => false,
      async usable() {
        if (!state.usable) throw new Error('Redis says no');
      },
      make() {
        const worker = { paused: false, running: state.starts, closed: false };
        made.push(worker);
        const become = async (change: Partial<typeof worker>) => void Object.assign(worker, change);
        return {
          pause: () => become({ paused: true }),
          resume: () => become({ paused: false }),
          close: () => become({ closed: true }),
          isRunning: () => worker.running,
          async waitUntilReady() {
            if (!state.starts) throw new Error('it cannot start');
          },
          cancelAllJobs() {},
          disconnect: async () => {},
        };
      },
      ...over,
    });
    return { kept, state, made };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it('that is made anew while it is paused takes nothing until it is resumed', async () => {
    const { kept, state, made } = open();
    state.usable = false;
    await kept.pause();
    await pass(3_000);
    state.usable = true;
    await pass(3_000);
    expect(made).toEqual([{ paused: true, running: true, closed: false }]);
    await kept.resume();
    expect(made).toMatchObject([{ paused: false }]);
    await kept.close();
  });

  it('that cannot start is said to, closed, and made anew until it can', async () => {
    const { kept, state, made } = open();
    state.starts = false;
    await pass(2_500);
    expect(kept.problem()).toBe('the worker of reviews takes no jobs: it cannot start');
    expect(made.length).toBeGreaterThan(1);
    state.starts = true;
    await pass(1_500);
    expect(kept.problem()).toBeUndefined();
    expect(made.map(({ closed }) => closed)).toEqual([...made.slice(1).map(() => true), false]);
    await kept.close();
  });

  it('that stopped by itself is made anew, and one that is paused is none of those', async () => {
    const { kept, made } = open();
    await pass(10);
    const [first] = made;
    if (first === undefined) throw new Error('none was made');
    await kept.pause();
    first.running = false;
    await pass(20_000);
    expect(made).toHaveLength(1);
    await kept.resume();
    await pass(20_000);
    expect(made.map(({ closed }) => closed)).toEqual([true, false]);
    await kept.close();
  });

  it('is not made any more once it was closed while its queue was looked at', async () => {
    const looked = gate();
    const { kept, made } = open({ usable: () => looked.opened });
    await kept.close();
    looked.open();
    await pass(20_000);
    expect(made).toEqual([]);
  });
});
