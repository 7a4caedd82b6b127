import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Day, simulateDay } from './day.ts';
import { type Measured, measureRedis } from './memory.ts';
import { DAYS, type Size, sizes } from './sizes.ts';

/** `npm run capacity [-- --write]`: simulates a day of each size and prints the table of docs/capacity.md, or writes it there. */

const DOCS = 'docs/capacity.md';
const FIGURES = 'bench/results/latest.json';
const figures = z.object({ rows: z.array(z.object({ name: z.string(), ours: z.number() })) });
const MARKS = ['<!-- capacity -->', '<!-- /capacity -->'] as const;
/** incident.io's requests a minute of one API key. https://docs.incident.io/api-reference/introduction */
const LIMIT = 1_200;
/** An index holds the follow-ups of so many years. */
const YEARS = 3;
/** States of tasks without a link that are kept at most: `KEPT` in src/events/unlinked.ts. */
const UNLINKED_KEPT = 200_000;
/** Half of what `npm run bench` found for a receiver that shared two cores with its senders and Redis. */
const RECEIVED = Math.floor((await measuredRate()) / 2 / 100) * 100;
const SECONDS = 86_400;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

const days: { size: Size; day: Day }[] = [];
for (const size of sizes) {
  const began = performance.now();
  days.push({ size, day: await simulateDay(size) });
  console.error(`${size.name}: a day in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
}
const largest = days.filter(({ size }) => size.atOnce === 0).at(-1);
if (largest === undefined) throw new Error('there is no size to measure');
const table = tableOf(await measureRedis(largest.day));
if (values.write) {
  const text = await readFile(DOCS, 'utf8');
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error(`${DOCS} does not have ${MARKS.join(' and ')}`);
  await writeFile(DOCS, `${text.slice(0, start + MARKS[0].length)}\n${table}\n${text.slice(end)}`);
} else console.log(table);

function tableOf(measured: Measured): string {
  const row = (name: string, cell: (size: Size, day: Day) => string) =>
    `| ${[name, ...days.map(({ size, day }) => cell(size, day))].join(' | ')} |`;
  const rows = [
    `| | ${sizes.map(({ name }) => name).join(' | ')} |`,
    `|---|${'---:|'.repeat(sizes.length)}`,
    row('incidents a year', ({ incidentsPerYear }) => grouped(incidentsPerYear)),
    row('follow-ups each', ({ followUpsEach }) => String(followUpsEach)),
    row('webhooks of trackers a second', ({ webhooksPerSecond }) => grouped(webhooksPerSecond)),
    row('of these about follow-ups', (size) =>
      share(linkedPerDay(size) / (size.webhooksPerSecond * SECONDS)),
    ),
    row(`receivers, at ${grouped(RECEIVED)} webhooks a second each`, ({ webhooksPerSecond }) =>
      String(Math.ceil(webhooksPerSecond / RECEIVED)),
    ),
    row('worker processes', ({ workers }) => String(workers)),
    row('reviews on that day', (_, { reviews }) => grouped(reviews)),
    row('reviews in the busiest hour', (_, { reviewsPerHour }) => grouped(reviewsPerHour)),
    row('API calls a minute, on average', (_, { calls }) => calls.perMinute.toFixed(1)),
    row('share of the limit', (_, { calls }) => share(calls.perMinute / LIMIT)),
    row('API calls in the busiest minute', (_, { calls }) => grouped(calls.peak)),
    row('share of the limit then', (_, { calls }) => share(calls.peak / LIMIT)),
    row('incidents closed', (_, { closing }) => grouped(closing.count)),
    row('ready for an hour and not closed', (_, { closing }) => String(closing.never)),
    row('last task done to closed, p50', (_, { closing }) => seconds(closing.p50)),
    row('last task done to closed, p99', (_, { closing }) => seconds(closing.p99)),
    row(`Redis memory after ${YEARS} years`, (size) => megabytes(memoryOf(size, measured))),
  ];
  return [
    ...rows,
    '',
    `Redis ${measured.version} took ${Math.round(measured.perFollowUp)} bytes for each follow-up with its incident, task and links, ` +
      `and ${Math.round(measured.perUnlinked)} for the state of a task without a link. ` +
      `One process recorded ${grouped(Math.round(measured.unlinkedPerSecond / 100) * 100)} events of tasks without a link a second in batches of 500.`,
  ].join('\n');
}

/** Deliveries a second. */
async function measuredRate(): Promise<number> {
  const { rows } = figures.parse(JSON.parse(await readFile(FIGURES, 'utf8')));
  const rate = rows.find(({ name }) => name === 'receive')?.ours;
  if (rate === undefined) throw new Error(`${FIGURES} has no row "receive": run all of \`npm run bench\``);
  return rate;
}

/** Each follow-up's task is done once. */
function linkedPerDay({ incidentsPerYear, followUpsEach }: Size): number {
  return (incidentsPerYear * followUpsEach) / DAYS;
}

/** Bytes. */
function memoryOf(size: Size, { perFollowUp, perUnlinked }: Measured): number {
  const followUps = size.incidentsPerYear * size.followUpsEach * YEARS;
  const unlinked = Math.min(UNLINKED_KEPT, size.webhooksPerSecond * SECONDS);
  return followUps * perFollowUp + unlinked * perUnlinked;
}

function grouped(value: number): string {
  return value.toLocaleString('en-GB');
}

function share(part: number): string {
  if (part < 0.001) return `${Number((part * 100).toPrecision(1))} %`;
  return `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}

function seconds(ms: number): string {
  return ms < 600_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(0)} min`;
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? '< 1 MB' : `${grouped(Math.round(bytes / 1e6))} MB`;
}
