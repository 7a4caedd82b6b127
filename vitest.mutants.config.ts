import { defineConfig } from 'vitest/config';
import { layers } from './test/support/layers.ts';
import { PATIENCE } from './test/support/patience.ts';

/** For `npm run test:mutants`: the quick tests of what is mutated, as one project. */
export default defineConfig({
  test: {
    include: layers().quick.filter((file) =>
      /^test\/(review|events|policy|sync\/window|trackers|incident-io\/pace|settings)/.test(file),
    ),
    testTimeout: 3 * PATIENCE,
    hookTimeout: 3 * PATIENCE,
    expect: { poll: { timeout: PATIENCE, interval: 50 } },
  },
});
