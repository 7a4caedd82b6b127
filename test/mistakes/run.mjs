/**
 * Puts realistic mistakes into a copy of the code, one at a time, and says which of them nothing noticed:
 * `npm run test:mistakes [-- --near] [--list slips] [words ...]`. The tests near each are tried first; then, where its
 * folder is what the simulation plays, some stories; then all quick tests. `--near` stops after the first, `words` choose
 * by what is broken or where. Nothing of the working tree is touched.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mistakes } from './mistakes.mjs';
import { slips } from './slips.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** How long a run may take, ms: this long, or four times as long as the code as it is took, on a machine that is busy. */
const LEAST = 5 * 60_000;
let longest = 60 * 60_000;
/** What the simulation plays, and stories that none of its quick tests tells. */
const PLAYED = /^src\/(review|events|sync|worker|store)\//;
const STORIES = ['--seed', '1001', '--runs', '300', '--quick'];

const { values, positionals: words } = parseArgs({
  options: { near: { type: 'boolean', default: false }, list: { type: 'string' } },
  allowPositionals: true,
});
const lists = Object.entries({ mistakes, slips }).filter(([name]) => name === (values.list ?? name));
const isChosen = ({ file, breaks }) =>
  words.length === 0 || words.some((word) => file.includes(word) || breaks.includes(word));

const copy = mkdtempSync(join(tmpdir(), 'mistakes-'));
const report = join(copy, 'report.json');
const stages = [
  { name: 'near', failure: ({ near }) => failureOfTests(near) },
  { name: 'stories', failure: ({ file }) => (PLAYED.test(file) ? failureOfStories() : undefined) },
  { name: 'all', failure: () => failureOfTests([]) },
].slice(0, values.near ? 1 : undefined);
const scores = [];
const stale = [];
try {
  for (const name of filesOf(root)) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  // Else whatever they notice would say nothing.
  const began = performance.now();
  const asItIs =
    failureOfStories(['--runs', '10', '--quick']) ?? failureOfTests(values.near ? nearTo(lists) : []);
  if (asItIs !== undefined) throw new Error(`The code as it is does not pass: ${asItIs}`);
  longest = Math.max(LEAST, 4 * (performance.now() - began));
  for (const [list, all] of lists) {
    const score = { list, tried: 0, noticed: 0, unnoticed: [] };
    scores.push(score);
    for (const one of all.filter(isChosen)) {
      const about = `${one.file}: ${one.breaks}`;
      const path = join(copy, one.file);
      const right = readFileSync(path, 'utf8');
      if (right.split(one.from).length !== 2) {
        stale.push(about);
        continue;
      }
      writeFileSync(
        path,
        right.replace(one.from, () => one.to),
      );
      const by = noticedBy(one);
      writeFileSync(path, right);
      score.tried += 1;
      if (by === undefined) score.unnoticed.push(about);
      else score.noticed += 1;
      console.log(
        `${by === undefined ? 'UNNOTICED' : 'noticed  '}  ${about}${by ? `\n             ${by}` : ''}`,
      );
    }
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log();
for (const { list, tried, noticed, unnoticed } of scores.filter(({ tried }) => tried > 0)) {
  console.log(`${noticed} of ${tried} of the list \`${list}\` were noticed.`);
  for (const about of unnoticed) console.log(`  not noticed: ${about}`);
}
for (const one of stale) console.log(`Not tried, since its text is there no more, or several times: ${one}`);
process.exitCode = stale.length > 0 || scores.some(({ unnoticed }) => unnoticed.length > 0) ? 1 : 0;

/** What is under version control, or could be. */
function filesOf(folder) {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return [...new Set(listed.stdout.split('\0').filter((name) => name && existsSync(join(folder, name))))];
}

function nearTo(all) {
  return [...new Set(all.flatMap(([, list]) => list.filter(isChosen).flatMap(({ near }) => near)))];
}

/** The stage that noticed it, and what failed there. */
function noticedBy(one) {
  for (const { name, failure } of stages) {
    const found = failure(one);
    if (found !== undefined) return `${name}: ${found}`;
  }
  return undefined;
}

/** What failed of these tests; of all quick ones where none are named. A run that takes too long has noticed something. */
function failureOfTests(tests) {
  rmSync(report, { force: true });
  const options = ['--project', 'quick', '--bail', '1', '--passWithNoTests'];
  const output = ['--reporter', 'json', '--outputFile', report];
  const { status } = run('npx', ['vitest', 'run', ...options, ...output, ...tests]);
  return status === 0 ? undefined : (failedIn(report) ?? 'it did not end well');
}

function failedIn(file) {
  let told;
  try {
    told = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  for (const { name, assertionResults, message } of told.testResults)
    for (const { status, fullName } of assertionResults.length > 0
      ? assertionResults
      : [{ status: message ? 'failed' : 'passed', fullName: '' }])
      if (status === 'failed') return `${name.slice(copy.length + 1)} ${fullName}`.trim();
  return undefined;
}

/** The promise that some stories of the simulation break. */
function failureOfStories(stories = STORIES) {
  // In a folder of its own: the package is looked for one folder up.
  const bundle = join(copy, 'stories/run.mjs');
  const entry = ['test/simulation/run.ts', '--bundle', '--packages=external', `--outfile=${bundle}`];
  const built = run('npx', ['esbuild', ...entry, '--platform=node', '--format=esm', '--log-level=error']);
  if (built.status !== 0) return 'it cannot be built';
  const { status, stdout } = run('node', [bundle, ...stories]);
  return status === 0 ? undefined : (stdout.trim().split('\n').at(-1) ?? 'a story did not end');
}

function run(command, args) {
  return spawnSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: longest,
    killSignal: 'SIGKILL',
  });
}
