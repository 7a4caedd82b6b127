// `npm run test:faults [-- --seed N --long --story words --write --keep]`: the fault suite and its table.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Ten times as many kills, outages ten times as long. */
    long: { type: 'boolean', default: false },
    /** Only stories whose name has these words. */
    story: { type: 'string' },
    /** Writes down what this release leaves in its queues and store, for the next one to read. */
    keep: { type: 'boolean', default: false },
    /** Puts the table into docs/reliability.md. */
    write: { type: 'boolean', default: false },
  },
});
if (!/^\d{1,9}$/.test(values.seed)) throw new RangeError(`--seed is "${values.seed}": give a whole number`);

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'incident-closer-faults-'));
const results = join(folder, 'results.jsonl');
writeFileSync(results, '');
const args = ['vitest', 'run', '--config', 'test/faults/vitest.config.ts'];
const only = values.keep ? 'is written down' : values.story;
if (only !== undefined) args.push('-t', only);
const { status } = spawnSync('npx', args, {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    TEST_BACKENDS: 'embedded,redis,postgres',
    FAULTS_RESULTS: results,
    FAULTS_SEED: values.seed,
    FAULTS_KEEP: values.keep ? '1' : '0',
    FAULTS_LONG: values.long ? '1' : '0',
  },
});
const rows = readFileSync(results, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))
  .sort((a, b) => a.story.localeCompare(b.story));
rmSync(folder, { recursive: true, force: true });

const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
const table = [
  '| story | times tried | incidents | lost | wrongly closed |',
  '|---|---:|---:|---:|---:|',
  ...rows.map(
    ({ story, times, incidents, lost, wrong }) =>
      `| ${story} | ${times} | ${incidents} | ${lost} | ${wrong} |`,
  ),
  `| **all** | ${sum('times')} | ${sum('incidents')} | ${sum('lost')} | ${sum('wrong')} |`,
].join('\n');
console.log(`\n${table}\n\nseed ${values.seed}${values.long ? ', long' : ''}`);
if (status !== 0)
  console.log(
    'Not all stories ended well: they are named above, and are missing from the table or wrong in it.',
  );

if (values.write) {
  if (status !== 0 || only !== undefined)
    throw new Error('The table is only written of a whole run in which all stories ended well.');
  const path = join(root, 'docs/reliability.md');
  const page = readFileSync(path, 'utf8');
  const written = page.replace(
    /(<!-- stories -->\n)[\s\S]*?(\n<!-- \/stories -->)/,
    (_, start, end) => `${start}\n${table}\n${end}`,
  );
  writeFileSync(path, written);
}
process.exit(status ?? 1);
