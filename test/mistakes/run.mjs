/**
 * Puts realistic mistakes into a copy of the code, one at a time, and says which of them no test noticed:
 * `npm run test:mistakes [-- --near] [words ...]`. The tests near each are tried first, then all quick ones;
 * `--near` stops after the first, `words` choose by what is broken or where. Nothing of the working tree is touched.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mistakes } from './mistakes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const LONGEST = 5 * 60_000;
const isNear = process.argv.includes('--near');
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const chosen = mistakes.filter(
  ({ file, breaks }) =>
    words.length === 0 || words.some((word) => file.includes(word) || breaks.includes(word)),
);

const copy = mkdtempSync(join(tmpdir(), 'mistakes-'));
const unnoticed = [];
const stale = [];
try {
  for (const name of [
    'src',
    'test',
    'public',
    'docs',
    'scripts',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { breaks, file, near, from, to } of chosen) {
    const path = join(copy, file);
    const right = readFileSync(path, 'utf8');
    if (right.split(from).length !== 2) {
      stale.push(`${file}: ${breaks}`);
      continue;
    }
    writeFileSync(
      path,
      right.replace(from, () => to),
    );
    const noticed = !passes(near) || (!isNear && !passes([]));
    writeFileSync(path, right);
    console.log(`${noticed ? 'noticed  ' : 'UNNOTICED'}  ${file}: ${breaks}`);
    if (!noticed) unnoticed.push(`${file}: ${breaks}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
const tried = chosen.length - stale.length;
console.log(`\n${tried - unnoticed.length} of ${tried} mistakes were noticed.`);
for (const one of stale) console.log(`Not tried, since its text is there no more, or several times: ${one}`);
process.exitCode = unnoticed.length + stale.length > 0 ? 1 : 0;

/** Whether these tests pass; all quick ones where none are named. A run that takes too long has noticed something. */
function passes(tests) {
  const args = [
    'vitest',
    'run',
    '--project',
    'quick',
    '--bail',
    '1',
    '--reporter',
    'dot',
    '--passWithNoTests',
    ...tests,
  ];
  const { status } = spawnSync('npx', args, {
    cwd: copy,
    stdio: 'ignore',
    timeout: LONGEST,
    killSignal: 'SIGKILL',
  });
  return status === 0;
}
