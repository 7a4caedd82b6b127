import { describe, expect, it } from 'vitest';
import type { Pace } from '../../../src/incident-io/pace/pace.ts';
import { shareOf } from '../../../src/incident-io/pace/share.ts';

/** A pace that lets everybody go, and what it was asked for when, on a clock that only sleeping moves. */
function counted(headers: Record<string, string> = {}) {
  let time = 0;
  const taken: { at: number; route: string }[] = [];
  const pace: Pace = {
    async take(route) {
      taken.push({ at: time, route });
      return { answered: async () => {}, limited: async (ms) => ms, unanswered: async () => {} };
    },
  };
  const half = shareOf(pace, 0.5, {
    clock: () => time,
    sleep: async (ms) => {
      time += ms;
    },
  });
  return {
    taken,
    async calls(count: number, route = '/v2/incident_updates') {
      for (let n = 0; n < count; n++) {
        const turn = await half.take(route);
        await turn.answered(headers);
      }
    },
  };
}

/** The most calls that any window of `ms` has. */
function densest(taken: readonly { at: number }[], ms: number): number {
  return Math.max(...taken.map(({ at }) => taken.filter((one) => one.at >= at && one.at < at + ms).length));
}

describe('half of the rate limit', () => {
  it('is never exceeded, in any second or minute, before an answer announces the limit', async () => {
    const { taken, calls } = counted();
    await calls(1_500);
    expect(densest(taken, 1_000)).toBeLessThanOrEqual(10);
    expect(densest(taken, 60_000)).toBeLessThanOrEqual(600);
  });

  it('is half of the limit that answers announce', async () => {
    const { taken, calls } = counted({ 'x-ratelimit-limit': '300, 300;window=60' });
    await calls(400);
    expect(densest(taken.slice(2), 60_000)).toBeLessThanOrEqual(151);
  });

  it('is half of the lower limit that a list has of its own', async () => {
    const { taken, calls } = counted({ 'x-ratelimit-limit': '60, 1200;window=60, 60;window=60' });
    await calls(100, '/v2/incidents');
    expect(densest(taken.slice(1), 60_000)).toBeLessThanOrEqual(31);
  });
});
