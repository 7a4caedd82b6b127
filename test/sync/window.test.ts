import { describe, expect, it } from 'vitest';
import { nextWindow } from '../../src/sync/window.ts';
import { minutes, T0 } from '../support/make.ts';

describe('from where the next sync reads', () => {
  it('five minutes before the newest row', () => {
    expect(nextWindow([T0, T0 + minutes(9)], 0)).toEqual({ from: T0 + minutes(4), cut: false });
  });

  it('never earlier than this one did', () => {
    expect(nextWindow([T0 + 1], T0)).toEqual({ from: T0, cut: false });
    expect(nextWindow([], T0)).toEqual({ from: T0, cut: false });
  });

  it('after a burst so late that it reads one page at most', () => {
    const burst = Array.from({ length: 10_000 }, (_, n) => T0 + n * 10);
    const { from, cut } = nextWindow(burst, 0);
    expect(cut).toBe(true);
    expect(burst.filter((at) => at >= from).length).toBeLessThanOrEqual(200);
    expect(from % 1000).toBe(0);
  });

  it('after a burst of one moment only what is newer', () => {
    const { from } = nextWindow(
      Array.from({ length: 10_000 }, () => T0),
      0,
    );
    expect(from).toBe(T0 + 1000);
  });
});
