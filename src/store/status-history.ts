import type { IndexedFollowUp, LastWrite, StatusHistory } from './records.ts';

/**
 * What is known about how a follow-up's status came about. `updated_at` moves with every write of a row (title, owner,
 * priority, incident.io's own sync), so it says nothing about the status: a change of the status is known only if the
 * status before it is. `created_at` and `completed_at` are the if a follow-up was made from a link.
 * https://github.com/incident-io/sdk-ts/blob/main/src/apis/FollowUpsV3Api.ts
 */

/** A follow-up's status as it was at one `updated_at`. Times are ms, by incident.io's clock. */
export interface StatusVersion {
  status: string;
  updatedAt: number;
  completedAt?: number;
}

type KnownRow = StatusVersion & Pick<IndexedFollowUp, 'indexedAt' | 'history'>;

export function isDone(status: string): boolean {
  return status === 'completed' || status === 'not_doing';
}

/** The status that a write of ours set, or was going to set. */
export function targetOf(lastWrite: LastWrite): string {
  if (lastWrite.target !== undefined) return lastWrite.target;
  // An earlier release stored only the task's state.
  if (lastWrite.taskState.startsWith('done/')) return 'completed';
  return lastWrite.taskState.startsWith('declined/') ? 'not_doing' : 'outstanding';
}

/** Lists may show whole seconds, and lag behind writes: for this long (ms) a row of the same second may be older. */
const LAG = 10_000;
const second = (ms: number) => Math.floor(ms / 1000);

/** Whether a list shows the follow-up as it was before our last write was answered. */
export function isStale(seen: StatusVersion, lastWrite: LastWrite | undefined, now: number): boolean {
  if (lastWrite?.phase !== 'applied') return false;
  if (second(seen.updatedAt) < second(lastWrite.after)) return true;
  return (
    seen.status !== targetOf(lastWrite) &&
    seen.updatedAt <= lastWrite.after &&
    now - (lastWrite.at ?? 0) < LAG
  );
}

/** So long (ms) lists of one moment may differ in age; one that shows the same for longer is believed. */
const LISTS_DIFFER = 3_600_000;

/** Whether it was read before with a newer version of another status. `now`: our clock, ms. */
export function isOlder(
  seen: StatusVersion,
  row: (StatusVersion & { history?: StatusHistory | undefined }) | undefined,
  now: number,
): boolean {
  return (
    row !== undefined &&
    row.status !== seen.status &&
    isBefore(seen.updatedAt, row.updatedAt) &&
    now - (row.history?.seenAt ?? now) < LISTS_DIFFER
  );
}

/** Whether one time (ms) is before another, of which either may be told in whole seconds. */
function isBefore(one: number, other: number): boolean {
  const areExact = one % 1000 !== 0 && other % 1000 !== 0;
  return areExact ? one < other : second(one) < second(other);
}

/** The history after one more version was read. `row` is what was known before; `now` is our clock, ms. */
export function nextHistory(
  row: KnownRow | undefined,
  seen: StatusVersion,
  lastWrite: LastWrite | undefined,
  now: number,
): StatusHistory {
  if (row === undefined) return firstHistory(seen, lastWrite, now);
  const history = row.history ?? firstHistory(row, lastWrite, row.indexedAt);
  if (row.status === seen.status) {
    const isUndone = seen.updatedAt !== row.updatedAt && maybeUndone(seen, lastWrite);
    if (!isUndone && !wasUndone(row, seen, lastWrite, history))
      return sameStatus(history, row, seen, lastWrite, now);
    const setBacks = history.setBacks + 1;
    const undone = {
      ...history,
      since: seen.updatedAt,
      seenAt: now,
      setBack: true,
      setBacks,
      ours: undefined,
    };
    // What it was before we set it back ourselves is not what anybody else set back.
    return history.ours === undefined ? undone : { ...undone, was: undefined };
  }

  const ours = ourWrite(row, seen, lastWrite);
  const changed = { seenAt: now, was: row.status, setBacks: history.setBacks, ours };
  if (isDone(seen.status))
    return { ...changed, since: changedAt(row, seen), doneAt: seen.updatedAt, setBack: false };
  if (!isDone(row.status)) return { ...history, ...changed, since: seen.updatedAt };
  return {
    ...changed,
    since: seen.updatedAt,
    // What we set back ourselves is nobody's decision, even if the row is written again.
    doneAt: ours === undefined ? Math.max(history.doneAt ?? 0, row.updatedAt) : undefined,
    setBack: ours === undefined,
    setBacks: history.setBacks + 1,
  };
}

