import {
  type BackendFactory,
  DelayedError,
  type IQueueBackend,
  type Job,
  UnrecoverableError,
  Worker,
} from 'bullmq';
import { z } from 'zod';
import { settledWithin } from '../deadline.ts';
import type { WorkOptions } from './backend.ts';
import { watchClock } from './clock-watch.ts';
import { isDataFault } from './data-fault.ts';
import { oneByOne, readBatch } from './event-batch.ts';
import { KeptWorker } from './kept-worker.ts';
import { backoffOf, LONGEST_PAUSE, type LockTimes, type QueueName, workerOptions } from './options.ts';
import { type Connections, FAULTY, type Producers, shared } from './producers.ts';
import { QueueProgress, watched } from './progress.ts';
import { FinalFailure, type Handlers, type JobContext, PutBack, type Workers } from './queues.ts';
import { quietErrors } from './quiet-errors.ts';
import { StalledCheck } from './stalled-check.ts';

/** Why a job's signal was aborted. */
const SHUTDOWN = 'shutdown';
const LOCK_LOST = 'lock lost';

// Many of them only wait for a tracker's API; what says its state itself always finds a place.
const BATCHES_AT_ONCE = 16;
const TIMERS_AT_ONCE = 10;

/** How long jobs get to go back once their signal is aborted, ms; half of a shorter deadline. */
const GOING_BACK = 2_000;

/** The parts of a job that the wrapper below needs, whatever its data and backend. */
type AnyJob = Pick<
  Job<unknown>,
  'id' | 'name' | 'data' | 'attemptsMade' | 'attemptsStarted' | 'stalledCounter' | 'moveToDelayed' | 'opts'
>;
type Work = (job: AnyJob, context: JobContext) => Promise<void>;

const reviewData = z.object({ incident: z.string().min(1), why: z.string().default('') });
const timerData = z.object({ incident: z.string().min(1) });
const faultyData = z.object({ fault: z.string() });

