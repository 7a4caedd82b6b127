import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settingsTable } from '../../src/settings/settings.ts';

const readme = new URL('../../README.md', import.meta.url);
const part = /(<!-- settings -->\n)([\s\S]*?)(<!-- \/settings -->)/;

/** `UPDATE_README=1 npx vitest run test/settings/settings-table.test.ts` writes the tables into the README. */
it('the README lists exactly the settings that exist', () => {
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  expect(text, 'README.md has no <!-- settings --> … <!-- /settings -->').toMatch(part);
  const updated = text.replace(
    part,
    (_, start: string, __, end: string) => `${start}\n${settingsTable()}\n${end}`,
  );
  if (process.env.UPDATE_README === '1') writeFileSync(readme, updated);
  else expect(text, 'run UPDATE_README=1 npx vitest run test/settings/settings-table.test.ts').toBe(updated);
});
