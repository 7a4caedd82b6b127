import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PACKAGE_ROOT } from './package-root.ts';

let known: string | undefined;

/** This release's version, from package.json. Read once. */
export function version(): string {
  if (known === undefined) {
    const text = readFileSync(new URL('package.json', PACKAGE_ROOT), 'utf8');
    known = z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  }
  return known;
}
