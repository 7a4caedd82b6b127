import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { wordOf } from '../events/stand.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { ForbiddenError, NotFoundError, RefusedError } from '../incident-io/errors.ts';
import { PutBack } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import { inItsWords } from './closing.ts';
import { lastWrite, type WriteTarget } from './word.ts';
import { type Counted, nameOf } from './words.ts';

export interface WriteDeps {
  store: Store;
  api: IncidentIoReader & IncidentIoWriter;
  clock: Clock;
  log: Logger;
  keyStillWorks(): Promise<boolean>;
}

/**
 * Writes to a follow-up what its task says. The intent is stored before and the answer after, so that after a
 * crash our own write can be told from a person's.
 */
export async function writeFollowUp(
  counted: Counted,
  target: WriteTarget,
  signal: AbortSignal,
  { store, api, clock, log, keyStillWorks }: WriteDeps,
): Promise<void> {
  const { followUp, word: task } = counted;
  if (task === undefined || task.state === 'unknown-duplicate')
    throw new TypeError(`${followUp.id} is to be written without a task's word`);
  const word = wordOf(task);
  const mark = await store.marks.get(followUp.id);
  await store.marks.put(followUp.id, {
    phase: 'intent',
    word,
    target,
    before: followUp.updatedAt,
    beforeOurs: lastWrite(followUp, mark).ours,
  });
  if (signal.aborted) throw new PutBack(`the review of ${followUp.incidentId} was stopped`, 0);
  try {
    const { followUp: written, requestId } = await api.setFollowUpStatus(followUp, target);
    await store.marks.put(followUp.id, { phase: 'applied', word, after: written.updatedAt });
    // The sync finds no change then, and wakes nobody for our own write.
    await store.followUps.update(
      [followUp.id],
      (row) =>
        row && {
          ...row,
          status: written.status,
          updatedAt: written.updatedAt,
          completedAt: written.completedAt,
        },
    );
    log.info(
      {
        incident: followUp.incidentId,
        followUp: followUp.id,
        task: counted.task,
        status: target,
        delivery: task.delivery,
        requestId,
      },
      `${nameOf(counted)} is ${task.state} in its tracker: follow-up set to ${target}`,
    );
  } catch (error) {
    // Deleted meanwhile: the next read shows it.
    if (error instanceof NotFoundError) return;
    if (!(error instanceof RefusedError || error instanceof ForbiddenError)) throw error;
    if (error instanceof ForbiddenError && !(await keyStillWorks())) throw error;
    await store.writeRefusals.put(followUp.id, {
      word,
      followUpUpdatedAt: followUp.updatedAt,
      words: inItsWords(error),
      at: clock.now(),
    });
    log.warn(
      {
        incident: followUp.incidentId,
        followUp: followUp.id,
        task: counted.task,
        requestId: error.requestId,
      },
      `incident.io refuses to set the follow-up ${nameOf(counted)} to ${target}: ${error.message}`,
    );
  }
}
