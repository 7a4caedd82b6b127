import { reportOf } from '../../src/backtest/report.ts';
import type { BacktestRow } from '../../src/backtest/verdict-of-past.ts';
import { asJson } from '../../src/commands/backtest/command.ts';

const DAY = 86_400_000;
const FROM = Date.parse('2026-08-03T00:00:00Z');

const row = (n: number, more: Partial<BacktestRow> & Pick<BacktestRow, 'answer'>): BacktestRow => ({
  incident: `INC-${n}`,
  id: `01PAST${n}`,
  name: `Past ${n}`,
  private: false,
  url: `https://app.incident.io/acme/incidents/${n}`,
  met: [],
  ...more,
});

/** What `backtest --json` prints of eight incidents, three of them without follow-ups. */
export function backtestFile(): Buffer {
  const rows = [
    row(1, { answer: 'closed', at: FROM + DAY, peopleAt: FROM + 3 * DAY }),
    row(2, {
      answer: 'closed',
      at: FROM + 8 * DAY,
      wentOn: [
        {
          what: 'moved-back',
          at: FROM + 9 * DAY,
          words: '<b>moved back</b> to Fixing',
          url: 'https://a.test/2',
        },
      ],
    }),
    row(3, {
      answer: 'left',
      peopleAt: FROM + 2 * DAY,
      reason: 'follow-ups',
      words: 'waits for acme/api#3',
      met: ['closed-by-automation'],
    }),
    row(4, { answer: 'open' }),
    row(5, { answer: 'unknown', doubts: ['from-link'], private: true }),
  ];
  const report = reportOf(rows, { policy: 'the settings', withoutFollowUps: 3, maxClosesPerHour: 60 });
  const found = { from: FROM, to: FROM + 28 * DAY, notAsked: {}, reports: [report] };
  return Buffer.from(JSON.stringify(asJson(found)));
}
