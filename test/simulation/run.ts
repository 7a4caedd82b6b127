import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shrink } from './shrink.ts';
import { tell } from './story.ts';
import { Tape } from './tape.ts';

/**
 * `npm run test:simulation [-- --seed N --runs N --long --quick]`: tells stories until a promise is broken. With `--long`
 * on all cores, each of them with a part of the seeds.
 */

const RUNS = 3_200;
const LONG = 500_000;
/** After so many stories of one process it is told that they held: for whoever stops it before its end. */
const PROGRESS = 1_000;
/** How long a story that breaks a promise is made shorter, ms. */
const SHRINKING = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    long: { type: 'boolean', default: false },
    /** Stops at the first broken promise, without a story. */
    quick: { type: 'boolean', default: false },
  },
});
const first = number('seed', values.seed) ?? 1;
const runs = number('runs', values.runs) ?? (values.long ? LONG : RUNS);

const began = performance.now();
const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
const processes = values.long ? Math.min(availableParallelism(), runs) : 1;
if (processes > 1) process.exit(await tellOnAll(processes));

// Errors are many here, and nobody reads where they came from.
Error.stackTraceLimit = 0;
const counts = new Map<string, number>();
for (let n = 0; n < runs; n++) {
  const seed = first + n;
  const told = await tell(Tape.ofSeed(seed), { counts });
  if (told.violation !== undefined) {
    console.log(
      `story ${seed}, number ${n + 1}, after ${seconds()} s: ${told.violation.promise}: ${told.violation.words}`,
    );
    if (!values.quick) {
      const short = await shrink(told, {}, SHRINKING);
      console.log(`\nThe story, made shorter (again: --seed ${seed} --runs 1):\n${short.lines.join('\n')}`);
      console.log(`${short.violation?.promise}: ${short.violation?.words}`);
    }
    process.exit(1);
  }
  if (n % PROGRESS === PROGRESS - 1)
    console.log(`${n + 1} stories from seed ${first}, ${seconds()} s: no promise was broken so far`);
}
for (const [what, times] of [...counts].sort()) console.log(`${String(times).padStart(9)}  ${what}`);
console.log(`${runs} stories from seed ${first} in ${seconds()} s: no promise was broken`);

/** Tells them in so many processes, which end with the first that breaks a promise. Answers the exit code. */
async function tellOnAll(processes: number): Promise<number> {
  const each = Math.ceil(runs / processes);
  const children = Array.from({ length: processes }, (_, n) => {
    const part = [
      '--seed',
      String(first + n * each),
      '--runs',
      String(Math.max(0, Math.min(each, runs - n * each))),
    ];
    return fork(fileURLToPath(import.meta.url), values.quick ? [...part, '--quick'] : part);
  });
  const ends = children.map(
    (child) =>
      new Promise<boolean>((resolve) =>
        child.once('exit', (code) => {
          if (code !== 0) for (const other of children) other.kill();
          resolve(code === 0);
        }),
      ),
  );
  const kept = (await Promise.all(ends)).every(Boolean);
  if (kept) console.log(`${runs} stories from seed ${first} in ${seconds()} s: no promise was broken`);
  return kept ? 0 : 1;
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`--${name} is "${text}": give a whole number`);
  return value;
}
