import { createMemoryTables } from '../store/memory-tables.ts';
import type { Backend } from './backend.ts';
import { CannotOpenError } from './cannot-open-error.ts';

/** What `QUEUE_URL` names does not exist, or no service ever used it. Only services create it. */
export class NoStoreError extends CannotOpenError {}

/** `where`: the folder with its absolute path, or the server and the prefix, as in “in /var/lib/…”. */
export function noStore(where: string): NoStoreError {
  return new NoStoreError(
    `There is no store ${where}: no incident-closer has used it yet. Run this where the service runs and with its settings (QUEUE_URL, QUEUE_PREFIX), or start the service first.`,
  );
}

/**
 * A null backend, for commands that can do without one: nothing is known, kept, or queued. `server`: the server that
 * would hold the store, if it answers.
 */
export function withoutStore(missing: NoStoreError, server?: Pick<Backend, 'warnings' | 'rights'>): Backend {
  const refuse = async (): Promise<never> => {
    throw missing;
  };
  return {
    kind: 'none',
    missing: missing.message,
    tables: createMemoryTables(),
    intake: { add: refuse },
    // There is no review to wake, which is no failure of the caller.
    waker: { wake: async () => {}, wakeAt: async () => {} },
    work: () => {
      throw missing;
    },
    ping: refuse,
    describe: refuse,
    warnings: async () => (await server?.warnings()) ?? [],
    ...(server?.rights !== undefined && { rights: server.rights }),
    counts: refuse,
    oldest: refuse,
    failed: refuse,
    retry: refuse,
    rewrite: async () => 0,
    clearStrayKeys: async () => [],
    close: async () => {},
  };
}
