import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../src/commands/command-line/program.ts';
import { allRows } from '../../src/settings/rows.ts';
import { all, anchorsOf, blocksOf, linksOf, pages, ROOT } from './pages.ts';

/** The documentation leads nowhere that is not there, and names nothing that does not exist. */

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const scripts = Object.keys(
  z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json'))).scripts,
);
const SHELLS = new Set(['sh', 'bash', 'console', 'shell']);
/** A call of ours: at the beginning of a command, after variables and `sudo`. */
const CALL =
  /(?:^|&& |\bsudo (?:-u \S+ )?|^[A-Z_]+=\S+ )incident-closer ([^|&;>]*)|(?<=dist\/main\.js )([^|&;>]*)/g;
const program = createProgram();

/** What a call names that is not there: the command, or an option of it. */
function unknownOf(words: readonly string[]): string[] {
  const unknown: string[] = [];
  const isKnown = (command: Command, word: string) =>
    ['--help', ...command.options.flatMap(({ long, short }) => [long, short])].includes(word);
  let command = program;
  for (let at = 0; at < words.length; at += 1) {
    const [word = ''] = (words[at] ?? '').split('=');
    const inner = command.commands.find((one) => one.name() === word);
    if (inner !== undefined) command = inner;
    else if (word.startsWith('--') && !isKnown(command, word) && !isKnown(program, word)) unknown.push(word);
    else if (/^[a-z]+$/.test(word) && command === program && words[at - 1] !== '--env-file')
      unknown.push(word);
  }
  return unknown;
}

describe.each(pages)('$path', ({ path, text }) => {
  it('links only to files and headings that exist', () => {
    for (const { file, heading } of linksOf({ path, text })) {
      expect(existsSync(join(ROOT, file)), `${file}, linked from ${path}`).toBe(true);
      if (heading !== undefined) expect(anchorsOf(read(file)), `#${heading} of ${file}`).toContain(heading);
    }
  });

  it('says above each block of commands which test runs it, or why none does', () => {
    for (const { language, code, comments } of blocksOf(text)) {
      // Settings are no commands.
      if (!SHELLS.has(language) || /^([A-Z_]+=\S*\n)+$/.test(code)) continue;
      const marks = comments.filter((comment) => /^(tested|not run): ./.test(comment));
      expect(marks, `above: ${code}`).toHaveLength(1);
      for (const file of all(/([\w/.-]+\.(?:test|story)\.ts)/g, marks.join()))
        expect(existsSync(join(ROOT, file)), file).toBe(true);
    }
  });

  it('names only commands and options that exist', () => {
    const code = [
      ...blocksOf(text)
        .filter(({ language }) => SHELLS.has(language))
        .map((block) => block.code),
      ...all(/`([^`\n]+)`/g, text),
    ].join('\n');
    // A line that goes on is one line.
    for (const line of code.replaceAll(/\\\n\s*/g, '').split('\n')) {
      for (const [, installed, inClone] of line.matchAll(CALL)) {
        const words = (installed ?? inClone ?? '').trim().split(/\s+/);
        expect(unknownOf(words), `${path}: ${line}`).toEqual([]);
      }
    }
  });

  it('names only npm scripts that exist', () => {
    const named = [...all(/npm run (?:--silent )?([a-z:-]+)/g, text), ...all(/npm (start|test)\b/g, text)];
    for (const script of named) expect(scripts, script).toContain(script);
  });

  it('names only files and folders of the project that exist', () => {
    for (const file of all(/`((?:src|test|scripts|deploy|monitoring|\.ci|\.github)\/[\w./-]*\w)`/g, text))
      expect(existsSync(join(ROOT, file)), file).toBe(true);
  });

  it('names only settings that exist', () => {
    const names = all(/(?<![\w$…-])([A-Z]+(?:_[A-Z0-9]+)+)(?![\w…])/g, text);
    for (const name of names.filter((one) => !others.has(one) && !one.startsWith('TEST_')))
      expect([...settings], name).toContain(name);
  });
});

const settings = new Set(
  allRows.flatMap(({ name, otherName, secret }) => [
    name,
    ...(otherName === undefined ? [] : [otherName]),
    ...(secret ? [`${name}_FILE`] : []),
  ]),
);
/** Variables and words of others that the documents speak of. */
const others = new Set([
  'BENCH_PROFILE',
  'CLOSER_URL',
  'CONNECT_TOKEN',
  'EXCLUDE_BODY',
  'GITHUB_TOKEN',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'NO_COLOR',
  'NO_PROXY',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_TRACES_SAMPLER',
  'REDISCLI_AUTH',
  'REDIS_PASSWORD',
  'UPDATE_DOCS',
  'XDG_CACHE_HOME',
]);

it('the README is short', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(201);
});

it('docs/README.md leads to every page', () => {
  const index = pages.find(({ path }) => path === 'docs/README.md');
  const linked = index === undefined ? [] : linksOf(index).map(({ file }) => file);
  const reached = pages.map(({ path }) => path).filter((path) => path !== 'docs/README.md');
  expect(reached.filter((path) => !linked.includes(path))).toEqual([]);
});

it('a command or an option that is not there is noticed', () => {
  expect(unknownOf(['--env-file', 'settings', 'check', 'INC-1', '--json'])).toEqual([]);
  expect(unknownOf(['history', 'erase', '--person', 'Ada'])).toEqual([]);
  expect(unknownOf(['chek', 'INC-1'])).toEqual(['chek']);
  expect(unknownOf(['check', '--person', 'Ada'])).toEqual(['--person']);
});

it('docs/commands.md lists exactly the commands that exist', () => {
  const listed = new Set(all(/^\| `([a-z]+)/gm, read('docs/commands.md')));
  const top = program.commands.map((one) => one.name());
  expect([...listed].sort()).toEqual(top.sort());
});

it('docs/architecture.md names every layer, from top to bottom', () => {
  const named = all(
    /`([a-z-]+)`/g,
    all(/(\| folders \|[\s\S]*?\n\n)/g, read('docs/architecture.md'))[0] ?? '',
  );
  const [list = ''] = all(/const layers = \[([\s\S]*?)\n\];/g, read('.dependency-cruiser.mjs'));
  expect(named).toEqual(all(/^ {2}'([a-z-]+)',/gm, list));
});
