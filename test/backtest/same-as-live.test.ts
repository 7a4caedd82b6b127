import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { backtest } from '../../src/backtest/backtest.ts';
import type { BacktestRow } from '../../src/backtest/verdict-of-past.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type Happening, historyOf } from '../../src/simulator/history.ts';
import { minutes, rule } from '../support/make.ts';
import { propertyRuns } from '../support/property-runs.ts';
import { withHistory } from './history-context.ts';
import { type Lived, live } from './live.ts';

const folder = mkdtempSync(join(tmpdir(), 'backtest-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = minutes(24 * 60);
/** In each history. */
const { numRuns: INCIDENTS } = propertyRuns(20, 12);
/** Of the long runs, ms. */
const LONGEST = minutes(20);
const SPAN = 365 * DAY;
const FROM = Date.parse('2025-12-01T00:00:00Z');

/** What teams choose, each of which makes a difference. */
const policies = fc
  .record({
    settleTime: fc.constantFrom(0, minutes(1), minutes(90), 3 * DAY),
    minFollowUps: fc.constantFrom(1, 1, 2),
    declinedCounts: fc.constantFrom(true, true, false),
    automationCounts: fc.constantFrom(false, false, true),
    minTimeResolved: fc.constantFrom(0, 0, DAY),
    activeIncidents: fc.constantFrom('leave' as const, 'leave' as const, 'close' as const),
  })
  .map(({ activeIncidents, ...over }): Policy => ({ activeIncidents, rules: [rule(over)] }));

/** What a history holds that no API shows at its end: that a follow-up was done, undone and done again. */
function isForgotten(history: readonly Happening[], incident: number): boolean {
  const done = history.flatMap((one) =>
    one.incident === incident && one.kind === 'set' && one.to !== 'outstanding' ? one.followUp : [],
  );
  return new Set(done).size < done.length;
}

async function compared(seed: number, incidents: number, policy: Policy, asks: boolean) {
  const to = FROM + SPAN;
  const history = historyOf({ seed, incidents, from: FROM, to });
  const lived = await live(history, { policy, to, webhooks: asks });
  const { context, close } = await withHistory(history, { to, asks });
  try {
    const progressFile = join(folder, `${seed}-${asks}.jsonl`);
    const policies = [{ name: 'a policy', policy }];
    const result = await backtest({ since: SPAN, progressFile, policies }, context, () => {});
    return { history, lived, report: result.reports[0] };
  } finally {
    await close();
  }
}

/** What differs between what was told of an incident and what the service did. */
function difference(row: BacktestRow, { closedAt, left }: Lived): string | undefined {
  const told =
    row.at !== undefined
      ? `closed ${row.at}`
      : row.answer === 'left'
        ? `left ${row.peopleAt} ${row.reason}`
        : 'open';
  const was =
    closedAt !== undefined
      ? `closed ${closedAt}`
      : left !== undefined
        ? `left ${left.at} ${left.reason}`
        : 'open';
  return told === was ? undefined : `${row.incident}: told ${told}, was ${was}`;
}

/** How many there were of each kind, in all histories. */
class Tally {
  all = 0;
  unknown = 0;
  forgotten = 0;
  readonly answers = new Set<string>();

  /** Throws where what was told is not what the service did. */
  count({ history, lived, report }: Awaited<ReturnType<typeof compared>>): void {
    this.all += report?.incidents ?? 0;
    for (const row of report?.rows ?? []) {
      const n = Number(row.incident.slice(4)) - 1;
      if (row.answer === 'unknown') this.unknown += 1;
      else if (isForgotten(history, n)) this.forgotten += 1;
      else {
        this.answers.add(row.answer);
        const story = history.filter(({ incident }) => incident === n).map((one) => JSON.stringify(one));
        expect(difference(row, lived.get(n) ?? {}), story.join('\n')).toBeUndefined();
      }
    }
  }

  /** The share of incidents of which nothing can be told. */
  share(): number {
    return (this.unknown + this.forgotten) / this.all;
  }
}

describe('the backtest', () => {
  it(
    'tells of every incident what the service does when the same history is played to it, or that it cannot be known',
    async () => {
      const tally = new Tally();
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 1_000_000 }),
          policies,
          fc.boolean(),
          async (seed, policy, asks) => tally.count(await compared(seed, INCIDENTS, policy, asks)),
        ),
        { ...propertyRuns(200, 10), endOnFailure: true },
      );
      expect([...tally.answers].sort()).toEqual(['closed', 'left', 'open']);
    },
    LONGEST,
  );

  it(
    'tells it of nine in ten incidents at least, of a year with the usual settings',
    async () => {
      const { numRuns: incidents } = propertyRuns(1_000, 60);
      const tally = new Tally();
      tally.count(await compared(1, incidents, { activeIncidents: 'leave', rules: [rule()] }, true));
      expect(tally.share()).toBeLessThanOrEqual(0.1);
    },
    LONGEST,
  );
});
