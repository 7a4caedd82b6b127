import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BusinessHours, hoursInWords, opensAt } from '../../src/policy/business-hours.ts';
import { decide } from '../../src/review/decide.ts';
import type { Facts } from '../../src/review/facts.ts';
import { followUp, historyOf, incident, minutes, rule, statuses, T0, update } from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';

const WEEK = [1, 2, 3, 4, 5];
const between = (from: number, to: number, timeZone = 'Europe/Berlin', days: number[] = WEEK) => ({
  ...{ timeZone, days },
  hours: [{ from: from * 60, to: to * 60 }],
});
const shown = (hours: BusinessHours, at: string) =>
  new Date(opensAt(hours, Date.parse(at))).toISOString().replace('.000', '');

describe('business hours', () => {
  it.each<[string, BusinessHours, string, string]>([
    ['are now, within them', between(9, 17), '2026-03-02T08:00:00Z', '2026-03-02T08:00:00Z'],
    ['begin later today', between(9, 17), '2026-03-02T07:59:59Z', '2026-03-02T08:00:00Z'],
    ['are over at their end', between(9, 17), '2026-03-02T16:00:00Z', '2026-03-03T08:00:00Z'],
    ['come again after the weekend', between(9, 17), '2026-03-06T16:00:00Z', '2026-03-09T08:00:00Z'],
    [
      'are those of another place',
      between(9, 17, 'Asia/Tokyo'),
      '2026-03-01T23:59:00Z',
      '2026-03-02T00:00:00Z',
    ],
    [
      'come a week later, on one day',
      between(9, 17, 'UTC', [1]),
      '2026-03-02T17:00:00Z',
      '2026-03-09T09:00:00Z',
    ],
    ['go to the end of the day', between(9, 24, 'UTC', [1]), '2026-03-02T23:59:59Z', '2026-03-02T23:59:59Z'],
    // Berlin goes from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October 2026.
    ['come an hour earlier by UTC in summer', between(9, 17), '2026-03-27T16:00:00Z', '2026-03-30T07:00:00Z'],
    ['come an hour later by UTC in winter', between(9, 17), '2026-10-23T15:00:00Z', '2026-10-26T08:00:00Z'],
    [
      'begin with the change where their beginning is left out by it',
      between(2.5, 5, 'Europe/Berlin', [0]),
      '2026-03-29T00:10:00Z',
      '2026-03-29T01:00:00Z',
    ],
    [
      'come twice in the hour that comes twice',
      between(2, 2.5, 'Europe/Berlin', [0]),
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
    ],
  ])('%s', (_, hours, at, opens) => {
    expect(shown(hours, at)).toBe(opens);
  });

  it('may have a break', () => {
    const hours = { ...between(9, 12, 'UTC'), hours: [...between(13, 17).hours, ...between(9, 12).hours] };
    expect(shown(hours, '2026-03-02T12:00:00Z')).toBe('2026-03-02T13:00:00Z');
    expect(hoursInWords(hours)).toBe('Mon-Fri 13:00-17:00, 09:00-12:00 (UTC)');
  });

  it.each([
    [[1, 2, 3, 4, 5], 'Mon-Fri'],
    [[6, 0], 'Sat, Sun'],
    [[1, 3, 4, 5, 0], 'Mon, Wed-Fri, Sun'],
    [[0, 1, 2, 3, 4, 5, 6], 'Mon-Sun'],
  ])('on the days %j are told as %s', (days, words) => {
    expect(hoursInWords(between(9, 17.5, 'UTC', days))).toBe(`${words} 09:00-17:30 (UTC)`);
  });

  const anyHours = fc.record({
    timeZone: fc.constantFrom(
      ...[
        'UTC',
        'Europe/Berlin',
        'America/New_York',
        'Asia/Kolkata',
        'Australia/Lord_Howe',
        'Africa/Casablanca',
      ],
      ...['Pacific/Apia', 'America/St_Johns', 'Asia/Kathmandu'],
    ),
    days: fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1 }),
    hours: fc.array(
      fc
        .record({ from: fc.integer({ min: 0, max: 1_439 }), length: fc.integer({ min: 1, max: 1_440 }) })
        .map(({ from, length }) => ({ from, to: Math.min(1_440, from + length) })),
      { minLength: 1, maxLength: 2 },
    ),
  });
  // Around the changes of the clocks in 2026, and anywhere else in that year.
  const aroundChanges = [
    '2026-03-08T07:00Z',
    '2026-03-29T01:00Z',
    '2026-10-25T01:00Z',
    '2026-11-01T06:00Z',
    '2026-04-04T15:00Z',
  ];
  const anyTime = fc.oneof(
    fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2026-12-31') }),
    fc
      .record({ change: fc.constantFrom(...aroundChanges), before: fc.integer({ min: -120, max: 2_880 }) })
      .map(({ change, before }) => Date.parse(change) - minutes(before)),
  );

  /** By what a clock on the wall there shows. */
  function isOpen({ timeZone, days, hours }: BusinessHours, at: number): boolean {
    const text = new Date(at).toLocaleString('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
    const [, day = '', hour, minute] = /^(\w+),? (\d+):(\d+)/.exec(text) ?? [];
    const now = Number(hour) * 60 + Number(minute);
    const today = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(day);
    return days.includes(today) && hours.some(({ from, to }) => now >= from && now < to);
  }

  it('begin when a clock on the wall there shows it, and never before', () => {
    const property = fc.property(
      anyHours,
      anyTime,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
      (hours, at, shares) => {
        const opens = opensAt(hours, at);
        expect(opens).toBeGreaterThanOrEqual(at);
        expect(isOpen(hours, opens)).toBe(true);
        for (const before of [opens - 1, ...shares.map((share) => at + Math.floor(share * (opens - at)))])
          if (before >= at && before < opens)
            expect(isOpen(hours, before), new Date(before).toISOString()).toBe(false);
      },
    );
    fc.assert(property, propertyRuns(5_000));
  });

  it('are all in which anything is closed, and what a verdict says of them is kept', () => {
    const made = followUp({ status: 'completed', completedAt: T0, updatedAt: T0 });
    const property = fc.property(
      anyHours,
      anyTime,
      fc.integer({ min: 0, max: 3_000 }),
      (businessHours, now, settle) => {
        const by = rule({ businessHours, settleTime: minutes(settle) });
        const facts: Facts = {
          ...{ rule: by, changedWhileWriting: false, records: new Map(), closures: [], answers: new Map() },
          followUps: [{ followUp: made, history: historyOf(made), effective: { countsAs: 'done' } }],
          ready: { since: now - minutes(1_000), statusId: statuses.learning.id },
          ...{
            incident: incident(),
            statuses: Object.values(statuses),
            updates: [update({ createdAt: now - minutes(2_000) })],
            now,
          },
        };
        const policy = { activeIncidents: 'leave' as const, rules: [by] };
        const decision = decide(facts, policy);
        if (decision.verdict === 'close') {
          expect(isOpen(businessHours, now)).toBe(true);
          return;
        }
        if (decision.verdict !== 'wait' || decision.until === undefined) throw new Error(decision.verdict);
        // Nothing is forecast that the next review would not find.
        expect(decide({ ...facts, now: decision.until }, policy).verdict).toBe('close');
        expect(decide({ ...facts, now: decision.until - 1 }, policy).verdict).toBe('wait');
      },
    );
    fc.assert(property, propertyRuns(2_000));
  });
});
