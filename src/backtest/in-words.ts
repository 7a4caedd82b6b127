import { formatTime } from '../format-time.ts';
import { joinNames } from '../review/sentences.ts';
import type { Backtest } from './backtest.ts';
import { DOUBTS } from './past.ts';
import { doubtsInWords, type Mattered, type Report } from './report.ts';
import type { BacktestRow } from './verdict-of-past.ts';

/** How many rows of each kind people are shown; programs get all. */
const SHOWN = 20;

/** The report for people, line by line; policies side by side. */
export function backtestInWords({ from, to, notAsked, reports }: Backtest): string[] {
  const [first] = reports;
  if (first === undefined) return [];
  const lines = [
    `${first.incidents} incidents declared from ${formatTime(from)} to ${formatTime(to)}, as if incident-closer had run all along with the settings of today`,
    '',
    ...tableOf(reports),
  ];
  for (const report of reports) {
    const title = reports.length > 1 ? ` (${report.policy})` : '';
    const of = (fits: (row: BacktestRow) => boolean) => report.rows.filter(fits);
    const wentOn = of((row) => row.wentOn !== undefined);
    lines.push(
      ...listOf(`People went on with them after it would have closed them${title}`, wentOn, wentOnOf),
    );
    const left = of(({ answer }) => answer === 'left');
    lines.push(...listOf(`People closed them, and it would have left them${title}`, left, leftOf));
    const unknown = of(({ answer }) => answer === 'unknown');
    lines.push(...listOf(`Cannot be known${title}`, unknown, unknownOf));
    for (const why of doubtsInWords(report.unknown.doubts)) lines.push(`  ${why}`);
  }
  return [...lines, '', ...notesOf(notAsked, first)];
}

function tableOf(reports: readonly Report[]): string[] {
  const row = (label: string, value: (report: Report) => string | number) => [
    label,
    ...reports.map((report) => String(value(report))),
  ];
  const mattered = (name: Mattered) => row(`  ${name}`, (report) => report.mattered[name]);
  const rows = [
    row('', ({ policy }) => policy),
    row('would have been closed', ({ acted }) => acted),
    ...(reports.some(({ resolved }) => resolved > 0)
      ? [row('  of these only resolved', ({ resolved }) => resolved)]
      : []),
    row('  before people did', ({ earlier }) => earlier.incidents),
    row('    half of them by at least', ({ earlier }) => spanOf(earlier.median)),
    row('    by at most', ({ earlier }) => spanOf(earlier.longest)),
    row('    all together by', ({ earlier }) => spanOf(earlier.total)),
    row('  nobody has closed them yet', ({ stillOpen }) => stillOpen),
    row('people went on with them after that', ({ wentOn }) => wentOn),
    row('would have been left, and people closed them', ({ left }) => left.incidents),
    row('would have been left open, as people did', ({ open }) => open),
    row('without follow-ups: never closed', ({ withoutFollowUps }) => withoutFollowUps),
    row('cannot be known', ({ unknown }) => unknown.incidents),
    row('  only when they would have been closed', ({ unknown }) => unknown.acted),
    row('how many were ever kept open by', () => ''),
    mattered('stale bot'),
    mattered('decline'),
    mattered('minimum'),
    mattered('hold'),
    mattered('post-mortem or debrief'),
    mattered('role or status'),
    mattered('business hours'),
    mattered('rule'),
    mattered('moved back'),
    mattered('brake'),
  ];
  const widths = rows[0]?.map((_, n) => Math.max(...rows.map((cells) => cells[n]?.length ?? 0))) ?? [];
  return rows.map((cells) =>
    cells
      .map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function listOf(title: string, rows: readonly BacktestRow[], of: (row: BacktestRow) => string[]): string[] {
  if (rows.length === 0) return [];
  const more = rows.length - SHOWN;
  return [
    '',
    title,
    ...rows.slice(0, SHOWN).flatMap((row) => {
      const name = `${row.private ? '(private) ' : ''}${row.name}`;
      const [words = '', ...rest] = of(row);
      const link = row.url === undefined ? [] : [`      ${row.url}`];
      return [`  ${row.incident}  ${name}: ${words}`, ...rest.map((line) => `      ${line}`), ...link];
    }),
    ...(more > 0 ? [`  and ${more} more, all of which --json has`] : []),
  ];
}

function wentOnOf({ at = 0, between, wentOn = [] }: BacktestRow): string[] {
  return [
    between === undefined ? `would have been closed at ${formatTime(at)}` : boundsOf(between),
    ...wentOn.map(
      (one) => `${formatTime(one.at)}  ${one.words}${one.url === undefined ? '' : `  ${one.url}`}`,
    ),
  ];
}

function leftOf({ peopleAt = 0, words = '', reason = '' }: BacktestRow): string[] {
  return [`closed at ${formatTime(peopleAt)}; ${words} (reason: ${reason})`];
}

function unknownOf({ doubts = [], between }: BacktestRow): string[] {
  const bounds = between === undefined ? '' : `; ${boundsOf(between)}`;
  return [`it is not shown ${doubts.map((doubt) => DOUBTS[doubt]).join(', and ')}${bounds}`];
}

function boundsOf({ from, to }: { from: number; to: number }): string {
  return `would have been closed between ${formatTime(from)} and ${formatTime(to)}`;
}

function notesOf(notAsked: Backtest['notAsked'], { byThisKey }: Report): string[] {
  const unasked = Object.entries(notAsked).map(
    ([tracker, count]) => `${count} ${count === 1 ? 'follow-up' : 'follow-ups'} in ${tracker}`,
  );
  return [
    ...(byThisKey > 0
      ? [
          `${byThisKey} were closed by this API key: by an incident-closer that runs already, and not by people.`,
        ]
      : []),
    ...(unasked.length > 0
      ? [
          `The trackers were not asked, for lack of an API token, about ${joinNames(unasked)}. What counts for these is what incident.io itself showed: their tasks may have been closed earlier, and by bots.`,
        ]
      : []),
    'Type, custom fields, links and labels are those of today. A follow-up or task that was done, undone and done again shows the last time alone, and one that was deleted may show nothing.',
  ];
}

const UNITS: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** `3d 4h`, `12m 5s`, `0s` */
export function spanOf(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  if (first === -1) return '0s';
  let rest = ms;
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return n === 0 ? '' : `${n}${unit}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}
