import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settingsTable } from '../../src/settings/settings.ts';

const page = new URL('../../docs/settings.md', import.meta.url);
const part = /(<!-- settings -->\n)([\s\S]*?)(<!-- \/settings -->)/;

/** `UPDATE_DOCS=1 npx vitest run test/docs/settings.test.ts` writes the tables into the page. */
it('docs/settings.md lists exactly the settings that exist', () => {
  const text = readFileSync(page, 'utf8');
  expect(text, 'docs/settings.md has no <!-- settings --> … <!-- /settings -->').toMatch(part);
  const updated = text.replace(
    part,
    (_, start: string, __, end: string) => `${start}\n${settingsTable()}\n${end}`,
  );
  if (process.env.UPDATE_DOCS === '1') writeFileSync(page, updated);
  else expect(text, 'run UPDATE_DOCS=1 npx vitest run test/docs/settings.test.ts').toBe(updated);
});
