import { describe, expect, it } from 'vitest';
import {
  type DeliveryPace,
  longestUsualSilence,
  paceAfter,
  silenceInWords,
  unusualSilence,
} from '../../src/store/delivery-pace.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday, 0:00 UTC. */
const MONDAY = Date.parse('2026-03-02T00:00:00Z');

/** What is known after deliveries at these times. */
function heardAt(times: readonly number[], before?: DeliveryPace): DeliveryPace {
  let pace = before;
  for (const at of times) pace = paceAfter(pace, { first: at, last: at, count: 1 });
  if (pace === undefined) throw new Error('nothing was heard');
  return pace;
}

/** Every 20 minutes from 8 to 18 o'clock, on the working days of so many weeks. */
function office(weeks: number): number[] {
  const times: number[] = [];
  for (let week = 0; week < weeks; week++)
    for (let day = 0; day < 5; day++)
      for (let minute = 8 * 60; minute <= 18 * 60; minute += 20)
        times.push(MONDAY + (7 * week + day) * DAY + minute * 60_000);
  return times;
}

describe('a source that is silent for longer than is usual for it', () => {
  it('is told with its own pace: nights and weekends are usual where people work by day', () => {
    const pace = heardAt(office(2));
    const friday = MONDAY + 11 * DAY + 18 * HOUR;
    expect(pace.at).toBe(friday);
    expect(unusualSilence(pace, friday + 62 * HOUR)).toBeUndefined();
    const silence = unusualSilence(pace, friday + 6 * DAY);
    expect(silence).toMatchObject({ since: friday, lasts: 6 * DAY });
    expect(silence && silenceInWords('GitHub', silence)).toBe(
      'no delivery from GitHub for 6 days (usually every 53 minutes)',
    );
  });

  it('is one that delivers round the clock after a day already', () => {
    const times = Array.from({ length: 9 * 24 }, (_, hour) => MONDAY + hour * HOUR);
    const pace = heardAt(times);
    expect(unusualSilence(pace, pace.at + 23 * HOUR)).toBeUndefined();
    expect(unusualSilence(pace, pace.at + 25 * HOUR)).toMatchObject({ usually: HOUR });
  });

  it.each([
    ['one burst', Array.from({ length: 500 }, (_, second) => MONDAY + second * 1_000)],
    ['a working week without a weekend', office(1)],
    ['two days of a month', [MONDAY, MONDAY + 20 * DAY]],
  ])('is never one of which too little is known: %s', (_, times) => {
    const pace = heardAt(times);
    expect(longestUsualSilence(pace)).toBeUndefined();
    expect(unusualSilence(pace, pace.at + 100 * DAY)).toBeUndefined();
  });

  it('is told the next time as well: an outage does not become what is usual at once', () => {
    const before = heardAt(office(2));
    const most = longestUsualSilence(before) ?? 0;
    const after = heardAt([before.at + 30 * DAY], before);
    expect(longestUsualSilence(after)).toBe(2 * most);
  });

  it('is judged by the last two months', () => {
    const early = heardAt([MONDAY, MONDAY + 30 * DAY]);
    const later = heardAt(
      Array.from({ length: 100 }, (_, day) => MONDAY + (31 + day) * DAY),
      early,
    );
    expect(later.days).toHaveLength(60);
    expect(longestUsualSilence(later)).toBe(2 * DAY);
  });

  it('does not look silent because receivers on several machines write in any order', () => {
    const pace = heardAt([MONDAY, MONDAY + 10_000, MONDAY + 5_000]);
    expect(pace).toMatchObject({ at: MONDAY + 10_000, since: MONDAY, days: [{ count: 3, silence: 10_000 }] });
  });

  it('is known anew where a clock that was ahead wrote the pace: that hides no silence until then', () => {
    const ahead = heardAt([MONDAY + 365 * DAY]);
    expect(heardAt([MONDAY], ahead)).toEqual(heardAt([MONDAY]));
    const pace = heardAt(office(2), ahead);
    expect(unusualSilence(pace, pace.at + 6 * DAY)).toMatchObject({ lasts: 6 * DAY });
  });

  it('is known anew where it was tried out once and taken up much later', () => {
    const tried = heardAt([MONDAY - 100 * DAY]);
    expect(heardAt(office(2), tried)).toEqual(heardAt(office(2)));
  });
});
