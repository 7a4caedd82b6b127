import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createHttp } from '../http.ts';
import type {
  IncidentIoAnnouncer,
  IncidentIoPast,
  IncidentIoReader,
  IncidentIoWriter,
} from '../incident-io/api.ts';
import { createClient, readOnly } from '../incident-io/client.ts';
import { OutageWatch } from '../incident-io/outage.ts';
import { createPace } from '../incident-io/pace/pace.ts';
import { shareOf } from '../incident-io/pace/share.ts';
import type { CallReport } from '../metrics/counters.ts';
import type { Policy } from '../policy/policy.ts';
import type { Backend } from '../queue/backend.ts';
import { createHookWatch, type HookWatch } from '../read-back/hook-watch.ts';
import { createTaskReader, type TaskReader } from '../read-back/reader.ts';
import type { Settings } from '../settings/settings.ts';
import { refuseUnusable } from '../store/format.ts';
import { Store } from '../store/store.ts';
import { createStoreClock } from '../store/store-clock.ts';
import { trackers } from '../trackers/index.ts';
import type { Tracker } from '../trackers/tracker.ts';

/** What works without incident.io: the store and the queues. */
export interface StoreContext {
  settings: Settings;
  /** As it is now: a piece of work reads it once, since the next time it may be another. */
  readonly policy: Policy;
  backend: Backend;
  store: Store;
  /** The store's clock, the same for all processes. */
  clock: Clock;
  log: Logger;
}

/** What everything that talks to incident.io needs, built from the settings. */
export interface Context extends StoreContext {
  settings: Settings & { apiKey: string };
  reader: IncidentIoReader;
  /** What was; absent where all that is simulated. */
  past?: IncidentIoPast;
  /** Whether incident.io answers; absent where all that is simulated. */
  outageWatch?: OutageWatch;
  /** How far incident.io's clock was ahead of this machine's at its last answer, ms. */
  clockAhead(): number | undefined;
  /** The trackers' APIs, for reading the states of tasks. */
  tasks: TaskReader;
  /** The trackers' webhooks, as their APIs show them; absent where all that is simulated. */
  hooks?: HookWatch;
  /** The trackers that can be read and commented in. */
  trackers: readonly Tracker[];
  /** Absent in a dry run. */
  writer?: IncidentIoReader & IncidentIoWriter;
  /** Absent in a dry run. */
  announcer?: IncidentIoAnnouncer;
  close(): Promise<void>;
}

/** `policy`: asked for each time. Throws if the store does not answer, and a `RefusedStoreError` where it must not be used. */
export async function createStoreContext(
  settings: Settings,
  policy: () => Policy,
  backend: Backend,
  log: Logger,
): Promise<StoreContext> {
  const clock = await createStoreClock(backend.tables);
  const store = new Store(backend.tables, { keepHistory: settings.keepHistory });
  await refuseUnusable(store);
  return {
    ...{ settings, backend, store, clock, log },
    get policy() {
      return policy();
    },
  };
}

export interface ContextOptions {
  /** Called with every request to incident.io. */
  onCall?: (report: CallReport) => void;
  /** The trackers whose tasks can be read; absent: all. */
  asked?: readonly Tracker[] | undefined;
  /** The share of incident.io's rate limit that is used at most; absent: all of it. */
  share?: number;
}

/** A `StoreContext` with a client of incident.io. */
export function createContext(
  base: StoreContext,
  apiKey: string,
  { onCall, asked = trackers, share }: ContextOptions = {},
): Context {
  const { backend, store, clock, log } = base;
  const settings = { ...base.settings, apiKey };
  const outageWatch = new OutageWatch({ store, clock, log, by: randomUUID() });
  const pace = createPace(backend.tables, clock);
  const client = createClient({
    baseUrl: settings.apiUrl,
    apiKey: settings.apiKey,
    pace: share === undefined ? pace : shareOf(pace, share),
    notifyIncidentChannel: settings.notifyIncidentChannel,
    log,
    onCall(report) {
      outageWatch.note(report);
      onCall?.(report);
    },
  });
  const http = createHttp();
  let closed: Promise<unknown> | undefined;
  const asking = {
    trackers: asked,
    access: settings.trackerAccess,
    options: settings.trackerOptions,
    ...{ http, store, clock, log },
  };
  return {
    ...{ backend, store, clock, log },
    get policy() {
      return base.policy;
    },
    settings,
    reader: readOnly(client),
    past: { incidentsSince: (since) => client.incidentsSince(since) },
    outageWatch,
    clockAhead: () => client.clockAhead(),
    tasks: createTaskReader(asking),
    hooks: createHookWatch({
      ...asking,
      taken: Object.keys(settings.webhookSecrets),
      publicUrl: settings.publicUrl,
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
