import type { Backend } from '../../src/queue/backend.ts';
import type { Handlers } from '../../src/queue/queues.ts';
import type { Tables } from '../../src/store/tables.ts';
import { silentBackend } from './silent-backend.ts';

/**
 * A place of queues without queues: what a worker would be called with stands in `given`, and `wake` is called with what
 * is woken.
 */
export function memoryBackend(tables: Tables, wake: Backend['waker']['wake'] = async () => {}) {
  const given: { handlers?: Handlers } = {};
  const backend: Backend = {
    ...silentBackend,
    kind: 'redis',
    tables,
    intake: { add: async () => {} },
    waker: { wake, wakeAt: async () => {} },
    work(handlers) {
      given.handlers = handlers;
      return { pause: async () => {}, resume: async () => {}, problems: () => [], close: async () => {} };
    },
  };
  return { backend, given };
}
