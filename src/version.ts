import { readFileSync } from 'node:fs';
import { z } from 'zod';

let known: string | undefined;

/** This release's version, from package.json, which is one folder up both in src/ and in dist/. Read once. */
export function version(): string {
  if (known === undefined) {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    known = z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  }
  return known;
}
