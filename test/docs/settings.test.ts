import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allRows } from '../../src/settings/rows.ts';
import { settingsTables } from '../../src/settings/settings-tables.ts';
import { ROOT } from './pages.ts';

const page = join(ROOT, 'docs/settings.md');
const part = /(<!-- settings -->\n)([\s\S]*?)(<!-- \/settings -->)/;

/** `UPDATE_DOCS=1 npx vitest run test/docs/settings.test.ts` writes the tables into the page. */
it('docs/settings.md lists exactly the settings that exist', () => {
  const text = readFileSync(page, 'utf8');
  expect(text, 'docs/settings.md has no <!-- settings --> … <!-- /settings -->').toMatch(part);
  const updated = text.replace(
    part,
    (_, start: string, __, end: string) => `${start}\n${settingsTables()}\n${end}`,
  );
  if (process.env.UPDATE_DOCS === '1') writeFileSync(page, updated);
  else expect(text, 'run UPDATE_DOCS=1 npx vitest run test/docs/settings.test.ts').toBe(updated);
});

it('each setting is in one table, and in no other', () => {
  const listed = [...settingsTables().matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name);
  expect([...listed].sort()).toEqual(allRows.map(({ name }) => name).sort());
});
