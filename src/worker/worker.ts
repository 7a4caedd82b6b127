import type { Logger } from 'pino';
import { runAnnouncer } from '../announcements/announcer.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { ForbiddenError, KeyRejectedError, NotFoundError, RateLimitedError } from '../incident-io/errors.ts';
import { StatusCache } from '../incident-io/status-cache.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Handlers, PutBack, type Workers } from '../queue/queues.ts';
import { rememberIncidents } from '../review/gather.ts';
import { review } from '../review/review.ts';
import { isFinal, rememberUnreadable } from '../review/unreadable.ts';
import type { Context } from '../service/context.ts';
import { reviewDeps, sweepDeps } from '../service/wiring.ts';
import { type Sleep, sleep } from '../sleep.ts';
import type { Closure } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { note } from '../tracing/spans.ts';
import { keepApart } from './apart.ts';
import { type BackgroundDeps, runInBackground } from './background.ts';
import { KeyWatch, messageOf } from './key-watch.ts';
import { takeEvents } from './take-events.ts';

export interface RunningWorker {
  /** What keeps it from working; empty: all is well. */
  problems(): string[];
  /** Ends within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** A job whose call was not processed goes back for this long at most, ms, so that an event is never left longer. */
const LONGEST_BACK = 30_000;

/** Time, chance and cache, so that every interleaving can be played. */
export interface WorkerParts {
  wait?: Sleep;
  /** From 0 to below 1. */
  random?: () => number;
  statuses?: StatusCache;
}

/** Starts everything that a worker does. Throws where the key belongs to another organisation. */
export async function startWorker(
  context: Context,
  parts: WorkerParts = {},
  metrics?: Metrics,
): Promise<RunningWorker> {
  const { settings, backend, store, reader, tasks, clock, log } = context;
  const { wait, random, statuses = new StatusCache(reader, clock) } = parts;
  const stop = new AbortController();
  const key = new KeyWatch({ api: reader, store, clock, log, wait });

  const onFailure = async (error: unknown): Promise<void> => {
    if (error instanceof KeyRejectedError) await key.rejected(error, stop.signal);
    // A scope that is missing for one call may be missing for all: the roles tell.
    if (error instanceof ForbiddenError) await key.stillWorks(stop.signal);
  };

  const handlers: Handlers = {
    async events(batch, job) {
      await takeEvents(batch, job, {
        store,
        waker: backend.waker,
        intake: backend.intake,
        clock,
        log,
        reader: tasks,
        findIncident: (name) => findIncident(name, reader, store),
      });
      metrics?.events(batch);
    },
    async review(incidentId, job) {
      note({ 'incident_closer.incident': incidentId, 'incident_closer.woken_by': job.why });
      if (key.state.is !== 'good') throw new PutBack('the API key does not work', LONGEST_BACK);
      await keepApart(incidentId, store, clock.now());
      const keyStillWorks = () => key.stillWorks(stop.signal);
      const onClosure = (closure: Closure) => metrics?.closure(closure);
      const look = (known: typeof key.state & { is: 'good' }) =>
        review(incidentId, job, { ...reviewDeps(context, known, statuses), keyStillWorks, onClosure });
      try {
        const { reason, verdict } = await look(key.state);
        metrics?.reviewed(verdict);
        note({ 'incident_closer.verdict': verdict, 'incident_closer.reason': reason });
        // It may have been given since this process looked at the key: of all processes, one looks at each sweep.
        if (reason === 'key-role') {
          const known = await key.mayClose(stop.signal);
          if (known !== undefined) await look(known);
        }
      } catch (error) {
        if (!(error instanceof PutBack)) metrics?.reviewFailed();
        await onFailure(error);
        if (key.isBad()) throw new PutBack(messageOf(error), LONGEST_BACK);
        if (error instanceof RateLimitedError)
          throw new PutBack(error.message, Math.min(LONGEST_BACK, Math.max(0, error.retryAt - clock.now())));
        if (!isFinal(error)) throw error;
        await rememberUnreadable(incidentId, error, job.why, { store, waker: backend.waker, clock, log });
      }
    },
  };

  let workers: Workers | undefined;
  metrics?.keyWorks(false);
  key.onChange = async (works) => {
    metrics?.keyWorks(works);
    if (!works) return workers?.pause();
    if (workers !== undefined) return workers.resume();
    if (!stop.signal.aborted) workers = backend.work(handlers, { concurrency: settings.reviewConcurrency });
  };
  if (!(await firstCheck(key, log))) key.probe(stop.signal);

  const background: BackgroundDeps = {
    ...sweepDeps(context, { signal: stop.signal }),
    sweepEvery: settings.sweepEvery,
    onFailure,
    // A role that was lost is noticed by whoever needs it; one that was added, by nobody else.
    checkKey: async () => key.isPartial() && key.stillWorks(stop.signal),
    mayRun: () => key.state.is === 'good',
    random,
    wait,
  };
  const announcing = runAnnouncer(
    context,
    { keyWorks: () => key.state.is === 'good', onFailure, onTry: metrics?.announcement, wait },
    stop.signal,
  );
  const running = Promise.all([runInBackground(background, stop.signal), announcing]);

  return {
    problems: () => (key.state.is === 'good' ? [] : [key.state.words]),
    async close(deadline) {
      stop.abort();
      // A call that is under way would be waited for too long: it is cut off with the client.
      await Promise.all([workers?.close(deadline), Promise.race([running, sleep(deadline)])]);
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
    await rememberIncidents([incident], store);
    return incident.id;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
