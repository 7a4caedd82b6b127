import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLogger } from '../src/log.ts';
import { printable, printableJson, wantsColour } from '../src/terminal.ts';

const FORGED = 'x\r\nINC-9  CLOSE: everything is fine\u001b[2J\u009b31m\u2028\u202e\u0085';
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\r',
      '\n',
      '\u007f',
      '\u009b',
      '\u2028',
      '\u202e',
      '\u2066',
      '"',
      '\\',
      'é',
      '😀',
    ),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  ),
});

it('a text from outside becomes one line without control characters, and what is printable stays', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(UNPRINTABLE);
      if (!UNPRINTABLE.test(text)) expect(printable(text)).toBe(text);
    }),
  );
  expect(printable(FORGED)).toContain('\\u000d\\u000aINC-9');
});

it('JSON says the same to programs', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = printableJson(JSON.stringify({ text }, undefined, 2));
      expect(JSON.parse(json)).toEqual({ text });
      expect(json.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
    }),
  );
});

it.each([true, false])('no name forges a line of the log (pretty: %s)', (pretty) => {
  const lines: string[] = [];
  const log = createLogger('info', {
    pretty,
    destination: { write: (line: string) => void lines.push(line) },
  });
  const error = new Error(FORGED);
  log.warn({ name: FORGED, err: error, deep: { actor: FORGED } }, FORGED);
  const written = lines.join('');
  // Colours are ours.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape, and only they may be there
  expect(written.replaceAll(/\u001b\[\d+m/g, '').replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
  expect(written).not.toMatch(/^INC-9/m);
});

it('nothing but terminal.ts writes to a terminal directly', () => {
  const root = join(import.meta.dirname, '../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const writing = files.filter((name) =>
    /\bconsole\.|process\.std(out|err)\.write/.test(readFileSync(join(root, name), 'utf8')),
  );
  // The demo tells its own story, of its own world. What is asked at a terminal are words of ours, and readline draws
  // what is typed. What is exported is for a file.
  expect(writing.filter((name) => !name.startsWith('simulator/')).sort()).toEqual([
    'commands/export.ts',
    'commands/prompt.ts',
    'demo/say.ts',
    'terminal.ts',
  ]);
});

it('colours go to a terminal alone, and to none whose user wants none', () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
});
