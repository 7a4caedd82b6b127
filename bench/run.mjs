/**
 * `npm run bench [-- receive latency …] [--quick] [--json <file>]`: measures the service and its baselines in turns,
 * prints a table, and writes the figures to bench/results/latest.json where all were measured in full.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { openLab } from './lib/lab.mjs';
import { machine } from './lib/machine.mjs';
import { table } from './lib/table.mjs';

const ALL = [
  ...['receive', 'latency', 'throughput', 'burst', 'growth', 'embedded', 'start', 'idle', 'workers'],
  ...['sync', 'board', 'recovery', 'commands'],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const unknown = positionals.filter((name) => !ALL.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${ALL.join(', ')}.`);
  process.exit(1);
}
const names = positionals.length > 0 ? ALL.filter((name) => positionals.includes(name)) : ALL;
const { quick } = values;
const started = new Date();
const rows = [];
const took = {};
for (const name of names) {
  const { run } = await import(`./benchmarks/${name}.mjs`);
  const lab = await openLab({ quick });
  const from = performance.now();
  try {
    console.error(`${name} …`);
    const found = await run(lab);
    rows.push(...found);
    console.error(`${table(found)}\n`);
  } finally {
    await lab.close();
  }
  took[name] = Math.round((performance.now() - from) / 1000);
}
const result = { ...machine(), at: started.toISOString(), quick, took, rows };
console.log(table(rows));
console.log(
  `${Object.entries(took)
    .map(([name, s]) => `${name} ${s} s`)
    .join(', ')}`,
);
const whole = names.length === ALL.length && !quick;
const file = values.json ?? (whole ? 'bench/results/latest.json' : undefined);
if (file !== undefined) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(`Written to ${file}`);
}
