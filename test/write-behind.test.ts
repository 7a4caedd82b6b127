import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WriteBehind } from '../src/write-behind.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function opened(takes: number, failing = 0) {
  const writes: number[] = [];
  const failures: unknown[] = [];
  let fail = failing;
  const began = performance.now();
  const writer = new WriteBehind({
    async write() {
      writes.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, takes));
      if (fail-- > 0) throw new Error('the store is down');
    },
    every: 1_000,
    onFailure: (error) => failures.push(error),
  });
  return { writer, writes, failures };
}

it('what is collected is written together, a while after the first of it, and nothing while nothing comes', async () => {
  const { writer, writes } = opened(0);
  for (let n = 0; n < 100; n++) writer.schedule();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(writes).toEqual([1_000]);
});

it('what comes during a write is written after it, by itself', async () => {
  const { writer, writes } = opened(10);
  writer.schedule();
  await vi.advanceTimersByTimeAsync(1_005);
  writer.schedule();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(writes).toEqual([1_000, 2_010]);
});

it('a write that failed is made again, by itself', async () => {
  const { writer, writes, failures } = opened(0, 2);
  writer.schedule();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(writes).toHaveLength(3);
  expect(failures).toHaveLength(2);
});

it('a slow store is written to for a twentieth of the time at most', async () => {
  const { writer, writes } = opened(500);
  for (let ms = 0; ms < 60_000; ms += 100) {
    writer.schedule();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(writes.length).toBeLessThanOrEqual(7);
  expect(writes.length).toBeGreaterThanOrEqual(5);
});

it('a write that is never answered keeps no other one waiting for ever', async () => {
  const { writer, writes, failures } = opened(10_000_000);
  writer.schedule();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(writes.length).toBeGreaterThan(1);
  expect(failures.length).toBeGreaterThan(0);
});
