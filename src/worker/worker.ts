import type { Logger } from 'pino';
import { runAnnouncer } from '../announcements/announcer.ts';
import { announceReopened } from '../announcements/reopened.ts';
import type { Context } from '../context/context.ts';
import { reviewDeps, sweepDeps } from '../context/deps.ts';
import { TakenDeliveries } from '../events/taken.ts';
import type { IncidentIoReader } from '../incident-io/api.ts';
import { NotFoundError, RateLimitedError } from '../incident-io/errors.ts';
import { StatusCache } from '../incident-io/status-cache.ts';
import type { Metrics } from '../metrics/counters.ts';
import { runNotifier } from '../notifications/notifier.ts';
import { type Handlers, PutBack, type Workers } from '../queue/queues.ts';
import { storeFailing } from '../review/failing.ts';
import { storeIncidents } from '../review/gather.ts';
import { review } from '../review/review.ts';
import { readStatuses } from '../review/stored-facts.ts';
import { severalStatuses, targetsOf } from '../review/target-status.ts';
import { isFinal, storeUnreadable } from '../review/unreadable.ts';
import { type Sleep, sleep } from '../sleep.ts';
import { note } from '../spans.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import type { Closure } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { WakeSignal } from '../wake-signal.ts';
import { type BackgroundDeps, runInBackground } from './background.ts';
import { KeyWatch, messageOf } from './key-watch.ts';
import { NotedPolicy } from './noted-policy.ts';
import { spaceReviews } from './spacing.ts';
import { takeEvents } from './take-events.ts';
import { TrackerConcurrency } from './tracker-concurrency.ts';
import { anyRefused, wakeRefused } from './wake-refused.ts';

