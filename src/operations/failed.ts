import { z } from 'zod';
import { type FailedJob, UselessJobError } from '../queue/backend.ts';
import type { StoreContext } from '../service/context.ts';
import { OperationError } from './operation.ts';
import type { Progress } from './progress.ts';

export const failedEntry = z.object({
  id: z.string(),
  queue: z.string(),
  /** Reference where it is known, else the full id. */
  incident: z.string().optional(),
  tasks: z.array(z.string()),
  why: z.string(),
  tries: z.number(),
  /** RFC 3339 */
  at: z.string(),
});
export type FailedEntry = z.infer<typeof failedEntry>;
export const failedResult = z.object({ failed: z.array(failedEntry) });
export type FailedResult = z.infer<typeof failedResult>;

/** As many failed jobs as are kept. */
const ALL = 10_000;

/** What failed for good, the newest first. */
export async function failed({ backend, store }: StoreContext, limit = ALL): Promise<FailedResult> {
  const jobs = await backend.failed(limit);
  const incidents = await store.incidents.getMany(jobs.flatMap(({ incident }) => incident ?? []));
  return {
    failed: jobs.map(({ incident, at, ...job }: FailedJob) => ({
      ...job,
      ...(incident !== undefined && { incident: incidents.get(incident)?.reference ?? incident }),
      at: new Date(at).toISOString(),
    })),
  };
}

export const retryResult = z.object({ retried: z.array(z.string()) });
export type RetryResult = z.infer<typeof retryResult>;

/** Has one failed job, or all of them, done anew. */
export async function retryFailed(
  which: { id: string } | 'all',
  context: StoreContext,
  progress: Progress = () => {},
): Promise<RetryResult> {
  const { backend, log } = context;
  if (which !== 'all') {
    if (!(await retry(which.id, context)))
      throw new OperationError(
        `There is no failed job ${which.id}: it was retried already, or never failed. \`failed list\` shows those that there are.`,
      );
    log.info({ job: which.id }, `the failed job ${which.id} was put back by hand`);
    return { retried: [which.id] };
  }
  const retried: string[] = [];
  const jobs = await backend.failed(ALL);
  for (const [index, { id }] of jobs.entries()) {
    try {
      if (await retry(id, context)) retried.push(id);
    } catch (error) {
      // It stays where it is, and keeps none of the others there.
      if (!(error instanceof OperationError)) throw error;
      log.warn({ job: id }, error.message);
    }
    progress('failed jobs put back', index + 1, jobs.length);
  }
  log.info({ jobs: retried.length }, `${retried.length} failed jobs were put back by hand`);
  return { retried };
}

async function retry(id: string, { backend }: StoreContext): Promise<boolean> {
  try {
    return await backend.retry(id);
  } catch (error) {
    throw error instanceof UselessJobError ? new OperationError(error.message) : error;
  }
}
