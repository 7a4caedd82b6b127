import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, ROOT } from './pages.ts';

/** Words that this project does not use towards people, with those that it does: plain, short, the field's terms. */
const INSTEAD: Readonly<Record<string, string>> = {
  anew: 'again, or new',
  'made good': 'recovered',
  mend: 'fix',
  mends: 'fixes',
  mended: 'fixed',
  mending: 'fixing',
  heed: 'follow',
  lest: 'so that … not',
  'is it well': 'health',
  'in hand': 'queued, or running',
  whither: 'where',
};
const UNWANTED = new RegExp(`(?<![\\w-])(${Object.keys(INSTEAD).join('|')})(?![\\w-])`, 'i');

/** The texts in quotes, which may reach people; comments may not. */
function quotedIn(code: string): string[] {
  const lines = code.split('\n').filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
  return lines.flatMap((line) => line.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []);
}

function sources(folder: string, ending: RegExp): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => ending.test(name)).map((name) => `${folder}/${name}`);
}

describe('wording', () => {
  // What changed names the old words.
  it.each(pages.filter(({ path }) => path !== 'CHANGELOG.md'))('of $path is plain', ({ text }) => {
    expect(text.split('\n').filter((line) => UNWANTED.test(line))).toEqual([]);
  });

  it('of what the program, the board and the alerts say is plain', () => {
    const unwanted = [
      ...sources('src', /\.ts$/),
      ...sources('public', /\.(js|html)$/),
      ...sources('monitoring', /\.yml$/),
    ].flatMap((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const said = /\.(ts|js)$/.test(path) ? quotedIn(text) : text.split('\n');
      return said.filter((one) => UNWANTED.test(one)).map((one) => `${path}: ${one}`);
    });
    expect(unwanted).toEqual([]);
  });
});
