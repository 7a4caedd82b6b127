import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { describeTaskState } from '../events/standing-state.ts';
import type { IncidentIoReader, IncidentIoWriter } from '../incident-io/api.ts';
import { ForbiddenError, inApiWords, NotFoundError, RefusedError } from '../incident-io/errors.ts';
import { PutBack } from '../queue/queues.ts';
import { addToStory } from '../store/history/stories.ts';
import type { StoryEntry } from '../store/history/story.ts';
import type { LastWrite } from '../store/records.ts';
import { nextHistory } from '../store/status-history.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import type { WriteTarget } from './effective-state.ts';
import { type CountedFollowUp, followUpName } from './sentences.ts';

export interface WriteDeps {
  store: Store;
  api: IncidentIoReader & IncidentIoWriter;
  clock: Clock;
  log: Logger;
  key: { roles: readonly string[] };
  keyStillWorks(): Promise<boolean>;
}

/**
 * Writes the task's state to a follow-up. The intent is stored before and the answer after, so that after a crash our
 * own write can be distinguished from a person's.
 */
export async function writeFollowUp(
  counted: CountedFollowUp,
  target: WriteTarget,
  signal: AbortSignal,
  deps: WriteDeps,
): Promise<void> {
  const { store, api, clock, log, key, keyStillWorks } = deps;
  const { followUp, taskState: task } = counted;
  if (task === undefined || task.state === 'unknown-duplicate')
    throw new TypeError(`${followUp.id} is to be written without a task's state`);
  const writtenState = describeTaskState(task);
  const lastWrite = await store.lastWrites.get(followUp.id);
  await store.lastWrites.put(followUp.id, {
    phase: 'intent',
    taskState: writtenState,
    target,
    before: followUp.updatedAt,
    beforeOurs: counted.history?.ours !== undefined,
  });
  const tell = (over: { requestId: string | undefined; refused?: string }) => {
    const name = followUpName(counted);
    const { id, incidentId } = followUp;
    const at = clock.now();
    const entry: StoryEntry = {
      kind: 'write',
      at,
      followUp: id,
      name,
      to: target,
      state: task.state,
      ...over,
    };
    return addToStory(incidentId, entry, deps);
  };
  const hidden = isPrivate((await store.incidents.get(followUp.incidentId))?.about?.visibility);
  if (signal.aborted) throw new PutBack(`the review of ${followUp.incidentId} was stopped`, 0);
  try {
    const { followUp: written, requestId } = await api.setFollowUpStatus(followUp, target);
    const { updatedAt: after } = written;
    const applied: LastWrite = { phase: 'applied', taskState: writtenState, target, after, at: clock.now() };
    await store.lastWrites.put(followUp.id, applied);
    // So that the sync finds no change, and wakes no review for our own write.
    await store.followUps.update(
      [followUp.id],
      (row) =>
        row && {
          ...row,
          status: written.status,
          updatedAt: written.updatedAt,
          completedAt: written.completedAt,
          history: nextHistory(row, written, applied, clock.now()),
        },
    );
    if (counted.refusal !== undefined) await store.writeRefusals.remove(followUp.id);
    await tell({ requestId });
    log.info(
      {
        incident: followUp.incidentId,
        followUp: followUp.id,
        ...(!hidden && { task: counted.task, delivery: task.delivery }),
        status: target,
        requestId,
      },
      `${hidden ? `the task of ${followUp.id}` : followUpName(counted)} is ${task.state} in its tracker: follow-up set to ${target}`,
    );
  } catch (error) {
    // A refused write took no effect: whoever sets the status next is not us.
    if (error instanceof NotFoundError || error instanceof RefusedError || error instanceof ForbiddenError)
      await (lastWrite === undefined
        ? store.lastWrites.remove(followUp.id)
        : store.lastWrites.put(followUp.id, lastWrite));
    // Deleted meanwhile: the next read shows it.
    if (error instanceof NotFoundError) return;
    if (!(error instanceof RefusedError || error instanceof ForbiddenError)) throw error;
    if (error instanceof ForbiddenError && !(await keyStillWorks())) throw error;
    const at = clock.now();
    // If it cannot be read now, a later change cannot be recognized.
    const incident = await api.incident(followUp.incidentId).catch(() => undefined);
    await store.writeRefusals.update([followUp.id], (before) => ({
      taskState: writtenState,
      followUpUpdatedAt: followUp.updatedAt,
      incidentUpdatedAt: incident?.updatedAt,
      roles: [...key.roles],
      words: inApiWords(error),
      at,
      since: before?.taskState === writtenState ? (before.since ?? before.at) : at,
    }));
    await tell({ requestId: error.requestId, refused: error.words ?? error.message });
    log.warn(
      {
        incident: followUp.incidentId,
        followUp: followUp.id,
        ...(!hidden && { task: counted.task }),
        requestId: error.requestId,
      },
      `incident.io refuses to set the follow-up ${hidden ? followUp.id : followUpName(counted)} to ${target}${hidden ? '' : `: ${error.message}`}`,
    );
  }
}
