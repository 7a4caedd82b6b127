import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { type FailedJob, UselessJobError } from '../queue/backend.ts';
import { operatorInWords } from '../review/sentences.ts';
import type { Operator } from '../store/history/operator.ts';
import { isPrivate } from '../visibility.ts';
import { recordAction } from './acted.ts';
import { OperationError } from './operation.ts';
import type { OnProgress } from './progress.ts';

export const failedEntry = z.object({
  id: z.string(),
  queue: z.string(),
  /** Reference if known, otherwise the full id. */
  incident: z.string().optional(),
  /** Whether that is mentioned nowhere outside incident.io; absent: the job is about none, or about several. */
  private: z.boolean().optional(),
  tasks: z.array(z.string()),
  why: z.string(),
  tries: z.number(),
  /** RFC 3339 */
  at: z.string(),
});
export type FailedEntry = z.infer<typeof failedEntry>;
export const failedResult = z.object({ failed: z.array(failedEntry) });
export type FailedResult = z.infer<typeof failedResult>;

/** The number of failed jobs that are kept. */
const ALL = 10_000;
const LOOKED_THROUGH = 500;

/** What failed permanently, newest first. */
export async function failed({ backend, store }: StoreContext, limit = ALL): Promise<FailedResult> {
  const jobs = await backend.failed(limit);
  const incidents = await store.incidents.getMany(jobs.flatMap(({ incident }) => incident ?? []));
  return {
    failed: jobs.map(({ incident, at, ...job }: FailedJob) => ({
      ...job,
      ...(incident !== undefined && {
        incident: incidents.get(incident)?.reference ?? incident,
        private: isPrivate(incidents.get(incident)?.about?.visibility),
      }),
      at: new Date(at).toISOString(),
    })),
  };
}

export const retryResult = z.object({ retried: z.array(z.string()) });
export type RetryResult = z.infer<typeof retryResult>;

/** Retries one failed job, or all of them. */
export async function retryFailed(
  which: { id: string } | 'all',
  context: StoreContext,
  by: Operator,
  progress: OnProgress = () => {},
): Promise<RetryResult> {
  const { backend, clock, log } = context;
  // Of one job, only the incident is looked for.
  const jobs = await backend.failed(which === 'all' ? ALL : LOOKED_THROUGH);
  /** Recorded afterwards: only then is it known whether anything was retried. */
  const record = async (ids: readonly string[]) => {
    if (ids.length === 0) return;
    const done = new Set(ids);
    const incidents = [
      ...new Set(jobs.flatMap(({ id, incident }) => (done.has(id) ? (incident ?? []) : []))),
    ];
    const about = which === 'all' ? { count: ids.length } : { job: which.id, incident: incidents[0] };
    await recordAction({ action: 'retry', at: clock.now(), by, ...about }, incidents, context);
  };
  if (which !== 'all') {
    if (!(await retry(which.id, context)))
      throw new OperationError(
        `There is no failed job ${which.id}: it was retried already, or never failed. \`failed list\` shows those that there are.`,
      );
    await record([which.id]);
    log.info({ job: which.id, by }, `the failed job ${which.id} was put back by ${operatorInWords(by)}`);
    return { retried: [which.id] };
  }
  const retried: string[] = [];
  try {
    for (const [index, { id }] of jobs.entries()) {
      try {
        if (await retry(id, context)) retried.push(id);
      } catch (error) {
        // It stays where it is, and does not keep the others there.
        if (!(error instanceof OperationError)) throw error;
        log.warn({ job: id }, error.message);
      }
      progress('failed jobs put back', index + 1, jobs.length);
    }
  } finally {
    await record(retried);
  }
  log.info(
    { jobs: retried.length, by },
    `${retried.length} failed jobs were put back by ${operatorInWords(by)}`,
  );
  return { retried };
}

async function retry(id: string, { backend }: StoreContext): Promise<boolean> {
  try {
    return await backend.retry(id);
  } catch (error) {
    throw error instanceof UselessJobError ? new OperationError(error.message) : error;
  }
}