export function startWorkers<B extends IQueueBackend, C>(
  connections: Connections<B, C>,
  producers: Producers,
  handlers: Handlers,
  options: WorkOptions & LockTimes,
): Workers {
  const { log, outage, alone = false } = connections;
  const settings = workerOptions(options, alone);
  const stop = new AbortController();
  const place = connections.worker();
  let paused = false;

  const start = (name: QueueName, concurrency: number, work: Work) => {
    const progress = new QueueProgress();
    let inFlight = 0;
    let backend: IQueueBackend | undefined;
    const stalled = alone
      ? new StalledCheck({
          check: async () => backend?.moveStalledJobsToWait(),
          busy: () => inFlight > 0,
          onError: quietErrors(log, `worker ${name}`, outage),
          every: settings.stalledInterval,
          lockDuration: settings.lockDuration,
        })
      : undefined;
    stop.signal.addEventListener('abort', () => stalled?.close(), { once: true });
    const factory = watched(connections.factory, progress, stop.signal);
    const kept: typeof factory = (...given) => {
      const made = factory(...given);
      backend = made;
      return made;
    };
    return new KeptWorker(name, {
      progress,
      usable: () => place.usable(),
      busy: () => inFlight >= concurrency,
      make: () => {
        inFlight = 0;
        stalled?.noted();
        return made(name, concurrency, kept, async (job, context) => {
          inFlight += 1;
          stalled?.noted();
          try {
            await work(job, context);
          } finally {
            inFlight -= 1;
            stalled?.noted();
          }
        });
      },
    });
  };

  const made = (name: QueueName, concurrency: number, factory: BackendFactory<B, C>, work: Work) => {
    const worker = new Worker(
      name,
      // BullMQ passes the signal only to a function that declares exactly these three parameters.
      async (job: Job<unknown>, token: string | undefined, signal: AbortSignal | undefined) => {
        // A paused worker still takes the one job it was waiting for.
        if (paused) return putBack(job, token, 1_000);
        await tried(job, token, signal ?? new AbortController().signal, work);
      },
      {
        connection: place.connection,
        ...shared(connections, name),
        // The version is looked up if permitted: without it, BullMQ rounds every delay up to whole seconds.
        skipVersionCheck: place.skipVersionCheck(),
        concurrency,
        ...settings,
      },
      factory,
    );
    worker.on('error', quietErrors(log, `worker ${name}`, outage));
    worker.on('stalled', (id) => {
      connections.repair?.(name, id).catch(quietErrors(log, `worker ${name}`, outage));
    });
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) worker.cancelJob(id, LOCK_LOST);
    });
    worker.on('failed', (job, error) => {
      const final = job?.finishedOn !== undefined;
      const about = { queue: name, job: job?.id, tries: job?.attemptsMade, data: summary(name, job?.data) };
      if (final) log.error(about, `Failed for good: ${error.message}`);
      else log.warn(about, `Failed, will be tried again: ${error.message}`);
    });
    return worker;
  };

  const workers = [
    start('events', BATCHES_AT_ONCE, async (job, context) => {
      if (job.name === FAULTY) throw new FinalFailure(read(faultyData, job.data).fault);
      const batch = readBatch(job.data);
      if ('reason' in batch) throw new FinalFailure(batch.reason);
      const { good, bad } = batch;
      const size = good.tasks.length + good.incidents.length + good.hints.length;
      // A job with a single event is already separate.
      if (size === 0 && bad.length === 1) throw new FinalFailure(bad[0]?.reason ?? '');
      if (bad.length > 0) {
        await producers.split(
          `${job.id}-bad`,
          bad.map(({ batch, reason }) => ({ data: batch, fault: reason })),
        );
      }
      if (size === 0) return;
      try {
        await handlers.events(good, context);
      } catch (error) {
        // One of them is at fault, but which is unknown: each gets its own job, and the others succeed.
        if (!(error instanceof FinalFailure || isDataFault(error))) throw error;
        if (size === 1)
          throw isDataFault(error) ? new FinalFailure(`The store cannot keep it: ${String(error)}`) : error;
        await producers.split(
          `${job.id}`,
          oneByOne(good).map((data) => ({ data })),
        );
      }
    }),
    start('reviews', options.concurrency, async (job, context) => {
      const { incident, why } = read(reviewData, job.data);
      await handlers.review(incident, { ...context, why });
    }),
    start('timers', TIMERS_AT_ONCE, async (job) => {
      await producers.waker.wake([read(timerData, job.data).incident], 'timer');
    }),
  ];

  const endWatch = watchClock((ms) => {
    log.warn(
      `This machine's clock was set back by ${Math.round(ms / 1_000)} s: what waits for its time is looked at now.`,
    );
    producers.promote().catch(quietErrors(log, 'timers', outage));
  });

  return {
    async pause() {
      paused = true;
      await Promise.all(workers.map((worker) => worker.pause()));
    },
    async resume() {
      paused = false;
      await Promise.all(workers.map((worker) => worker.resume()));
    },
    problems: () => workers.flatMap((worker) => worker.problem() ?? []),
    async close(deadline) {
      stop.abort();
      endWatch();
      const goingBack = Math.min(GOING_BACK, deadline / 2);
      const closed = Promise.allSettled(workers.map((worker) => worker.close()));
      if (await settledWithin(closed, deadline - goingBack)) return;
      for (const worker of workers) worker.cancelAllJobs(SHUTDOWN);
      if (await settledWithin(closed, goingBack)) return;
      // BullMQ's close() waits for a server that is down. Jobs in flight count as abandoned later.
      log.warn('Stopped without an answer from the queue; another worker takes over what was running.');
      for (const worker of workers) worker.disconnect().catch(() => {});
    },
  };
}

/** One attempt at a job. What it throws tells BullMQ what to do with the job. */
async function tried(job: AnyJob, token: string | undefined, signal: AbortSignal, work: Work): Promise<void> {
  const begunBefore = job.attemptsStarted > 1 || job.stalledCounter > 0;
  try {
    const behind = (job.opts.priority ?? 0) > 0;
    const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    await work(job, {
      ...(job.id !== undefined && { id: job.id }),
      begunBefore,
      behind,
      ...(!isLast && { retryIn: backoffOf(job.id, job.attemptsMade + 1) }),
      signal,
    });
  } catch (error) {
    if (error instanceof FinalFailure) throw new UnrecoverableError(error.message);
    if (error instanceof PutBack) {
      await putBack(job, token, Math.min(LONGEST_PAUSE, Math.max(0, error.delay)));
    }
    if (signal.aborted && signal.reason === SHUTDOWN) await putBack(job, token, 0);
    throw error instanceof Error ? error : new Error(String(error));
  }
}

/** Returns the job to the queue for `delay` ms without using up an attempt. */
async function putBack(job: AnyJob, token: string | undefined, delay: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delay, token);
  throw new DelayedError();
}

function read<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new FinalFailure(
    'This job holds nothing that can be used: no incident-closer wrote it. To try it again cannot help; find out who else writes to this queue.',
  );
}

/** What a log line shows of a job's data: the incident, never a payload. */
function summary(name: QueueName, data: unknown): string | undefined {
  return name === 'events' ? undefined : timerData.safeParse(data).data?.incident;
}
