import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StalledCheck } from '../../src/queue/stalled-check.ts';

describe('where no other process takes jobs', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open() {
    const seen = { checks: 0, busy: false, errors: [] as string[] };
    const check = new StalledCheck({
      check: async () => {
        seen.checks += 1;
        if (seen.errors.length > 0) throw new Error('the database is closed');
      },
      busy: () => seen.busy,
      onError: ({ message }) => void seen.errors.push(message),
      every: 5_000,
      lockDuration: 15_000,
    });
    const pass = async (ms: number) => {
      const before = seen.checks;
      await vi.advanceTimersByTimeAsync(ms);
      return seen.checks - before;
    };
    return { seen, check, pass };
  }

  it('abandoned jobs are looked for until the locks of the process before have ended, and then no more', async () => {
    const { check, pass } = open();
    expect(await pass(20_000)).toBeGreaterThanOrEqual(4);
    await pass(15_000);
    expect(await pass(3_600_000)).toBe(0);
    check.close();
  });

  it('they are looked for while a job is in flight, however long, and until its lock would have ended', async () => {
    const { seen, check, pass } = open();
    await pass(60_000);
    check.noted();
    seen.busy = true;
    expect(await pass(600_000)).toBe(120);
    seen.busy = false;
    check.noted();
    expect(await pass(20_000)).toBeGreaterThanOrEqual(3);
    await pass(15_000);
    expect(await pass(3_600_000)).toBe(0);
    check.close();
  });

  it('a check that fails is told, and the next one comes all the same', async () => {
    const { seen, check, pass } = open();
    seen.errors.push('from before');
    await pass(15_000);
    expect(seen.errors.slice(1)).toEqual(Array(3).fill('the database is closed'));
    check.close();
    expect(await pass(60_000)).toBe(0);
  });
});
