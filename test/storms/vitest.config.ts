import { defineConfig } from 'vitest/config';
import { PATIENCE } from '../support/patience.ts';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/storms/*.storm.ts'],
    globalSetup: ['test/support/servers.ts'],
    reporters: ['default'],
    testTimeout: 20 * PATIENCE,
    hookTimeout: 3 * PATIENCE,
    teardownTimeout: PATIENCE,
    expect: { poll: { timeout: PATIENCE, interval: 50 } },
    maxWorkers: 1,
  },
});
