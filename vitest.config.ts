import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { layers } from './test/support/layers.ts';
import { PATIENCE } from './test/support/patience.ts';

const { quick, whole, long } = layers();

/** No processes, servers or browsers: threads that share what they loaded. */
const inThreads = { pool: 'threads', isolate: false, maxWorkers: availableParallelism() } as const;

export default defineConfig({
  test: {
    experimental: { fsModuleCache: true },
    reporters: ['default', './test/support/tell-skipped.ts'],
    // More than one wait, so that the wait that was in vain is named.
    testTimeout: 3 * PATIENCE,
    hookTimeout: 3 * PATIENCE,
    teardownTimeout: PATIENCE,
    expect: { poll: { timeout: PATIENCE, interval: 50 } },
    projects: [
      { extends: true, test: { name: 'quick', include: quick, ...inThreads } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: whole,
          globalSetup: ['test/support/servers.ts'],
          sequence: { groupOrder: 1 },
          // Each process that starts takes seconds of CPU to optimize the embedded database, and is gone before it pays.
          env: { TEST_NODE_FLAGS: '--liftoff-only' },
          // A file's imports cost more than most files do.
          isolate: false,
          // Most of these wait more than they compute.
          maxWorkers: 2 * availableParallelism() + 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'properties',
          // Nothing but the long runs of `npm run test:properties`: what is short runs in the layers above.
          include: process.env.PROPERTY_RUNS === 'long' ? long : [],
          globalSetup: ['test/support/servers.ts'],
          sequence: { groupOrder: 2 },
          maxWorkers: availableParallelism(),
        },
      },
    ],
  },
});
