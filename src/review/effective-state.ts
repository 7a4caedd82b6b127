import { describeTaskState } from '../events/standing-state.ts';
import {
  automationCountsOf,
  closingsCountOf,
  inactivityLabelOf,
  mayStayOpen,
  type Rule,
} from '../policy/rule.ts';
import type { LastWrite, StatusHistory, TaskRecord, UnreadChange, WriteRefusal } from '../store/records.ts';
import { isDone, isOlder, isStale, type StatusVersion } from '../store/status-history.ts';
import type { FollowUp, FollowUpStatus } from '../vocabulary.ts';
import { refusalRetryAt, rowVersionOf } from './refusals.ts';

/**
 * What a follow-up counts as, done or blocking, and what has to be written to it. The newer of two changes wins: the
 * one of the task's state, and the one of the follow-up's status by anybody but us. So neither a person who ticks a
 * follow-up off or sets it back nor incident.io's own sync is fought. An outstanding follow-up that was never known
 * done was set by nobody: its task counts.
 */

/** The standing state of a follow-up's task, if known. */
export type CountedTask =
  | (Pick<
      TaskRecord,
      | 'state'
      | 'by'
      | 'actor'
      | 'machineLabels'
      | 'since'
      | 'moved'
      | 'seenClosed'
      | 'receivedAt'
      | 'knownAt'
      | 'delivery'
      | 'undated'
    > & {
      /** It is the state of the task that the follow-up's own task is a duplicate of. */
      isDuplicate?: true;
    })
  /** A duplicate since `since` (ms) whose original is not known to be done or open. */
  | { state: 'unknown-duplicate'; since: number; receivedAt: number; delivery: string };

type KnownTask = Exclude<CountedTask, { state: 'unknown-duplicate' }>;

export type WriteTarget = Exclude<FollowUpStatus, 'deleted'>;

export type WhyBlocked =
  | 'outstanding'
  | 'set-back'
  | 'reopened'
  | 'closed-by-automation'
  | 'task-deleted'
  | 'task-declined'
  | 'duplicate-of-unknown'
  | 'duplicate-of-open'
  | 'malformed-reference'
  | 'unknown-status'
  | 'not-doing'
  | 'tracker-disagrees'
  | 'not-shown-yet'
  | 'changed-unread'
  | 'write-refused';

export type EffectiveState =
  /** The follow-up no longer exists. */
  | { countsAs: 'deleted' }
  | { countsAs: 'done'; write?: WriteTarget }
  /** Not done, and the rule allows it to stay open. */
  | { countsAs: 'exempt'; write?: WriteTarget }
  | {
      countsAs: 'blocks';
      why: WhyBlocked;
      write?: WriteTarget;
      /** When (ms) the refused write is retried. */
      retryAt?: number;
      /** The label that shows that automation closed the task, if nothing else does. */
      label?: string;
    };

export interface KnownHistory {
  task?: CountedTask;
  /** A change of the task that its tracker named but whose result could not be read. */
  unreadChange?: UnreadChange | undefined;
  /** How its status came about. */
  history: StatusHistory;
  /** It as the index has it. */
  row?: (StatusVersion & { history?: StatusHistory | undefined }) | undefined;
  lastWrite?: LastWrite;
  refusal?: WriteRefusal;
  /** When a person last released the incident, ms: whatever held it until then no longer does. */
  releasedAt?: number;
  /** What refusals may depend on, if known: the incident's `updated_at` (ms) and the roles of the key. */
  incidentUpdatedAt?: number;
  roles?: readonly string[];
  now: number;
}

export function effectiveState(followUp: FollowUp, known: KnownHistory, rule: Rule): EffectiveState {
  const counted = withoutExemption(followUp, known, rule);
  return counted.countsAs === 'blocks' && mayStayOpen(followUp, rule)
    ? { countsAs: 'exempt', write: counted.write }
    : counted;
}

function withoutExemption(followUp: FollowUp, known: KnownHistory, rule: Rule): EffectiveState {
  const { task } = known;
  const status = followUp.status;
  if (status === 'deleted') return { countsAs: 'deleted' };
  // A status from a later version of the API: its meaning is unknown, so it is not done.
  if (!isDone(status) && status !== 'outstanding') return { countsAs: 'blocks', why: 'unknown-status' };

  if (followUp.malformedReference !== undefined) return { countsAs: 'blocks', why: 'malformed-reference' };

  // The list lags behind our own PUT, or behind what was read before: what it shows is nobody's decision any more, and
  // nothing is written against it.
  if (isStale(followUp, known.lastWrite, known.now) || isOlder(followUp, known.row, known.now))
    return { countsAs: 'blocks', why: 'not-shown-yet' };

  if (isInDoubt(followUp, known)) return { countsAs: 'blocks', why: 'changed-unread' };

  const own = statusOfFollowUp(followUp, task, rule);
  if (task === undefined) return own;
  if (task.state === 'unknown-duplicate')
    return isDone(status) && followUpIsNewer(followUp, task, known)
      ? own
      : { countsAs: 'blocks', why: 'duplicate-of-unknown' };

  const taskClosed = isClosed(task);
  // The same closing may be told once more after the release, as by a reading.
  const released = known.releasedAt !== undefined && known.releasedAt >= (task.knownAt ?? task.receivedAt);
  const automation = taskClosed && !released ? closedByAutomation(task, rule) : undefined;
  if (automation !== undefined) return { countsAs: 'blocks', why: 'closed-by-automation', ...automation };

  // Whichever is newer: incident.io's own copy of it comes later, and may say completed.
  if (task.state === 'declined' && !(released && rule.notDoingCounts) && !declinedTaskCounts(rule))
    return { countsAs: 'blocks', why: 'task-declined' };

  const reopened = task.state === 'open' && task.seenClosed;
  const notClosed: EffectiveState = {
    countsAs: 'blocks',
    why: task.isDuplicate ? 'duplicate-of-open' : 'reopened',
  };
  if (followUpIsNewer(followUp, task, known)) {
    // The copy of an earlier completion can arrive late, so a task known to be open again blocks anyway. Whoever sets the
    // follow-up after its task was closed as a duplicate takes responsibility for it.
    if (reopened && !(task.isDuplicate && isDone(status))) return notClosed;
    return taskClosed && status === 'outstanding' ? { countsAs: 'blocks', why: 'set-back' } : own;
  }

  // From here on the task's state is the newer one.
  if (taskClosed) {
    if (status !== 'outstanding') return own;
    return write({ countsAs: 'done' }, task.state === 'done' ? 'completed' : 'not_doing', followUp, known);
  }
  if (reopened) {
    // Whoever ticked it off may have done so after it was reopened and before it moved.
    return isDone(status) && !task.moved ? write(notClosed, 'outstanding', followUp, known) : notClosed;
  }
  if (task.state === 'deleted' && status === 'outstanding')
    return { countsAs: 'blocks', why: 'task-deleted' };
  return own;
}

