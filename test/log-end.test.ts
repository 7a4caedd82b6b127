import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const source = (name: string) => JSON.stringify(`./src/${name}.ts`);

/** Logs three lines one after the other, and ends. */
const PROGRAM = (end: string) => `
import { createLogger } from ${source('log')};
import { droppedLines } from ${source('output')};
const log = createLogger('info', { pretty: false });
process.on('exit', () => process.stderr.write('dropped ' + droppedLines()));
for (const line of ['one', 'two', 'three']) log.info(line);
${end}`;

const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(process.cwd() + '/');";

async function bundled(end: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM(end), resolveDir: process.cwd(), loader: 'ts' },
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', banner: { js: REQUIRE } },
  });
  return outputFiles[0]?.text ?? '';
}

async function run(end: string, stdout: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    stdio: ['pipe', stdout, 'pipe'],
  });
  child.stdin?.end(await bundled(end));
  const [out, err] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    once(child, 'exit'),
  ]);
  return { lines: out.split('\n').flatMap((line) => /"msg":"(\w+)"/.exec(line)?.[1] ?? []), err };
}

describe('a process that ends right after it logged', () => {
  it.each([
    ['by itself', ''],
    ['by process.exit()', 'process.exit(3);'],
    ['by an error that nobody catches', "throw new Error('a bug');"],
    ['by a promise whose failure nobody handles', "void Promise.reject(new Error('a bug'));"],
  ])('%s has written all of it', async (_how, end) => {
    expect((await run(end)).lines).toEqual(['one', 'two', 'three']);
  });

  // Linux alone has it.
  it.skipIf(!existsSync('/dev/full'))('has counted each line that a full disk did not take', async () => {
    const { err } = await run('', openSync('/dev/full', 'w'));
    expect(err).toMatch(/the log cannot be written \(ENOSPC\)[\s\S]*dropped 3$/);
  });
});
