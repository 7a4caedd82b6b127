import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onTick } from '../src/aligned-timer.ts';
import { WakeSignal } from '../src/wake-signal.ts';

describe('rests', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Begins a rest of a minute, and tells whether it is over. */
  function resting(wakeSignal: WakeSignal, signal = new AbortController().signal) {
    const rest = { isOver: false };
    void wakeSignal.wait(60_000, signal).then(() => {
      rest.isOver = true;
    });
    return rest;
  }

  it('end after their time, when it rings, or with the signal', async () => {
    const wakeSignal = new WakeSignal();
    const long = resting(wakeSignal);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(long.isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(long.isOver).toBe(true);

    const rung = resting(wakeSignal);
    wakeSignal.notify();
    await vi.advanceTimersByTimeAsync(0);
    expect(rung.isOver).toBe(true);

    const stop = new AbortController();
    const stopped = resting(wakeSignal, stop.signal);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(stopped.isOver).toBe(true);
  });

  it('do not begin where it rang before, once', async () => {
    const wakeSignal = new WakeSignal();
    wakeSignal.notify();
    wakeSignal.notify();
    const first = resting(wakeSignal);
    await vi.advanceTimersByTimeAsync(0);
    expect(first.isOver).toBe(true);
    const second = resting(wakeSignal);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.isOver).toBe(false);
  });

  it('go by the time that whoever plays it gives them, and hear the ring', async () => {
    const wakeSignal = new WakeSignal();
    const asked: number[] = [];
    const played = (ms: number, over?: AbortSignal) => {
      asked.push(ms);
      return new Promise<void>((resolve) => over?.addEventListener('abort', () => resolve()));
    };
    const rest = wakeSignal.wait(60_000, new AbortController().signal, played);
    expect(vi.getTimerCount()).toBe(0);
    wakeSignal.notify();
    await rest;
    expect(asked).toEqual([60_000]);
  });

  it('of looks that began at other times end together', async () => {
    const wakes: Record<string, number[]> = { often: [], other: [], seldom: [] };
    const note = (name: string) => () => wakes[name]?.push(performance.now());
    const ends = [onTick(5_000, note('often'))];
    await vi.advanceTimersByTimeAsync(1_234);
    ends.push(onTick(5_000, note('other')), onTick(10_000, note('seldom')));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wakes.other).toEqual(wakes.often);
    expect(wakes.often).toEqual(expect.arrayContaining(wakes.seldom ?? []));
    expect(wakes.seldom?.length).toBeGreaterThanOrEqual(5);
    for (const end of ends) end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
