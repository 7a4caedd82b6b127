import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StalledLook } from '../../src/queue/stalled-check.ts';

describe('where no other process takes jobs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open() {
    const seen = { looks: 0, busy: false, errors: [] as string[] };
    const look = new StalledLook({
      look: async () => {
        seen.looks += 1;
        if (seen.errors.length > 0) throw new Error('the database is closed');
      },
      busy: () => seen.busy,
      onError: ({ message }) => void seen.errors.push(message),
      every: 5_000,
      lockDuration: 15_000,
    });
    const pass = async (ms: number) => {
      const before = seen.looks;
      await vi.advanceTimersByTimeAsync(ms);
      return seen.looks - before;
    };
    return { seen, look, pass };
  }

  it('abandoned jobs are looked for until the locks of the process before have ended, and then no more', async () => {
    const { look, pass } = open();
    expect(await pass(20_000)).toBeGreaterThanOrEqual(4);
    await pass(15_000);
    expect(await pass(3_600_000)).toBe(0);
    look.close();
  });

  it('they are looked for while a job is in flight, however long, and until its lock would have ended', async () => {
    const { seen, look, pass } = open();
    await pass(60_000);
    look.noted();
    seen.busy = true;
    expect(await pass(600_000)).toBe(120);
    seen.busy = false;
    look.noted();
    expect(await pass(20_000)).toBeGreaterThanOrEqual(3);
    await pass(15_000);
    expect(await pass(3_600_000)).toBe(0);
    look.close();
  });

  it('a look that fails is told, and the next one comes all the same', async () => {
    const { seen, look, pass } = open();
    seen.errors.push('from before');
    await pass(15_000);
    expect(seen.errors.slice(1)).toEqual(Array(3).fill('the database is closed'));
    look.close();
    expect(await pass(60_000)).toBe(0);
  });
});
