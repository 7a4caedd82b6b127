import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createHttp } from '../http.ts';
import type { IncidentIoAnnouncer, IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import type { CallReport } from '../incident-io/calls.ts';
import { createClient, readOnly } from '../incident-io/client.ts';
import { createPace } from '../incident-io/pacing.ts';
import type { Policy } from '../policy/policy.ts';
import type { Backend } from '../queue/backend.ts';
import { createTaskReader, type TaskReader } from '../read-back/reader.ts';
import type { Settings } from '../settings.ts';
import { Store } from '../store/store.ts';
import { createStoreClock } from '../store/store-clock.ts';
import { trackers } from '../trackers/index.ts';
import type { Tracker } from '../trackers/tracker.ts';

/** What needs no incident.io: the store and the queues. */
export interface StoreContext {
  settings: Settings;
  policy: Policy;
  backend: Backend;
  store: Store;
  /** The store's, the same for all processes. */
  clock: Clock;
  log: Logger;
}

/** What everything that talks to incident.io needs, made from the settings. */
export interface Context extends StoreContext {
  settings: Settings & { apiKey: string };
  reader: IncidentIoReader;
  /** How far incident.io's clock was ahead of this machine's at its last answer, ms. */
  clockAhead(): number | undefined;
  /** The trackers, asked for the states of tasks. */
  tasks: TaskReader;
  /** The trackers that can be asked, and commented in. */
  trackers: readonly Tracker[];
  /** Absent in a dry run. */
  writer?: IncidentIoReader & IncidentIoWriter;
  /** Absent in a dry run. */
  announcer?: IncidentIoAnnouncer;
  close(): Promise<void>;
}

/** Throws where the store does not answer. */
export async function createStoreContext(
  settings: Settings,
  policy: Policy,
  backend: Backend,
  log: Logger,
): Promise<StoreContext> {
  const clock = await createStoreClock(backend.tables);
  return { settings, policy, backend, store: new Store(backend.tables), clock, log };
}

export interface ContextOptions {
  /** Told of every request to incident.io. */
  onCall?: (report: CallReport) => void;
  /** The trackers that can be asked for tasks; absent: all that there are. */
  asked?: readonly Tracker[] | undefined;
}

/** What `StoreContext` has, and a client of incident.io. */
export function createContext(
  base: StoreContext,
  apiKey: string,
  { onCall, asked = trackers }: ContextOptions = {},
): Context {
  const { backend, store, clock, log } = base;
  const settings = { ...base.settings, apiKey };
  const client = createClient({
    baseUrl: settings.apiUrl,
    apiKey: settings.apiKey,
    pace: createPace(backend.tables, clock),
    notifyIncidentChannel: settings.notifyIncidentChannel,
    log,
    ...(onCall && { onCall }),
  });
  const http = createHttp();
  let closed: Promise<unknown> | undefined;
  return {
    ...base,
    settings,
    reader: readOnly(client),
    clockAhead: () => client.clockAhead(),
    tasks: createTaskReader({
      trackers: asked,
      access: settings.trackerAccess,
      options: settings.trackerOptions,
      http,
      store,
      clock,
      log,
    }),
    trackers: asked,
    writer: settings.dryRun ? undefined : client,
    announcer: settings.dryRun ? undefined : client,
    close: async () => {
      closed ??= Promise.all([client.close(), http.close()]);
      await closed;
    },
  };
}
