import { describe, expect, it } from 'vitest';
import { nextWindow } from '../../src/sync/window.ts';
import { minutes, T0 } from '../support/make.ts';

const later = T0 + minutes(60);

describe('from where the next sync reads', () => {
  it('five minutes before the newest row', () => {
    expect(nextWindow([T0, T0 + minutes(9)], 0, later)).toEqual({ from: T0 + minutes(4), cut: false });
  });

  it('never earlier than this one did', () => {
    expect(nextWindow([T0 + 1], T0, later)).toEqual({ from: T0, cut: false });
    expect(nextWindow([], T0, later)).toEqual({ from: T0, cut: false });
  });

  it('after a burst so late that it reads one page at most', () => {
    const burst = Array.from({ length: 10_000 }, (_, n) => T0 + n * 10);
    const { from, cut } = nextWindow(burst, 0, later);
    expect(cut).toBe(true);
    expect(burst.filter((at) => at >= from).length).toBeLessThanOrEqual(200);
    expect(from % 1000).toBe(0);
  });

  const moment = Array.from({ length: 10_000 }, () => T0 + 336);

  it('after a burst of one second only what is newer', () => {
    expect(nextWindow(moment, 0, later)).toEqual({ from: T0 + 1000, cut: true });
  });

  it('at the second of the newest row while that may not be over', () => {
    for (const now of [T0 + 400, T0 + 5_336, T0 - minutes(1)])
      expect(nextWindow(moment, 0, now)).toEqual({ from: T0, cut: true });
  });
});
