import { wordOf } from '../events/stand.ts';
import { closingsCountOf, mayStayOpen, type Rule } from '../policy/rule.ts';
import type { TaskRecord, WriteMark, WriteRefusal } from '../store/records.ts';
import type { FollowUp, FollowUpStatus } from '../vocabulary.ts';

/**
 * What a follow-up counts as: done, or blocking, and what is to be written to it. The newer of two words
 * counts, the task's (its state, and when that changed) and the follow-up's (its status, and when somebody
 * other than us last changed it), so that nobody is fought: neither a person who ticks a follow-up off or sets
 * it back, nor incident.io's own sync.
 */

/** What stands for a follow-up's task, as far as it is known. */
export type TaskWord =
  | Pick<TaskRecord, 'state' | 'by' | 'actor' | 'since' | 'moved' | 'seenClosed' | 'receivedAt' | 'delivery'>
  /** A duplicate whose canonical task has told nothing yet. */
  | { state: 'unknown-duplicate'; canonical: string; since: number };

export type WriteTarget = Exclude<FollowUpStatus, 'deleted'>;

export type WhyBlocked =
  | 'outstanding'
  | 'set-back'
  | 'reopened'
  | 'closed-by-automation'
  | 'task-deleted'
  | 'task-declined'
  | 'duplicate-of-unknown'
  | 'unknown-status'
  | 'not-doing'
  | 'tracker-disagrees'
  | 'write-refused';

export type Effective =
  /** The follow-up does not exist any more. */
  | { counts: 'gone' }
  | { counts: 'done'; write?: WriteTarget }
  /** Not done, and the rule lets it stay open. */
  | { counts: 'exempt'; write?: WriteTarget }
  | { counts: 'blocks'; why: WhyBlocked; write?: WriteTarget };

/** A refused write is tried again after this, ms. */
const REFUSAL_HOLDS = 24 * 3_600_000;

export interface Known {
  task?: TaskWord;
  mark?: WriteMark;
  refusal?: WriteRefusal;
  /** When a person released the incident last, ms: what a machine had closed by then counts. */
  releasedAt?: number;
  now: number;
}

export function effective(followUp: FollowUp, known: Known, rule: Rule): Effective {
  const counted = withoutExemption(followUp, known, rule);
  return counted.counts === 'blocks' && mayStayOpen(followUp, rule)
    ? { counts: 'exempt', write: counted.write }
    : counted;
}

function withoutExemption(followUp: FollowUp, known: Known, rule: Rule): Effective {
  const { task } = known;
  const status = followUp.status;
  if (status === 'deleted') return { counts: 'gone' };
  // A status of a later version of the API: nobody knows what it means, so it is not done.
  if (!isDone(status) && status !== 'outstanding') return { counts: 'blocks', why: 'unknown-status' };

  const own = ownWord(followUp, task, rule);
  if (task === undefined) return own;
  if (task.state === 'unknown-duplicate') return { counts: 'blocks', why: 'duplicate-of-unknown' };

  const taskClosed = isClosed(task);
  const released = known.releasedAt !== undefined && known.releasedAt >= task.receivedAt;
  if (taskClosed && !released && isClosingOfNobody(task, rule))
    return { counts: 'blocks', why: 'closed-by-automation' };

  const reopened = task.state === 'open' && task.seenClosed;
  if (followUpIsNewer(followUp, task, known.mark)) {
    // The copy of an earlier completion can come late, so a task known open again blocks all the same.
    if (reopened) return { counts: 'blocks', why: 'reopened' };
    return taskClosed && status === 'outstanding' ? { counts: 'blocks', why: 'set-back' } : own;
  }

  // From here on the task's word is the newer one.
  if (task.state === 'declined' && !rule.declinedCounts) return { counts: 'blocks', why: 'task-declined' };
  if (taskClosed) {
    if (status !== 'outstanding') return own;
    // It would become “not doing”, which does not count either.
    if (task.state === 'declined' && !rule.notDoingCounts) return { counts: 'blocks', why: 'not-doing' };
    return write({ counts: 'done' }, task.state === 'done' ? 'completed' : 'not_doing', followUp, known);
  }
  if (reopened) {
    const blocked: Effective = { counts: 'blocks', why: 'reopened' };
    // Whoever ticked it off may have done so after it was opened again, and before it moved.
    return isDone(status) && !task.moved ? write(blocked, 'outstanding', followUp, known) : blocked;
  }
  if (task.state === 'deleted' && status === 'outstanding') return { counts: 'blocks', why: 'task-deleted' };
  return own;
}