/**
 * The history after a webhook reported a version, which may be older than what was read. Only the fact that it was done
 * counts: the current status is read. Returns the very history it was given if nothing is new.
 */
export function reportedHistory(
  row: KnownRow,
  reported: StatusVersion,
  lastWrite: LastWrite | undefined,
  now: number,
): StatusHistory {
  const history = row.history ?? firstHistory(row, lastWrite, row.indexedAt);
  if (!isDone(reported.status) || reported.updatedAt <= (history.doneAt ?? -Infinity)) return history;
  const undoneByUs =
    lastWrite?.phase === 'applied' && targetOf(lastWrite) === 'outstanding' ? lastWrite.after : -Infinity;
  if (reported.updatedAt <= undoneByUs) return history;
  const next = { ...history, doneAt: reported.updatedAt };
  const wasBefore = row.status === 'outstanding' && reported.updatedAt < row.updatedAt;
  // One that was set back since is so already.
  if (!wasBefore || (history.setBack && history.since > reported.updatedAt)) return next;
  const since = history.since > reported.updatedAt ? history.since : row.updatedAt;
  const setBacks = history.setBacks + 1;
  // After a write of ours that set it back, somebody ticked it off: what it is now is not ours any more.
  return { ...next, since, seenAt: now, was: reported.status, setBack: true, setBacks, ours: undefined };
}

/** An outstanding follow-up that is known, from something else than its row, to have been done before. */
export function knownDoneBefore(history: StatusHistory, { updatedAt }: StatusVersion): StatusHistory {
  if (history.setBack || history.ours !== undefined || history.doneAt !== undefined) return history;
  return { ...history, since: updatedAt, setBack: true, setBacks: history.setBacks + 1 };
}

/** For a follow-up that was never seen before, or of which an earlier release stored no history. */
function firstHistory(seen: StatusVersion, lastWrite: LastWrite | undefined, seenAt: number): StatusHistory {
  const isDoneNow = isDone(seen.status);
  const first: StatusHistory = {
    since: changedAt(undefined, seen),
    seenAt,
    doneAt: isDoneNow ? seen.updatedAt : undefined,
    setBack: false,
    setBacks: 0,
  };
  if (lastWrite === undefined) return first;
  const target = targetOf(lastWrite);
  if (lastWrite.phase === 'intent') {
    if (lastWrite.before === seen.updatedAt) return lastWrite.beforeOurs ? { ...first, ours: '' } : first;
    if (target === seen.status) return { ...first, ours: lastWrite.taskState };
    return maybeUndone(seen, lastWrite) ? { ...first, setBack: true, setBacks: 1 } : first;
  }
  if (target === seen.status && seen.updatedAt >= lastWrite.after)
    return { ...first, ours: lastWrite.taskState };
  if (isDoneNow || !isDone(target)) return first;
  if (seen.updatedAt <= lastWrite.after) return { ...first, doneAt: lastWrite.after };
  return { ...first, was: target, doneAt: lastWrite.after, setBack: true, setBacks: 1 };
}

/**
 * A write of ours was interrupted, and the row was written since: by us and then by somebody who set it back, or for
 * another reason and not by us. That cannot be known, so nobody is fought.
 */
function maybeUndone({ status, updatedAt }: StatusVersion, lastWrite: LastWrite | undefined): boolean {
  return (
    lastWrite?.phase === 'intent' &&
    isDone(targetOf(lastWrite)) &&
    status === 'outstanding' &&
    updatedAt !== lastWrite.before
  );
}

