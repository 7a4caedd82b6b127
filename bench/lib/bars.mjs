/** A bar chart as SVG, for light and dark pages. */
import { figure } from './table.mjs';

const [WIDTH, LABELS, BAR, GAP, TOP] = [720, 250, 24, 10, 44];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px }
  .here { fill: #1a7f5a } .baseline { fill: #9aa4b0 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .here { fill: #3fb68b } .baseline { fill: #59636e } }`;

/** `bars`: what each shows, its value, and whether it is ours. */
export function bars(title, unit, bars) {
  const longest = Math.max(...bars.map(({ value }) => value));
  const height = TOP + bars.length * (BAR + GAP) + GAP;
  const rows = bars.map(({ label, value, ours }, n) => {
    const y = TOP + n * (BAR + GAP);
    const width = Math.max(1, (value / longest) * (WIDTH - LABELS - 130)).toFixed(1);
    const words = `${figure(value)} ${unit}`;
    return `  <text x="${LABELS - 10}" y="${y + 17}" text-anchor="end">${escaped(label)}</text>
  <rect class="${ours ? 'here' : 'baseline'}" x="${LABELS}" y="${y}" width="${width}" height="${BAR}" rx="3"/>
  <text x="${LABELS + Number(width) + 8}" y="${y + 17}">${escaped(words)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${escaped(title)}</title>
  <style>${STYLE}
  </style>
  <text class="title" x="10" y="26">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');