export function isDone(status: string): boolean {
  return status === 'completed' || status === 'not_doing';
}

function isClosed({ state }: TaskWord): boolean {
  return state === 'done' || state === 'declined';
}

/** Whether a machine closed the task, or an account whose closings do not count. */
function isClosingOfNobody(task: Exclude<TaskWord, { state: 'unknown-duplicate' }>, rule: Rule): boolean {
  return (task.by === 'automation' && !rule.automationCounts) || !closingsCountOf(task.actor, rule);
}

function ownWord(followUp: FollowUp, task: TaskWord | undefined, rule: Rule): Effective {
  if (!isDone(followUp.status)) return { counts: 'blocks', why: 'outstanding' };
  if (followUp.status === 'not_doing' && !rule.notDoingCounts) return { counts: 'blocks', why: 'not-doing' };
  const agrees = followUp.reference === undefined || (task !== undefined && isClosed(task));
  if (rule.trackerMustAgree && !agrees) return { counts: 'blocks', why: 'tracker-disagrees' };
  return { counts: 'done' };
}

function write(counts: Effective, target: WriteTarget, followUp: FollowUp, known: Known): Effective {
  if (counts.counts === 'gone') return counts;
  return refusalHolds(followUp, known)
    ? { counts: 'blocks', why: 'write-refused' }
    : { ...counts, write: target };
}

function refusalHolds(followUp: FollowUp, { task, refusal, now }: Known): boolean {
  return (
    refusal !== undefined &&
    task !== undefined &&
    task.state !== 'unknown-duplicate' &&
    refusal.word === wordOf(task) &&
    refusal.followUpUpdatedAt === followUp.updatedAt &&
    now - refusal.at < REFUSAL_HOLDS
  );
}

/** Whether the follow-up's word counts because it is the newer one, or because the task's was written already. */
function followUpIsNewer(
  followUp: FollowUp,
  task: Exclude<TaskWord, { state: 'unknown-duplicate' }>,
  mark: WriteMark | undefined,
): boolean {
  const last = lastWrite(followUp, mark);
  if (last.ours && last.word === wordOf(task)) return true;
  if (last.ours) return false;
  return followUpSince(followUp, task.since) > task.since;
}

/**
 * Whether the follow-up's last change was our own write, and if so of which word; known by the `updated_at`
 * that the PUT answered, or, after a crash between intent and answer, by what is there now.
 */
export function lastWrite(
  followUp: Pick<FollowUp, 'updatedAt' | 'status'>,
  mark: WriteMark | undefined,
): { ours: boolean; word?: string } {
  if (mark === undefined) return { ours: false };
  if (mark.phase === 'applied') return { ours: mark.after === followUp.updatedAt, word: mark.word };
  // Unchanged since the intent: not written. What stood before stands still.
  if (mark.before === followUp.updatedAt) return { ours: mark.beforeOurs };
  return { ours: mark.target === followUp.status, word: mark.word };
}

/** When somebody other than us last changed the follow-up; 0 where nobody did since it was created. */
function followUpSince(followUp: FollowUp, taskSince: number): number {
  const changed =
    isDone(followUp.status) && followUp.completedAt !== undefined
      ? followUp.completedAt
      : followUp.updatedAt === followUp.createdAt
        ? 0
        : followUp.updatedAt;
  // Most trackers tell whole seconds: within the same second nobody knows who was later.
  return taskSince % 1000 === 0 ? changed - (changed % 1000) : changed;
}
