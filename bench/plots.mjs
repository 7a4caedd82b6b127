/**
 * `npm run bench:plots [-- <file>]`: draws the plots of docs/performance.md, and fills its table, from what
 * `npm run bench` wrote. Nothing there is written by hand.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { bars } from './lib/bars.mjs';
import { table } from './lib/table.mjs';

const PAGE = 'docs/performance.md';
const FOLDER = 'docs/performance';

const result = JSON.parse(await readFile(process.argv[2] ?? 'bench/results/latest.json', 'utf8'));
const rowOf = (name) => {
  const found = result.rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(`The figures have no row "${name}": run all of \`npm run bench\``);
  return found;
};
const here = (name, label) => ({ label, value: rowOf(name).ours, ours: true });
const baseline = (name, label) => ({ label, value: rowOf(name).baseline, ours: false });

const plots = {
  receive: bars('Signed 12 kB deliveries over 64 connections', 'a second', [
    here('receive', 'the receiver, queued on Redis'),
    baseline('receive', 'node:http, one add each'),
    here('ignored', 'the receiver, means nothing here'),
    here('embedded: receive', 'start on the embedded store'),
    baseline('receive ceiling', 'node:http, nothing queued'),
  ]),
  closing: bars('Incidents closed, 4 follow-ups each, 20 ms a call', 'a second', [
    here('review throughput', '1 process, 20 at once'),
    baseline('review throughput', 'bare undici, 20 at once'),
    ...[1, 2, 4].map((n) => here(`workers: ${n}`, `${n} process${n > 1 ? 'es' : ''}, 5 at once in each`)),
  ]),
  growth: bars(
    'An event, by the links and states that are kept',
    'µs',
    ['1,000', '10,000', '100,000', '1,000,000'].map((size) => here(`growth: ${size}`, size)),
  ),
};

await mkdir(FOLDER, { recursive: true });
for (const [name, svg] of Object.entries(plots)) await writeFile(`${FOLDER}/${name}.svg`, svg);

const { machine, versions, at, took, rows } = result;
const seconds = Object.values(took).reduce((sum, s) => sum + s, 0);
const notes = rows.flatMap(({ name, note }) => (note === undefined ? [] : [`- ${name}: ${note}.`]));
const words = [
  `Measured on ${at.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system};`,
  `${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}. It took ${Math.round(seconds / 60)} minutes (${Object.entries(took)
    .map(([name, s]) => `${name} ${s} s`)
    .join(', ')}).`,
].join(' ');
const filled = [words, '', table(rows), '', ...notes].join('\n');
const page = await readFile(PAGE, 'utf8');
const marked = /(<!-- figures -->\n)[\s\S]*?(<!-- end of figures -->)/;
if (!marked.test(page)) throw new Error(`${PAGE} has no place for the figures`);
await writeFile(
  PAGE,
  page.replace(marked, (_, begin, end) => `${begin}${filled}\n${end}`),
);
console.log(
  `${PAGE} and ${Object.keys(plots)
    .map((name) => `${FOLDER}/${name}.svg`)
    .join(', ')} are written`,
);