/**
 * Whether the task changed to something that could not be read. Whoever ticks the follow-up off later takes
 * responsibility if nothing was ever reported about the task; otherwise it may be the late copy of an earlier completion.
 */
function isInDoubt(followUp: FollowUp, known: KnownHistory): boolean {
  const { task, unreadChange, releasedAt } = known;
  if (unreadChange === undefined || (releasedAt ?? 0) >= unreadChange.receivedAt) return false;
  if (task !== undefined || !isDone(followUp.status)) return true;
  const since = unreadChange.changedAt ?? unreadChange.receivedAt;
  const change = { state: 'unknown-duplicate' as const, since, receivedAt: since, delivery: '' };
  return !followUpIsNewer(followUp, change, known);
}

function isClosed({ state }: CountedTask): boolean {
  return state === 'done' || state === 'declined';
}

/** Whether a machine closed the task, with the label that shows it, or an account whose closings do not count. */
function closedByAutomation(task: KnownTask, rule: Rule): { label?: string } | undefined {
  const { by, actor, machineLabels } = task;
  if (!closingsCountOf(actor, rule)) return {};
  if (by === 'person' || automationCountsOf(actor, rule)) return undefined;
  // More than labels decided, or an earlier release did.
  if (machineLabels === undefined) return by === 'automation' ? {} : undefined;
  const label = inactivityLabelOf(machineLabels, rule);
  return label === undefined ? undefined : { label };
}

/** A declined task would make its follow-up “not doing”, which has to count as well. */
function declinedTaskCounts({ declinedCounts, notDoingCounts }: Rule): boolean {
  return declinedCounts && notDoingCounts;
}

function statusOfFollowUp(followUp: FollowUp, task: CountedTask | undefined, rule: Rule): EffectiveState {
  if (!isDone(followUp.status)) return { countsAs: 'blocks', why: 'outstanding' };
  if (followUp.status === 'not_doing' && !rule.notDoingCounts)
    return { countsAs: 'blocks', why: 'not-doing' };
  const agrees = followUp.reference === undefined || (task !== undefined && isClosed(task));
  if (rule.trackerMustAgree && !agrees) return { countsAs: 'blocks', why: 'tracker-disagrees' };
  return { countsAs: 'done' };
}

function write(
  effective: EffectiveState,
  target: WriteTarget,
  followUp: FollowUp,
  known: KnownHistory,
): EffectiveState {
  if (effective.countsAs === 'deleted') return effective;
  const again = refusedUntil(followUp, known);
  return again === undefined
    ? { ...effective, write: target }
    : { countsAs: 'blocks', why: 'write-refused', retryAt: again };
}

/** When (ms) a refused write is retried; `undefined`: now. */
function refusedUntil(followUp: FollowUp, known: KnownHistory): number | undefined {
  const { task, refusal, releasedAt = -Infinity, incidentUpdatedAt, roles, now } = known;
  if (refusal === undefined || task === undefined || task.state === 'unknown-duplicate') return undefined;
  if (refusal.taskState !== describeTaskState(task) || releasedAt >= refusal.at) return undefined;
  const then = {
    ...refusal,
    followUps: [rowVersionOf({ id: followUp.id, updatedAt: refusal.followUpUpdatedAt })],
  };
  const again = refusalRetryAt(refusal.at, then, {
    incidentUpdatedAt,
    roles,
    followUps: [rowVersionOf(followUp)],
  });
  return again > now ? again : undefined;
}

/** Whether the follow-up's status counts: it is newer, or the task's state has been written already. */
function followUpIsNewer(
  { status }: FollowUp,
  task: CountedTask,
  { history, lastWrite, releasedAt }: KnownHistory,
) {
  const state = task.state === 'unknown-duplicate' ? undefined : describeTaskState(task);
  if (history.ours !== undefined) return history.ours === state;
  if (!isDone(status)) {
    // Nobody set it: a row that was written to is no decision, whoever wrote it.
    if (!history.setBack) return false;
    if (releasedAt !== undefined && releasedAt >= history.seenAt) return false;
  }
  // What we wrote for this very state was undone: that can only be later, whatever the times say.
  if (lastWrite?.phase === 'applied' && lastWrite.taskState === state) return true;
  // Most trackers report whole seconds: within one second the order is unknown.
  const since = task.since % 1000 === 0 ? history.since - (history.since % 1000) : history.since;
  return since > task.since;
}
