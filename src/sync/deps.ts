import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import type { Policy } from '../policy/policy.ts';
import type { Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import type { TaskKey } from '../vocabulary.ts';

export interface SyncDeps {
  store: Store;
  api: IncidentIoReader;
  waker: Waker;
  clock: Clock;
  log: Logger;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
  policy: Policy;
  /** The categories of incidents that may become ready. */
  categories: readonly string[];
}