export interface RunningWorker {
  /** What keeps it from working; empty: it works. */
  problems(): string[];
  /** Checks now what is due: the policy is another one. */
  checkDue(): void;
  /** Stores again what a start stores: the store lost it. Throws where the key is that of another organisation. */
  beginAgain(): Promise<void>;
  /** Ends within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** The maximum delay of a job whose call was not processed, ms, so that an event is never left longer. */
const LONGEST_BACK = 30_000;
/** The same where the key did not work, which may have been mended meanwhile. */
const KEY_BACK = 10_000;

/** Time, randomness and cache, so that tests can play every interleaving. */
export interface WorkerParts {
  wait?: Sleep | undefined;
  /** From 0 to below 1. */
  random?: () => number;
  statuses?: StatusCache;
  taken?: Pick<TakenDeliveries, 'add' | 'close'>;
  /** Checks whether the store is still the one that this process found at its start; throws if it does not answer. */
  checkStore?: (() => Promise<void> | undefined) | undefined;
}

/** Starts everything that a worker does. Throws where the key belongs to another organisation. */
export async function startWorker(
  context: Context,
  parts: WorkerParts = {},
  metrics?: Metrics,
): Promise<RunningWorker> {
  const { settings, backend, store, reader, tasks, clock, log } = context;
  const { wait, random, statuses = new StatusCache(reader, clock) } = parts;
  const {
    taken = new TakenDeliveries({ log: new DeliveryLog(backend.tables), logger: log, now: clock.now }),
  } = parts;
  const stop = new AbortController();
  const key = new KeyWatch({ api: reader, store, clock, log, wait, dryRun: settings.dryRun });

  const onFailure = (error: unknown): Promise<void> => key.noteFailure(error, stop.signal);

  /** Throws a `PutBack` if the job is not at fault, so that neither a key nor a rate limit uses up its attempts. */
  const putBack = async (error: unknown): Promise<void> => {
    await onFailure(error);
    if (key.isBad()) throw new PutBack(messageOf(error), KEY_BACK);
    if (error instanceof RateLimitedError)
      throw new PutBack(error.message, Math.min(LONGEST_BACK, Math.max(0, error.retryAt - clock.now())));
  };

  const closingsSignal = new WakeSignal();
  const sweepSignal = new WakeSignal();
  const concurrency = new TrackerConcurrency();
  const handlers: Handlers = {
    async events(batch, job) {
      try {
        await takeEvents(batch, job, {
          store,
          waker: backend.waker,
          intake: backend.intake,
          clock,
          log,
          reader: tasks,
          concurrency,
          onTaken: (one) => taken.add(one),
          findIncident: (name) => findIncident(name, reader, store),
        });
      } catch (error) {
        if (!(error instanceof PutBack)) await putBack(error);
        throw error;
      }
      metrics?.events(batch);
    },
    async review(incidentId, job) {
      note({ 'incident_closer.incident': incidentId });
      if (key.state.is !== 'good') throw new PutBack('the API key does not work', KEY_BACK);
      await spaceReviews(incidentId, store, clock.now());
      const keyStillWorks = () => key.stillWorks(stop.signal);
      const onClosure = (closure: Closure) => {
        metrics?.closure(closure);
        closingsSignal.notify();
      };
      const look = (known: typeof key.state & { is: 'good' }) =>
        review(incidentId, job, {
          ...reviewDeps(context, known, statuses),
          keyStillWorks,
          onClosure,
          onReopened: async (incident, closure, task) => {
            await announceReopened(incident, closure, task, context);
            closingsSignal.notify();
          },
          countReopened: metrics?.reopened,
        });
      try {
        const { reason, verdict } = await look(key.state);
        metrics?.reviewed(verdict);
        note({ 'incident_closer.verdict': verdict, 'incident_closer.reason': reason });
        // The role may have been added since this process read the key: at each sweep, one of all processes checks.
        if (reason === 'key-role') {
          const known = await key.mayClose(stop.signal);
          if (known !== undefined) await look(known);
        }
      } catch (error) {
        if (!(error instanceof PutBack)) metrics?.reviewFailed();
        await putBack(error);
        if (!isFinal(error)) {
          if (!job.signal.aborted) await storeFailing(incidentId, error, job, { store, clock, log });
          throw error;
        }
        await storeUnreadable(incidentId, error, job.why, { store, waker: backend.waker, clock, log });
      }
    },
  };

  let workers: Workers | undefined;
  metrics?.keyWorks(false);
  metrics?.watchWorkers(() => workers?.problems() ?? []);
  key.onRoles = () => wakeRefused({ store, waker: backend.waker, wait }, stop.signal);
  await firstCheck(key, log);
  const policies = new NotedPolicy(context);
  // Before anything is decided, and not where the key turned out to be of another organisation.
  await policies.note();
  key.onChange = async (works) => {
    metrics?.keyWorks(works);
    if (!works) return workers?.pause();
    if (workers !== undefined) return workers.resume();
    if (stop.signal.aborted) return;
    workers = backend.work(handlers, { concurrency: settings.reviewConcurrency });
    void warnOfSeveralStatuses(statuses, context, stop.signal);
  };
  // Whether or not what comes after finding that it works could be stored.
  if (key.state.is === 'good') await key.onChange(true);
  else key.probe(stop.signal);

  const background: BackgroundDeps = {
    ...sweepDeps(context, { signal: stop.signal }),
    // Each sweep and sync takes it as it is when that begins.
    get policy() {
      return context.policy;
    },
    notePolicy: () => policies.note(),
    checkStore: parts.checkStore,
    sweepEvery: settings.sweepEvery,
    onFailure,
    checkKey: async () => {
      // A lost role is noticed by whoever needs it; an added one would not be.
      if (key.isRecent() || !(key.isPartial() || (await anyRefused(store)))) return;
      await key.stillWorks(stop.signal);
    },
    forgetOld: () => forgetOld(store, clock.now()),
    checkHooks: async () => context.hooks?.checkIfDue(stop.signal),
    mayRun: () => key.state.is === 'good',
    alone: backend.kind === 'embedded',
    sweepSignal,
    random,
    wait,
  };
  const announcing = runAnnouncer(
    context,
    {
      keyWorks: () => key.state.is === 'good',
      onFailure,
      onTry: metrics?.announcement,
      wakeSignal: closingsSignal,
      wait,
    },
    stop.signal,
  );
  const notifying = runNotifier(context, { onTry: metrics?.notification, wait }, stop.signal);
  const running = Promise.all([runInBackground(background, stop.signal), announcing, notifying]);

  return {
    problems: () => [
      ...(key.state.is === 'good' ? (workers?.problems() ?? []) : [key.state.words]),
      ...[context.outageWatch?.words() ?? []].flat(),
    ],
    checkDue() {
      sweepSignal.notify();
      closingsSignal.notify();
    },
    async beginAgain() {
      statuses.forget();
      policies.forget();
      await policies.note();
      await key.stillWorks(stop.signal);
      store.syncSignal.notify();
    },
    async close(deadline) {
      stop.abort();
      // Waiting for a call in flight would take too long: it is aborted with the client.
      await Promise.all([workers?.close(deadline), Promise.race([running, sleep(deadline)])]);
      await taken.close();
    },
  };
}

/** What is too old, or too much: some of it each time. */
async function forgetOld({ stories, actions }: Store, now: number): Promise<void> {
  await Promise.all([stories.forgetOld(now), actions.forgetOld(now)]);
}

/** Says which status is used where there are several and nobody chose. */
async function warnOfSeveralStatuses(
  statuses: StatusCache,
  { policy, store, log }: Pick<Context, 'policy' | 'store' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  try {
    // Kept for those who make no call, as the board.
    const all = await readStatuses(statuses, store);
    for (const { to, wanted } of targetsOf(policy)) {
      const words = severalStatuses(all, to, wanted);
      if (words !== undefined) log.warn(words);
    }
  } catch (err) {
    if (!signal.aborted) log.warn({ err }, 'the statuses could not be read at the start');
  }
}

/** Whether the key is known to work. incident.io being down at the start is no reason not to start. */
async function firstCheck(key: KeyWatch, log: Logger): Promise<void> {
  try {
    await key.check();
  } catch (error) {
    if (error instanceof Error && error.name === 'WrongOrganisationError') throw error;
    log.warn({ err: error }, 'the API key could not be checked yet; it is tried again');
  }
}

async function findIncident(
  name: string,
  reader: IncidentIoReader,
  store: Store,
): Promise<string | undefined> {
  try {
    const incident = await reader.incident(name);
    await storeIncidents([incident], store);
    return incident.id;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