/** A write of ours took effect but never reached the index, as its process failed or died; somebody undid it since. */
function wasUndone(
  row: StatusVersion,
  seen: StatusVersion,
  lastWrite: LastWrite | undefined,
  { setBack, since }: StatusHistory,
): boolean {
  return (
    lastWrite?.phase === 'applied' &&
    isDone(targetOf(lastWrite)) &&
    seen.status === 'outstanding' &&
    // Times may be whole seconds: all of it may have happened within one.
    row.updatedAt <= lastWrite.after &&
    seen.updatedAt >= lastWrite.after &&
    // One that was noticed is no further one.
    !(setBack && since >= lastWrite.after)
  );
}

/** A write of ours set it to outstanding, and was never read: its answer was lost, or its process died. */
function wasReopenedByUs(
  row: StatusVersion,
  seen: StatusVersion,
  lastWrite: LastWrite | undefined,
  isAnew: boolean,
): boolean {
  if (lastWrite === undefined || targetOf(lastWrite) !== 'outstanding') return false;
  if (lastWrite.phase === 'intent') return isAnew && lastWrite.before !== seen.updatedAt;
  return lastWrite.after > row.updatedAt && seen.updatedAt > lastWrite.after;
}

function sameStatus(
  history: StatusHistory,
  row: StatusVersion,
  seen: StatusVersion,
  lastWrite: LastWrite | undefined,
  now: number,
): StatusHistory {
  const { doneAt, setBack } = history;
  if (isDone(seen.status)) {
    const known = { ...history, doneAt: Math.max(doneAt ?? 0, seen.updatedAt) };
    const { completedAt } = seen;
    // A later date of completion: by incident.io's own sync, or set back and completed again in between; not by us.
    // It was not seen being set back, so nothing counts as a new end for it.
    const isAnew = completedAt !== undefined && completedAt > (row.completedAt ?? Infinity);
    // Unless we set it back ourselves, and somebody completed it before we read it again.
    if (wasReopenedByUs(row, seen, lastWrite, isAnew)) {
      const since = completedAt ?? seen.updatedAt;
      const setBacks = history.setBacks + 1;
      return { ...known, since, seenAt: now, was: 'outstanding', setBacks, ours: undefined };
    }
    return isAnew ? { ...known, since: completedAt, seenAt: now, ours: undefined } : known;
  }
  // A webhook reported in between that it was done. Within one whole second it was so before: it is read again now.
  const isCoarse = seen.updatedAt % 1000 === 0;
  const wasDone = doneAt !== undefined && (isCoarse ? doneAt <= seen.updatedAt : doneAt < seen.updatedAt);
  if (wasDone && !(setBack && history.since >= doneAt))
    return {
      ...history,
      since: seen.updatedAt,
      seenAt: now,
      setBack: true,
      setBacks: history.setBacks + 1,
      ours: undefined,
    };
  return history;
}

/** When the status became what it is: the date of completion only if it belongs to this change. */
function changedAt(
  row: StatusVersion | undefined,
  { status, updatedAt, completedAt }: StatusVersion,
): number {
  const isOfThisChange = completedAt !== undefined && completedAt !== row?.completedAt;
  return status === 'completed' && isOfThisChange ? completedAt : updatedAt;
}

/** The task state that we wrote, if the change from `row` to `seen` was our own. */
function ourWrite(
  row: StatusVersion,
  seen: StatusVersion,
  lastWrite: LastWrite | undefined,
): string | undefined {
  if (lastWrite === undefined || targetOf(lastWrite) !== seen.status) return undefined;
  if (lastWrite.phase === 'intent')
    return lastWrite.before === seen.updatedAt ? undefined : lastWrite.taskState;
  const isBetween =
    lastWrite.after === seen.updatedAt ||
    (lastWrite.after > row.updatedAt && lastWrite.after < seen.updatedAt);
  return isBetween ? lastWrite.taskState : undefined;
}
