/** The rows as a table of Markdown, which is also easy to read on a terminal. */

const HEAD = ['benchmark', 'work', 'here', 'baseline', 'ratio', 'p99 here / baseline', 'target', 'met'];

export function table(rows) {
  const cells = rows.map((row) => [
    row.name,
    row.work,
    `${figure(row.ours)} ${row.unit}`,
    row.baseline === undefined ? (row.against ?? '') : `${figure(row.baseline)} (${row.against})`,
    row.ratio === undefined ? '' : row.ratio.toFixed(2),
    row.p99 === undefined
      ? ''
      : [row.p99.ours, row.p99.baseline]
          .flatMap((ms) => (ms === undefined ? [] : `${figure(ms)} ms`))
          .join(' / '),
    row.target ?? '',
    row.met === undefined ? '' : row.met ? 'yes' : 'no',
  ]);
  const all = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(3, ...all.map((line) => line[column].length)));
  const line = (texts) => `| ${texts.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`;
  return [line(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)].join(
    '\n',
  );
}

export function figure(value) {
  if (value === undefined || Number.isNaN(value)) return '?';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}
