import type { Clock } from '../clock.ts';
import type { Waker } from '../queue/queues.ts';
import type { TaskRecord, UnreadChange } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { AT_ONCE } from '../trackers/times.ts';
import type { TaskHint } from '../vocabulary.ts';
import { AHEAD } from './standing-state.ts';
import { keepUnlinked } from './unlinked.ts';

/** A hint that names a change, and why its task could not be read. */
export interface UnreadHint {
  hint: TaskHint;
  why: string;
}

/**
 * Stores changes that a payload named while showing a different state, if no tracker could be asked which is true.
 * Anything reported or read later replaces them: `standingChange`.
 */
export async function recordUnreadChanges(
  hints: readonly UnreadHint[],
  { store, clock, waker }: { store: Store; clock: Clock; waker: Pick<Waker, 'wake'> },
): Promise<void> {
  const named = hints.flatMap(({ hint, why }) =>
    hint.changedTo === undefined ? [] : [{ hint, why, changedTo: hint.changedTo }],
  );
  if (named.length === 0) return;
  const currentKeys = await store.currentKeysOf(named.map(({ hint }) => hint.task));
  const currentKeyOf = ({ task }: TaskHint) => currentKeys.get(task) ?? task;
  const newest = new Map<string, UnreadChange>();
  for (const { hint, why, changedTo } of named) {
    const { changedToAt: changedAt = Infinity, receivedAt } = hint;
    const isTime = changedAt <= receivedAt + AHEAD;
    const change = { changedTo, receivedAt, why, ...(isTime && { changedAt }) };
    newest.set(currentKeyOf(hint), newer(newest.get(currentKeyOf(hint)), change));
  }
  await store.unreadChanges.update(newest.keys(), (current, currentKey) => {
    const change = newest.get(currentKey);
    return change === undefined ? current : newer(current, change);
  });
  const incidents = await store.incidentsOf(newest.keys());
  const unlinked = [...newest.keys()].filter((currentKey) => !incidents.get(currentKey)?.size);
  if (unlinked.length > 0) await keepUnlinked(unlinked, { store, clock });
  const linked = [...newest].flatMap(([currentKey, { changedTo }]) =>
    [...(incidents.get(currentKey) ?? [])].map(
      (incident) => [incident, `${currentKey} changed to ${changedTo}`] as const,
    ),
  );
  const reasons = new Map(linked);
  await waker.wake([...reasons.keys()], (incident) => reasons.get(incident) ?? '');
}

function newer(current: UnreadChange | undefined, next: UnreadChange): UnreadChange {
  return current !== undefined && timeOf(current) > timeOf(next) ? current : next;
}

function timeOf({ changedAt, receivedAt }: UnreadChange): number {
  return changedAt ?? receivedAt;
}

/**
 * The change, unless the task's standing state is at least as new or the very state it changed to. Compared by the
 * tracker's clock; a change without a time happened before it arrived, so an earlier closing that arrives late or again
 * does not settle it. The same status name settles it only if open: a closed status may mean done or declined.
 */
export function standingChange(
  change: UnreadChange | undefined,
  record: TaskRecord | undefined,
): UnreadChange | undefined {
  if (change === undefined || record === undefined) return change;
  const changedAt = timeOf(change);
  const toldAt = record.toldAt ?? record.since;
  const isNamed = record.status?.trim().toLowerCase() === change.changedTo.trim().toLowerCase();
  const isTold = isNamed && (record.state === 'open' || toldAt + AT_ONCE >= changedAt);
  return isTold || toldAt >= changedAt ? undefined : change;
}
