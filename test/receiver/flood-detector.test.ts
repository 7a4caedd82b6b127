import { describe, expect, it } from 'vitest';
import { FloodDetector } from '../../src/receiver/flood-detector.ts';

describe('a source that floods the queue', () => {
  it('is told from all others by what it adds, until it is over', () => {
    const clock = { time: 0 };
    const detector = new FloodDetector(() => clock.time);
    let first = 0;
    for (let n = 1; n <= 20_000 && first === 0; n++) {
      clock.time += 1;
      if (detector.isFlood('github', 1)) first = n;
    }
    expect(first).toBeGreaterThan(400);
    expect(first).toBeLessThan(600);
    expect(detector.isFlood('jira', 1)).toBe(false);
    clock.time += 5 * 60_000;
    expect(detector.isFlood('github', 1)).toBe(false);
  });

  it('is none that goes on at a rate that is usual for many', () => {
    const clock = { time: 0 };
    const detector = new FloodDetector(() => clock.time);
    for (let n = 0; n < 10_000; n++) {
      clock.time += 100;
      expect(detector.isFlood('github', 1)).toBe(false);
    }
  });
});
