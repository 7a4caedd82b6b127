import type { Job } from 'bullmq';

type OneJob = Pick<Job, 'id' | 'data' | 'updateData'>;
const STATES = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const;
/** What can be rewritten of a queue, in the parts of BullMQ's interface that are used here. */
export interface RewritableQueue {
  getJobs(
    types: (typeof STATES)[number][],
    start: number,
    end: number,
    oldestFirst: boolean,
  ): Promise<OneJob[]>;
  getJob(id: string): Promise<OneJob | undefined>;
}

const AT_ONCE = 200;

/**
 * Gives the jobs of a queue that are not done other data, where `change` returns other data. One that is being worked on
 * goes on with what it was given. Returns how many were changed.
 */
export async function rewriteJobs(
  queue: RewritableQueue,
  change: (data: unknown) => unknown,
): Promise<number> {
  const changed = new Set<string>();
  // The newest first: what is taken meanwhile, at the other end, moves none of those that are still to be read.
  for (const state of STATES)
    for (let start = 0; ; start += AT_ONCE) {
      const jobs = await queue.getJobs([state], start, start + AT_ONCE - 1, false);
      for (const job of jobs) {
        const data = change(job.data);
        if (JSON.stringify(data) === JSON.stringify(job.data)) continue;
        if (await rewritten(job, data, queue)) changed.add(job.id ?? '');
      }
      if (jobs.length < AT_ONCE) break;
    }
  return changed.size;
}

async function rewritten(job: OneJob, data: unknown, queue: RewritableQueue): Promise<boolean> {
  try {
    await job.updateData(data);
    return true;
  } catch (error) {
    // It was done and removed meanwhile.
    if ((await queue.getJob(job.id ?? '')) === undefined) return false;
    throw error;
  }
}
