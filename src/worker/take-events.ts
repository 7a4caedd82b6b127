import { type RecordDeps, recordEvents } from '../events/record.ts';
import { asBatch } from '../queue/event-batch.ts';
import { type EventIntake, type JobContext, PutBack } from '../queue/queues.ts';
import { type ReadHints, readHints } from '../read-back/read-hints.ts';
import type { TaskReader } from '../read-back/reader.ts';
import type { EventBatch } from '../vocabulary.ts';
import { TrackerConcurrency } from './tracker-concurrency.ts';

/**
 * One job of the `events` queue. Hints whose tracker cannot be asked now go back into the queue as a separate job, so
 * that nothing else waits for them; they are retried whatever the reason, and never fail permanently.
 */
export async function takeEvents(
  batch: EventBatch,
  job: JobContext,
  deps: Omit<RecordDeps, 'readTasks'> & {
    intake: EventIntake;
    reader: TaskReader;
    concurrency?: TrackerConcurrency;
  },
): Promise<void> {
  const { intake, clock, concurrency = new TrackerConcurrency() } = deps;
  let later: ReadHints['later'];
  await recordEvents(batch, job, {
    ...deps,
    async readTasks(hints) {
      const acquired = concurrency.acquire(hints, clock.now());
      try {
        const read = await readHints(acquired.free, { ...deps, signal: job.signal });
        later = bothLater(acquired.later, read.later);
        return read.events;
      } finally {
        acquired.release();
      }
    },
  });
  if (later === undefined) return;
  const { tasks, incidents, hints } = batch;
  if (tasks.length === 0 && incidents.length === 0 && later.hints.length === hints.length)
    throw new PutBack(later.why, later.retryAt - clock.now());
  await intake.add(asBatch({ hints: later.hints }), { behind: job.behind === true });
}

function bothLater(one: ReadHints['later'], other: ReadHints['later']): ReadHints['later'] {
  if (one === undefined || other === undefined) return one ?? other;
  const retryAt = Math.min(one.retryAt, other.retryAt);
  return { hints: [...one.hints, ...other.hints], retryAt, why: `${one.why}; ${other.why}` };
}
