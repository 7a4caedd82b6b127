import { DelayedError, type IQueueBackend, type Job, UnrecoverableError, Worker } from 'bullmq';
import { z } from 'zod';
import type { WorkOptions } from './backend.ts';
import { settledWithin } from './deadline.ts';
import { oneByOne, readBatch } from './event-batch.ts';
import { LONGEST_PAUSE, type LockTimes, type QueueName, workerOptions } from './options.ts';
import { type Connections, FAULTY, type Producers, shared } from './producers.ts';
import { FinalFailure, type Handlers, type JobContext, PutBack, type Workers } from './queues.ts';
import { quietErrors } from './quiet-errors.ts';

/** Why a job's signal was aborted. */
const SHUTDOWN = 'shutdown';
const LOCK_LOST = 'lock lost';

// Several batches at a time, so that one slow look-up holds up few.
const BATCHES_AT_ONCE = 4;
const TIMERS_AT_ONCE = 10;

/** How long jobs get to go back once their signal is aborted, in ms; half of a shorter deadline. */
const GOING_BACK = 2_000;

/** What the wrapper below needs of a job, whatever its data and backend. */
type AnyJob = Pick<
  Job<unknown>,
  'id' | 'name' | 'data' | 'attemptsStarted' | 'stalledCounter' | 'moveToDelayed'
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
  const { log } = connections;
  const connection = connections.worker();
  let paused = false;

  const start = (name: QueueName, concurrency: number, work: Work) => {
    const worker = new Worker(
      name,
      // BullMQ gives the signal only to a function that declares exactly these three.
      async (job: Job<unknown>, token: string | undefined, signal: AbortSignal | undefined) => {
        // A paused worker still takes the one job that it was waiting for.
        if (paused) return putBack(job, token, 1_000);
        await tried(job, token, signal ?? new AbortController().signal, work);
      },
      {
        connection,
        ...shared(connections, name),
        // The version is looked up: without it, BullMQ rounds every delay up to whole seconds.
        concurrency,
        ...workerOptions(options),
      },
      connections.factory,
    );
    worker.on('error', quietErrors(log, `worker ${name}`));
    worker.on('stalled', (id) => {
      connections.mend?.(name, id).catch(quietErrors(log, `worker ${name}`));
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
      // A job whose only event is bad is already one of its own.
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
        // One of them is at fault, nobody knows which: each gets a job of its own, and the others succeed.
        if (!(error instanceof FinalFailure) || size === 1) throw error;
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

  return {
    async pause() {
      paused = true;
      // `true`: not to wait for the jobs in hand, of which one may be asking for this pause.
      await Promise.all(workers.map((worker) => worker.pause(true)));
    },
    async resume() {
      paused = false;
      await Promise.all(workers.map((worker) => worker.resume()));
    },
    async close(deadline) {
      const goingBack = Math.min(GOING_BACK, deadline / 2);
      const closed = Promise.allSettled(workers.map((worker) => worker.close()));
      if (await settledWithin(closed, deadline - goingBack)) return;
      for (const worker of workers) worker.cancelAllJobs(SHUTDOWN);
      if (await settledWithin(closed, goingBack)) return;
      // close() of BullMQ waits for a server that is down. What is in hand here counts as abandoned later.
      log.warn('Stopped without an answer from the queue; another worker takes over what was in hand.');
      for (const worker of workers) worker.disconnect().catch(() => {});
    },
  };
}

/** One try of a job. What is thrown tells BullMQ what is to become of it. */
async function tried(job: AnyJob, token: string | undefined, signal: AbortSignal, work: Work): Promise<void> {
  const begunBefore = job.attemptsStarted > 1 || job.stalledCounter > 0;
  try {
    await work(job, { ...(job.id !== undefined && { id: job.id }), begunBefore, signal });
  } catch (error) {
    if (error instanceof FinalFailure) throw new UnrecoverableError(error.message);
    if (error instanceof PutBack) {
      await putBack(job, token, Math.min(LONGEST_PAUSE, Math.max(0, error.delay)));
    }
    if (signal.aborted && signal.reason === SHUTDOWN) await putBack(job, token, 0);
    throw error instanceof Error ? error : new Error(String(error));
  }
}

/** Back into the queue for `delay` ms, with no try used up. */
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

/** What a log line tells of a job's data: the incident, never a payload. */
function summary(name: QueueName, data: unknown): string | undefined {
  return name === 'events' ? undefined : timerData.safeParse(data).data?.incident;
}
