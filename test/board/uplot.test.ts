import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The browser gets it from us, as a module. Whoever updates the package copies both files again. */
it('what draws the charts is the package that package.json names', () => {
  const packaged = read('node_modules/uplot/dist/uPlot.iife.min.js');
  expect(read('public/uplot.js')).toBe(`${packaged}\nexport default uPlot;\n`);
  expect(read('public/uplot.css')).toBe(read('node_modules/uplot/dist/uPlot.min.css'));
});
