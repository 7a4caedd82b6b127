import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Tape } from '../simulation/tape.ts';
import { dialects } from './dialects.ts';
import { Draw } from './draw.ts';
import { NOT_YET } from './not-yet.ts';
import { type Played, play } from './play.ts';
import { shrink } from './shrink.ts';
import type { Dialect } from './site.ts';
import { RELEASED, STORIES } from './stories.ts';
import { TrueWorld } from './world.ts';

/**
 * `npm run test:meanings [-- --seed N --worlds N --long --only jira --shapes]`: plays worlds in which trackers tell what is true in
 * all their ways, until the product closes what is not done, or leaves open what is. After those of fixed seeds come some
 * of a fresh one.
 */

const WORLDS = 44_000;
const LONG = 1_000_000;
/** Of a fresh seed, beside the fixed ones. */
const FRESH = 2_000;
/** Fewer worlds than this have tried no shape. */
const LEAST = 100;
/** How long a broken world is made smaller, ms. */
const SHRINKING = 30_000;

const { values } = parseArgs({
  options: {
    /** Plays this world alone, and tells it. */
    seed: { type: 'string' },
    worlds: { type: 'string' },
    long: { type: 'boolean', default: false },
    /** The worlds of these trackers alone. */
    only: { type: 'string' },
    /** Goes on after a broken world, and counts. */
    all: { type: 'boolean', default: false },
    /** Also with what is not required yet. */
    strict: { type: 'boolean', default: false },
    /** Tells how many worlds had each shape. */
    shapes: { type: 'boolean', default: false },
    /** Stops at the first broken world, and does not make it smaller. */
    quick: { type: 'boolean', default: false },
  },
});
Error.stackTraceLimit = 10;
const only = values.only?.split(',');
const playing = {
  dialects: dialects.filter(({ name }) => only === undefined || only.includes(name)),
  ...(!values.strict && { without: NOT_YET }),
};
/** What fits seldom where it is wanted comes in turn more often. */
const RARE = [
  ...Array.from({ length: 4 }, () => RELEASED),
  ...['declined', 'declined, reopened', 'renamed, done', 'moved, done', 'duplicates in a circle'].map(
    (name) => `story: ${name}`,
  ),
];
/** Each shape in its turn, else the rare ones would need many more worlds. */
const schedule = playing.dialects.flatMap((dialect) =>
  [...dialect.shapes, ...storiesOf(dialect), ...RARE].map((shape) => ({ dialect, shape })),
);
const playingOf = (seed: number) => ({ ...playing, scheduled: schedule[seed % schedule.length] });
const counts = new Map<string, number>();
for (const { name, shapes } of playing.dialects)
  for (const shape of shapes.filter((one) => values.strict || !NOT_YET.has(one)))
    counts.set(`${name}: ${shape}`, 0);
const kinds = new Map<string, { seed: number; times: number }>();
let broken = 0;

const began = performance.now();
const taken = () => ((performance.now() - began) / 1_000).toFixed(1);

if (values.seed !== undefined) {
  const seed = number('seed', values.seed);
  const played = await play(Tape.ofSeed(seed), { ...playingOf(seed), aloud: true });
  console.log(played.lines.join('\n'));
  console.log(played.broken ?? 'all is held');
  process.exit(played.broken === undefined ? 0 : 1);
}

const worlds = values.worlds === undefined ? (values.long ? LONG : WORLDS) : number('worlds', values.worlds);
const fresh = randomInt(1_000_000_000, 2_000_000_000);
console.log(`worlds of the seeds from 1, and from the fresh seed ${fresh}`);
for (let n = 1; n <= worlds; n++) await one(n);
if (values.worlds === undefined) for (let n = 0; n < FRESH; n++) await one(fresh + n);
tell();

async function one(seed: number): Promise<void> {
  const played = await play(Tape.ofSeed(seed), playingOf(seed));
  for (const shape of played.used) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  if (played.broken === undefined) return;
  broken++;
  if (!values.all) await fail(seed, played);
  const kind = `${played.tracker}: ${played.broken.replaceAll(/\d+/g, 'N').slice(0, 100)}`;
  const known = kinds.get(kind);
  kinds.set(kind, { seed: known?.seed ?? seed, times: (known?.times ?? 0) + 1 });
  if (values.all) console.log(`${seed} ${[...played.used].join(', ')}\n    ${played.broken.slice(0, 400)}`);
}

async function fail(seed: number, played: Played): Promise<never> {
  console.log(`world ${seed}, ${played.tracker}, after ${taken()} s: ${played.broken}`);
  if (!values.quick) {
    const small = await shrink(played, playingOf(seed), SHRINKING);
    console.log(`\nThe world, made smaller (all of it: --seed ${seed}):\n${small.lines.join('\n')}`);
    console.log(small.broken);
  }
  process.exit(1);
}

function tell(): void {
  const rare: string[] = [];
  for (const [shape, times] of [...counts].sort()) {
    if (values.shapes) console.log(`${String(times).padStart(9)}  ${shape}`);
    if (times < LEAST) rare.push(shape);
  }
  for (const [kind, { seed, times }] of kinds)
    console.log(`${String(times).padStart(9)} broken, --seed ${seed}: ${kind}`);
  const [rarest, least] = [...counts].reduce((a, b) => (b[1] < a[1] ? b : a), ['', Number.POSITIVE_INFINITY]);
  console.log(`${counts.size} shapes, each in at least ${least} worlds (${rarest})`);
  console.log(`${worlds} worlds and ${FRESH} of the fresh seed ${fresh} in ${taken()} s: ${broken} broken`);
  if (broken > 0) process.exitCode = 1;
  // A part of the worlds is no trial of every shape.
  if (values.worlds !== undefined) return;
  for (const shape of rare) console.log(`fewer than ${LEAST} worlds have: ${shape}`);
  if (rare.length > 0) process.exitCode = 1;
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`--${name} is "${text}": give a whole number`);
  return value;
}

/** The stories that some worlds of a tracker can have. */
function storiesOf(dialect: Dialect): string[] {
  const sites = Array.from({ length: 30 }, (_, n) =>
    dialect.open(new Draw(Tape.ofSeed(n), {}), new TrueWorld()),
  );
  return STORIES.filter(({ fits }) => sites.some(({ can, hasToken }) => fits(can, hasToken))).map(
    ({ name }) => `story: ${name}`,
  );
}
