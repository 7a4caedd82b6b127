import { type RecordDeps, recordEvents } from '../events/record.ts';
import { asBatch } from '../queue/event-batch.ts';
import { type EventIntake, type JobContext, PutBack } from '../queue/queues.ts';
import { type ReadHints, readHints } from '../read-back/read-hints.ts';
import type { TaskReader } from '../read-back/reader.ts';
import type { EventBatch } from '../vocabulary.ts';

/**
 * One job of the `events` queue. Hints whose tracker cannot be asked now go back into the queue as a job of their
 * own, so that they keep nothing else waiting; they are tried again whatever the reason, and fail for good never.
 */
export async function takeEvents(
  batch: EventBatch,
  job: JobContext,
  deps: Omit<RecordDeps, 'readTasks'> & { intake: EventIntake; reader: TaskReader },
): Promise<void> {
  const { intake, clock } = deps;
  let later: ReadHints['later'];
  await recordEvents(batch, job, {
    ...deps,
    async readTasks(hints) {
      const read = await readHints(hints, { ...deps, signal: job.signal });
      later = read.later;
      return read.events;
    },
  });
  if (later === undefined) return;
  const { tasks, incidents, hints } = batch;
  if (tasks.length === 0 && incidents.length === 0 && later.hints.length === hints.length)
    throw new PutBack(later.why, later.retryAt - clock.now());
  await intake.add(asBatch({ hints: later.hints }));
}
