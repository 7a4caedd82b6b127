import type { Backend } from '../../src/queue/backend.ts';

/** What a place of queues answers that keeps nothing, for stand-ins which are about something else. */
export const silentBackend = {
  ping: async () => {},
  describe: async () => 'memory',
  warnings: async () => [],
  oldest: async () => ({}),
  failed: async () => [],
  retry: async () => false,
  counts: async () => ({ events: {}, reviews: {}, timers: {} }),
  clearStrayKeys: async () => [],
  close: async () => {},
  rewrite: async () => 0,
} satisfies Partial<Backend>;
