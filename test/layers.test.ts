import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'layers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the checker says of a source tree of these files, in place of `src`. */
function checked(files: Record<string, string>): { code: number | null; output: string } {
  const tree = mkdtempSync(join(folder, 'tree-'));
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json']) cpSync(join(root, name), join(tree, name));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'src'], {
    cwd: tree,
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}

const type = 'export type A = string;\n';
const importing = (from: string) => `import type { A } from '${from}';\nexport type B = A;\n`;

describe('the checker of the layers', () => {
  it('lets a folder import from one further down', () => {
    const { code, output } = checked({
      'src/review/review.ts': importing('../store/store.ts'),
      'src/store/store.ts': type,
    });
    expect(output).toMatch(/no dependency violations found \(2 modules, 1 dependencies/);
    expect(code).toBe(0);
  });

  // All in one tree: the checker takes a second to start.
  const wrong: [what: string, rule: string, from: string, files: Record<string, string>][] = [
    [
      'an arrow up, of a type',
      'review-knows-nothing-above',
      'src/review/a.ts',
      { 'src/review/a.ts': importing('../worker/b.ts'), 'src/worker/b.ts': type },
    ],
    [
      'a circle, of types',
      'no-circle',
      'src/sync/a.ts',
      {
        'src/sync/a.ts': "import type { C } from './c.ts';\nexport type A = C;\n",
        'src/sync/c.ts': "import type { A } from './a.ts';\nexport type C = A;\n",
      },
    ],
    [
      'a tracker that reaches into another',
      'a-tracker-is-its-folder',
      'src/trackers/jira/a.ts',
      { 'src/trackers/jira/a.ts': importing('../github/b.ts'), 'src/trackers/github/b.ts': type },
    ],
    [
      'anybody who reaches past the list of trackers',
      'the-list-alone-knows-trackers',
      'src/settings/a.ts',
      { 'src/settings/a.ts': importing('../trackers/github/b.ts'), 'src/trackers/github/b.ts': type },
    ],
    [
      'a decision that reads',
      'deciding-is-pure',
      'src/review/decide.ts',
      { 'src/review/decide.ts': importing('../store/c.ts'), 'src/store/c.ts': type },
    ],
    [
      'a decision that uses a library of Node.js',
      'deciding-is-pure',
      'src/review/facts.ts',
      { 'src/review/facts.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n" },
    ],
    [
      'a file without a folder that knows one',
      'ground-knows-no-folder',
      'src/clock.ts',
      { 'src/clock.ts': importing('./store/b.ts'), 'src/store/b.ts': type },
    ],
    [
      'a folder without a layer',
      'every-folder-has-its-layer',
      'src/main.ts',
      { 'src/main.ts': importing('./elsewhere/b.ts'), 'src/elsewhere/b.ts': type },
    ],
    [
      'a backend that reaches into another',
      'a-backend-is-its-folder',
      'src/queue/redis/a.ts',
      { 'src/queue/redis/a.ts': importing('../sql/b.ts'), 'src/queue/sql/b.ts': type },
    ],
  ];
  let output = '';
  let code: number | null = 0;
  beforeAll(() => {
    ({ code, output } = checked(Object.assign({}, ...wrong.map(([, , , files]) => files))));
  });

  it.each(wrong)('refuses %s', (_, rule, from) => {
    expect(output).toMatch(new RegExp(`error ${rule}: ${from}`));
    expect(code).not.toBe(0);
  });
});

describe('src', () => {
  const entries = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());

  it('has no folder with more than 30 files side by side', () => {
    const counts = new Map<string, number>();
    for (const { parentPath } of files) counts.set(parentPath, (counts.get(parentPath) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 30)).toEqual([]);
  });

  it('has no file of more than 300 lines', () => {
    const lines = (path: string) => readFileSync(path, 'utf8').split('\n').length - 1;
    const paths = files.map(({ parentPath, name }) => join(parentPath, name));
    expect(paths.filter((path) => lines(path) > 300)).toEqual([]);
  });
});
