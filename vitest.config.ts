import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/servers.ts'],
    reporters: ['default'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most tests wait more than they compute, so also a small machine runs two files at a time.
    maxWorkers: Math.max(2, availableParallelism()),
  },
});
