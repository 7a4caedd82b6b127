import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createHttp } from '../http.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
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

/** What everything that talks to incident.io needs, made from the settings. */
export interface Context {
  settings: Settings & { apiKey: string };
  policy: Policy;
  backend: Backend;
  store: Store;
  clock: Clock;
  reader: IncidentIoReader;
  /** How far incident.io's clock was ahead of this machine's at its last answer, ms. */
  clockAhead(): number | undefined;
  /** The trackers, asked for the states of tasks. */
  tasks: TaskReader;
  /** Absent in a dry run. */
  writer?: IncidentIoReader & IncidentIoWriter;
  log: Logger;
  close(): Promise<void>;
}

/** Throws where the store does not answer. `asked`: the trackers that can be asked for tasks, all that there are. */
export async function createContext(
  settings: Settings & { apiKey: string },
  policy: Policy,
  backend: Backend,
  log: Logger,
  asked: readonly Tracker[] = trackers,
): Promise<Context> {
  const clock = await createStoreClock(backend.tables);
  const client = createClient({
    baseUrl: settings.apiUrl,
    apiKey: settings.apiKey,
    pace: createPace(backend.tables, clock),
    notifyIncidentChannel: settings.notifyIncidentChannel,
    log,
  });
  const http = createHttp();
  const store = new Store(backend.tables);
  let closed: Promise<unknown> | undefined;
  return {
    settings,
    policy,
    backend,
    store,
    clock,
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
    writer: settings.dryRun ? undefined : client,
    log,
    close: async () => {
      closed ??= Promise.all([client.close(), http.close()]);
      await closed;
    },
  };
}
