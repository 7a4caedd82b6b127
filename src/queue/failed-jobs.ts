import type { Job, JobsOptions } from 'bullmq';
import { z } from 'zod';
import { type FailedJob, UselessJobError } from './backend.ts';
import { eventOptions } from './options.ts';
import type { Waker } from './queues.ts';

/** Queues whose failed jobs are kept. */
type Kept = 'events' | 'reviews';
/** The parts of BullMQ's jobs and queues that are used here. */
type KeptJob = Pick<
  Job,
  'id' | 'data' | 'isFailed' | 'remove' | 'attemptsMade' | 'timestamp' | 'finishedOn'
> & { failedReason?: string };
export interface KeptQueue {
  getJobs(types: ['failed'], start: number, end: number): Promise<KeptJob[]>;
  getJob(id: string): Promise<KeptJob | undefined>;
  add(name: string, data: unknown, options: JobsOptions): Promise<unknown>;
}
type Queues = Record<Kept, KeptQueue>;

const reviewData = z.object({ incident: z.string().min(1) });
/** A batch, or (for unusable events) the batch next to the fault. */
const eventData = z.object({ tasks: z.array(z.object({ task: z.string() })).default([]) });
const faultyData = z.object({ batch: z.unknown() });
const jobId = /^(events|reviews)\/(.+)$/;

/** Jobs that failed permanently, newest first. */
export async function failedJobs(queues: Queues, limit: number): Promise<FailedJob[]> {
  const last = Math.max(0, limit - 1);
  const [events, reviews] = await Promise.all([
    queues.events.getJobs(['failed'], 0, last),
    queues.reviews.getJobs(['failed'], 0, last),
  ]);
  const found = [
    ...events.map((job) => described('events', job)),
    ...reviews.map((job) => described('reviews', job)),
  ];
  return found.sort((a, b) => b.at - a.at).slice(0, limit);
}

/**
 * Adds the job's contents as a new job and then removes it: BullMQ's own retry would leave a review without its
 * deduplication. A crash in between leaves both, which is harmless.
 */
export async function retryJob(queues: Queues, waker: Waker, id: string): Promise<boolean> {
  const [, queue = '', own = ''] = jobId.exec(id) ?? [];
  if (queue !== 'events' && queue !== 'reviews') return false;
  const job = await queues[queue].getJob(own);
  if (job === undefined || !(await job.isFailed())) return false;
  if (queue === 'reviews') {
    const { data } = reviewData.safeParse(job.data);
    if (data === undefined)
      throw new UselessJobError(`The failed job ${id} names no incident, so there is nothing to try again.`);
    await waker.wake([data.incident], 'retried by hand');
  } else await queues.events.add('batch', batchOf(job.data), eventOptions);
  await job.remove();
  return true;
}

function batchOf(data: unknown): unknown {
  const faulty = faultyData.safeParse(data).data;
  return faulty?.batch ?? data;
}

function described(queue: Kept, job: KeptJob): FailedJob {
  const incident = reviewData.safeParse(job.data).data?.incident;
  const events = eventData.safeParse(batchOf(job.data)).data;
  return {
    id: `${queue}/${job.id}`,
    queue,
    ...(queue === 'reviews' && incident !== undefined && { incident }),
    tasks: queue === 'events' ? (events?.tasks ?? []).map(({ task }) => task) : [],
    why: reasonOf(job),
    tries: job.attemptsMade,
    at: job.finishedOn ?? job.timestamp,
  };
}

/** Why a job failed, for whoever investigates it, and what to do. */
function reasonOf({ failedReason = 'no reason was kept', attemptsMade }: KeptJob): string {
  // BullMQ's message after workers took it too often without finishing.
  if (failedReason.startsWith('job stalled more than'))
    return `Its worker was killed, or froze, whenever it took this job. Look for crashes in the logs of the workers at that time; once their cause is gone, try it again. (${failedReason})`;
  return failedReason.replace('It is tried again; if this goes on,', `It was tried ${attemptsMade} times:`);
}
