import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { createClient, readOnly } from '../incident-io/client.ts';
import { createPace } from '../incident-io/pacing.ts';
import type { Backend } from '../queue/backend.ts';
import type { Settings } from '../settings.ts';
import { Store } from '../store/store.ts';
import { createStoreClock } from '../store/store-clock.ts';

/** What everything that talks to incident.io needs, made from the settings. */
export interface Context {
  settings: Settings & { apiKey: string };
  backend: Backend;
  store: Store;
  clock: Clock;
  reader: IncidentIoReader;
  /** Absent in a dry run. */
  writer?: IncidentIoReader & IncidentIoWriter;
  log: Logger;
  close(): Promise<void>;
}

/** Throws where the store does not answer. */
export async function createContext(
  settings: Settings & { apiKey: string },
  backend: Backend,
  log: Logger,
): Promise<Context> {
  const clock = await createStoreClock(backend.tables);
  const client = createClient({
    baseUrl: settings.apiUrl,
    apiKey: settings.apiKey,
    pace: createPace(backend.tables, clock),
    notifyIncidentChannel: settings.notifyIncidentChannel,
    log,
  });
  let closed: Promise<void> | undefined;
  return {
    settings,
    backend,
    store: new Store(backend.tables),
    clock,
    reader: readOnly(client),
    writer: settings.dryRun ? undefined : client,
    log,
    close: () => {
      closed ??= client.close();
      return closed;
    },
  };
}
