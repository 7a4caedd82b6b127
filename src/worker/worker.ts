import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { recordEvents } from '../events/record.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { ForbiddenError, KeyRejectedError, NotFoundError, RateLimitedError } from '../incident-io/errors.ts';
import { StatusCache } from '../incident-io/status-cache.ts';
import type { Backend } from '../queue/backend.ts';
import { type Handlers, PutBack } from '../queue/queues.ts';
import { rememberIncident } from '../review/gather.ts';
import { type ReviewDeps, review } from '../review/review.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { taskKeyOf } from '../trackers/index.ts';
import { type BackgroundDeps, categoriesOf, runInBackground } from './background.ts';
import { KeyWatch } from './key-watch.ts';

export interface WorkerDeps {
  settings: Settings;
  backend: Backend;
  store: Store;
  reader: IncidentIoReader;
  /** Absent in a dry run. */
  writer?: IncidentIoReader & IncidentIoWriter;
  clock: Clock;
  log: Logger;
}

export interface RunningWorker {
  /** What keeps it from working; empty: all is well. */
  problems(): string[];
  /** Ends within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** A job whose call was not processed goes back for this long at most, ms, so that an event is never left longer. */
const LONGEST_BACK = 30_000;

/** Starts everything that a worker does. Throws where the key belongs to another organisation. */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { settings, backend, store, reader, clock, log } = deps;
  const stop = new AbortController();
  const key = new KeyWatch({ api: reader, store, log });
  const shared = { ...deps, waker: backend.waker, taskKeyOf, rules: { declinedCounts: true } };

  const onFailure = async (error: unknown): Promise<void> => {
    if (error instanceof KeyRejectedError) await key.rejected(error, stop.signal);
    // A scope that is missing for one call may be missing for all: the roles tell.
    if (error instanceof ForbiddenError) await key.check();
  };

  const reviewDeps = (): ReviewDeps => {
    if (key.state.is !== 'good') throw new PutBack('the API key does not work', LONGEST_BACK);
    return {
      ...shared,
      api: reader,
      statuses,
      policy: settings,
      syncFollowUps: settings.syncFollowUps,
      maxClosesPerHour: settings.maxClosesPerHour,
      key: key.state,
    };
  };
  const statuses = new StatusCache(reader, clock);

  const handlers: Handlers = {
    async events(batch, job) {
      await recordEvents(batch, job, {
        ...shared,
        findIncident: (name) => findIncident(name, reader, store),
      });
    },
    async review(incidentId, job) {
      try {
        await review(incidentId, job, reviewDeps());
      } catch (error) {
        await onFailure(error);
        if (error instanceof KeyRejectedError) throw new PutBack(error.message, LONGEST_BACK);
        if (error instanceof RateLimitedError)
          throw new PutBack(error.message, Math.min(LONGEST_BACK, Math.max(0, error.retryAt - clock.now())));
        throw error;
      }
    },
  };

  const known = await firstCheck(key, log);
  const workers = backend.work(handlers, { concurrency: settings.reviewConcurrency });
  key.onChange = (works) => (works ? workers.resume() : workers.pause());
  if (!known) {
    await workers.pause();
    key.probe(stop.signal);
  }

  const background: BackgroundDeps = {
    ...shared,
    api: reader,
    categories: categoriesOf(settings.activeIncidents),
    minFollowUps: settings.minFollowUps,
    sweepEvery: settings.sweepEvery,
    clearStrayKeys: (ids) => backend.clearStrayKeys(ids),
    onFailure,
    checkKey: () => key.check(),
    mayRun: () => key.state.is === 'good',
  };
  const running = runInBackground(background, stop.signal);

  return {
    problems: () => (key.state.is === 'good' ? [] : [key.state.words]),
    async close(deadline) {
      stop.abort();
      await Promise.all([workers.close(deadline), running]);
    },
  };
}

/** Whether the key is known to work. incident.io being down at the start is no reason not to start. */
async function firstCheck(key: KeyWatch, log: Logger): Promise<boolean> {
  try {
    return (await key.check()).is === 'good';
  } catch (error) {
    if (error instanceof Error && error.name === 'WrongOrganisationError') throw error;
    log.warn({ err: error }, 'the API key could not be checked yet; it is tried again');
    return false;
  }
}

async function findIncident(
  name: string,
  reader: IncidentIoReader,
  store: Store,
): Promise<string | undefined> {
  try {
    const incident = await reader.incident(name);
    await rememberIncident(incident, store);
    return incident.id;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
