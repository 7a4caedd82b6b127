import type { Telemetry } from 'bullmq';
import type { Logger } from 'pino';
import type { LockTimes } from './options.ts';

export interface BackendOptions extends LockTimes {
  /** `QUEUE_PREFIX`: keeps deployments on one server apart. */
  prefix: string;
  log: Logger;
  /** Opens only what exists and creates nothing: a `NoStoreError` if there is nothing. */
  existing?: boolean;
  /** `POSTGRES_CONNECTIONS`: the maximum of connections to PostgreSQL of this process; at least 6. */
  connections?: number;
  /** Called with a message for people if it takes long to open. */
  onWait?: ((words: string) => void) | undefined;
  /** Propagates traces with jobs. */
  telemetry?: Telemetry | undefined;
}
