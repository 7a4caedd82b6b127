import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { PATIENCE } from './test/support/patience.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/servers.ts'],
    reporters: ['default'],
    // A machine that others use as well can starve a real process for longer than any patience; the report names what was
    // tried again. At home nothing is.
    retry: process.env.CI === 'true' ? 1 : 0,
    // More than one wait, so that the wait that was in vain is named.
    testTimeout: 3 * PATIENCE,
    hookTimeout: 3 * PATIENCE,
    teardownTimeout: PATIENCE,
    expect: { poll: { timeout: PATIENCE, interval: 50 } },
    // Most tests wait more than they compute, so there is one more than there are cores.
    maxWorkers: availableParallelism() + 1,
  },
});
