import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Which test files are quick: those that start no process, server or browser. It follows from what a file imports, so
 * that a new one is never in the wrong layer.
 */

const TESTS = resolve(import.meta.dirname, '..');

/** Files with one of these, or that import such a file, are not quick. */
const SLOW = [
  /from 'node:child_process'/,
  /from 'playwright-core'/,
  /from '@electric-sql\/pglite'/,
  // What `servers.ts` started.
  /import \{[^}]*\binject\b[^}]*\} from 'vitest'/,
];

/** Files whose property tests `propertyRuns` lengthens. */
const LONG = [/from '[./]+\/support\/property-runs\.ts'/];

export interface Layers {
  quick: string[];
  whole: string[];
  /** Those of both that have long property tests. */
  long: string[];
}

/** Paths from the root of the project. */
export function layers(): Layers {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join(TESTS, file));
  const isSlow = reaches(SLOW);
  const isLong = reaches(LONG);
  const named = (fits: (file: string) => boolean) =>
    files.filter(fits).map((file) => join('test', file.slice(TESTS.length + 1)));
  return { quick: named((file) => !isSlow(file)), whole: named(isSlow), long: named(isLong) };
}

/** Whether a file, or one of the tests' own that it imports, has one of these. */
function reaches(marks: readonly RegExp[]): (file: string) => boolean {
  const known = new Map<string, boolean>();
  const look = (file: string): boolean => {
    const answer = known.get(file);
    if (answer !== undefined) return answer;
    known.set(file, false);
    const text = readFileSync(file, 'utf8');
    const imported = [...text.matchAll(/^(?:import|export|\}).*?'(\.[^']+\.ts)';$/gm)]
      .map(([, path = '']) => resolve(dirname(file), path))
      .filter((path) => path.startsWith(`${TESTS}/`));
    const found = marks.some((mark) => mark.test(text)) || imported.some(look);
    known.set(file, found);
    return found;
  };
  return look;
}
