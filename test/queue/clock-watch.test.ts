import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { watchClock } from '../../src/queue/clock-watch.ts';

describe('the watch of the clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('tells once how far the clock was set back, and nothing of one that goes on, is corrected or set ahead', () => {
    let [wall, monotonic] = [1_000_000_000, 0];
    const told: number[] = [];
    const end = watchClock(
      (ms) => told.push(ms),
      () => wall,
      () => monotonic,
    );
    const pass = (jump: number) => {
      wall += 5_000 + jump;
      monotonic += 5_000;
      vi.advanceTimersByTime(5_000);
    };
    for (const jump of [0, -200, 300, 3_600_000, 0]) pass(jump);
    expect(told).toEqual([]);
    for (const jump of [-3_600_000, 0, 0]) pass(jump);
    expect(told).toEqual([3_600_000]);
    end();
    pass(-3_600_000);
    expect(told).toHaveLength(1);
  });
});
