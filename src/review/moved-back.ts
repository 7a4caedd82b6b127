import { formatTime } from '../format-time.ts';
import { isAnnouncement } from '../incident-io/announcement-marker.ts';
import type { Closure, MovedBack } from '../store/records.ts';
import { isDone } from '../store/status-history.ts';
import type { Incident, IncidentUpdate } from '../vocabulary.ts';
import type { Facts } from './facts.ts';
import { madeAt } from './made-at.ts';
import type { CountedFollowUp } from './sentences.ts';

/**
 * What counts as moved back: an incident that was closed once, by us or by hand, and is open again; and one that we
 * resolved and that is active again. One that a person resolved, moved back to active and resolved again has a new end.
 */

/** A move back (or our resolving) according to history and closures, and the closure of ours that it undid. */
export interface FoundMovedBack extends Pick<MovedBack, 'at' | 'resolvedByUs' | 'closedAt'> {
  closure?: Closure;
}

/**
 * The move back because of which an incident has to be left alone, unless it was lifted. `at` is in ms by incident.io's
 * clock. `resolver` is our key's name, if we resolve: its history shows that even after the store was lost.
 */
export function findMovedBack(
  history: readonly IncidentUpdate[],
  closures: readonly Closure[],
  resolver?: string,
): FoundMovedBack | undefined {
  // Our announcement there changed nothing, and carries whatever status the incident had.
  const updates = history.filter(({ message }) => !isAnnouncement(message));
  const confirmed = closures.filter(({ outcome }) => outcome === 'confirmed');
  const ours = new Map(confirmed.flatMap((closure) => ownUpdate(closure, updates)));
  const isOurs = ({ id, updater }: IncidentUpdate) =>
    ours.has(id) || (updater.kind === 'api_key' && updater.name === resolver);

  let closing: IncidentUpdate | undefined;
  let back: FoundMovedBack | undefined;
  let resolved: FoundMovedBack | undefined;
  for (const [i, update] of updates.entries()) {
    const before = updates[i - 1]?.status.category;
    const after = update.status.category;
    if (before === 'closed' && after !== 'closed')
      back = { at: update.createdAt, resolvedByUs: false, ...closureOf(closing, ours) };
    if (before !== 'closed' && after === 'closed') {
      closing = update;
      resolved = undefined;
    }
    // Whoever resolves it creates a new end: we, or a person, for whom it settles again.
    if (isActive(before) && after === 'learning')
      resolved = isOurs(update)
        ? { at: update.createdAt, resolvedByUs: true, ...closureOf(update, ours) }
        : undefined;
    if (before === 'learning' && isActive(after)) {
      if (resolved !== undefined) resolved = { ...resolved, at: update.createdAt, resolvedByUs: false };
      // Moved back further.
      if (back !== undefined) back = { ...back, at: update.createdAt };
    }
  }
  // It is open although its last update (or a closure of ours) says closed: moved back without an update.
  const last = updates.at(-1);
  if (last?.status.category === 'closed')
    back = { at: last.createdAt, resolvedByUs: false, closedAt: true, ...closureOf(closing, ours) };
  const closedByUs = confirmed.filter(({ to }) => to === 'closed').at(-1);
  if (closedByUs !== undefined && back === undefined)
    back = { at: timeOf(closedByUs), resolvedByUs: false, closedAt: true, closure: closedByUs };
  const resolvedByUs = confirmed.filter(({ to }) => to === 'post-incident').at(-1);
  if (resolvedByUs !== undefined && ![...ours.values()].includes(resolvedByUs) && resolved === undefined)
    resolved = { at: timeOf(resolvedByUs), resolvedByUs: true, closure: resolvedByUs };
  if (back === undefined || resolved === undefined) return back ?? resolved;
  // One that was made active undoes what came last: our resolving, since that ends with a closing.
  return resolved.at >= back.at ? resolved : back;
}

/** When (ms, incident.io's clock) the incident last entered its post-incident flow; `undefined`: not in its history. */
export function resolvedAt(history: readonly IncidentUpdate[]): number | undefined {
  const updates = history.filter(({ message }) => !isAnnouncement(message));
  return updates
    .filter(
      ({ status }, i) => status.category === 'learning' && updates[i - 1]?.status.category !== 'learning',
    )
    .at(-1)?.createdAt;
}

/** With what counted as done then: as stored when it was first seen, or else as it is now. */
export function asSeen(
  found: FoundMovedBack,
  incident: Pick<Incident, 'updatedAt'>,
  facts: Pick<Facts, 'followUps' | 'movedBack'>,
): MovedBack {
  const { closure, ...back } = found;
  const known = facts.movedBack;
  const same = known?.at === back.at && known.resolvedByUs === back.resolvedByUs ? known : undefined;
  return {
    ...back,
    incidentUpdatedAt: incident.updatedAt,
    done: same?.done ?? doneThen(found, facts.followUps),
    ...(same?.liftedAt !== undefined && { liftedAt: same.liftedAt }),
  };
}

/**
 * Whether it has a new end: a release, or a follow-up that is done and was not there, or not done, then. By ids and
 * statuses, never by a row's times: they move with its title, and can be far in the past if it was made from a link.
 */
export function wasLifted(
  { at, done, liftedAt }: MovedBack,
  { followUps, closures, releasedAt = -Infinity }: Pick<Facts, 'followUps' | 'closures' | 'releasedAt'>,
): boolean {
  if (liftedAt !== undefined || releasedAt > at) return true;
  const then = new Map(done?.map((row) => [row.followUp, row]));
  return followUps.some((counted) => {
    if (counted.effective.countsAs !== 'done' || wasMadeByUs(counted, closures)) return false;
    const before = then.get(counted.followUp.id);
    if (before === undefined || counted.history.setBacks > before.setBacks) return true;
    // Where nothing is written, by the task alone. A guess is dated a millisecond before what it guesses about.
    const since = closedSince(counted);
    return since !== undefined && before.since !== undefined && since > before.since + 1;
  });
}

/**
 * Whether we made the follow-up, about a task that was opened again: that is no reason of anybody's. While it is unknown
 * whether ours was made, one that came since and names the same task may be it.
 */
function wasMadeByUs({ followUp, task }: CountedFollowUp, closures: readonly Closure[]): boolean {
  return closures.some(({ reopened = [] }) =>
    reopened.some((one) =>
      one.made === undefined
        ? one.making === true && one.task === task && !one.knew.includes(followUp.id)
        : one.made === followUp.id,
    ),
  );
}

/** `it was moved back at 2026-11-24 08:15:00 UTC` */
export function describeMovedBack({ at, resolvedByUs, closedAt }: FoundMovedBack): string {
  if (resolvedByUs) return `incident-closer resolved it at ${formatTime(at)}`;
  return closedAt
    ? `it was closed at ${formatTime(at)} and is open again`
    : `it was moved back at ${formatTime(at)}`;
}

/** What counted as done when it was moved back, as far as that is known when it is first seen moved back. */
function doneThen(found: FoundMovedBack, followUps: readonly CountedFollowUp[]): MovedBack['done'] {
  const { closure } = found;
  const evidence = new Map(closure?.evidence.map((row) => [row.followUp, row]));
  return followUps.flatMap((counted) => {
    if (counted.effective.countsAs !== 'done') return [];
    const { id } = counted.followUp;
    const row = evidence.get(id);
    if (row !== undefined) {
      // What its task became before our edit may be told later: closed all the same, it is no news.
      const since = Math.max(row.since ?? -Infinity, closure?.at ?? -Infinity);
      return [
        {
          followUp: id,
          setBacks: row.setBacks ?? 0,
          ...(row.since && !isDone(row.status) && { since }),
        },
      ];
    }
    const isNew =
      found.closure === undefined ? becameDoneAfter(found.at, counted) : !wasDoneBefore(found, counted);
    if (isNew) return [];
    // What its task became before it was moved back may be told later still.
    const since = unwrittenSince(counted);
    const known = since === undefined ? {} : { since: Math.max(since, found.at) };
    return [{ followUp: id, setBacks: counted.history.setBacks, ...known }];
  });
}

/**
 * Whether it is known to have become done after `at`: created or completed since (such times may be too early, never
 * too late), by our own write, or because of its task alone.
 */
function becameDoneAfter(at: number, counted: CountedFollowUp): boolean {
  const { followUp, history } = counted;
  if (madeAt(followUp) > at) return true;
  const unwritten = unwrittenSince(counted);
  if (unwritten !== undefined) return unwritten > at;
  if (followUp.status === 'completed' && (followUp.completedAt ?? -Infinity) > at) return true;
  return history.ours !== undefined && history.since > at;
}

/** Whether a follow-up that is not in our closure's evidence is known to have been done before it was moved back. */
function wasDoneBefore({ at, closure }: FoundMovedBack, counted: CountedFollowUp): boolean {
  if (becameDoneAfter(at, counted)) return false;
  const { followUp, history, taskState } = counted;
  if (unwrittenSince(counted) !== undefined)
    return taskState !== undefined && 'receivedAt' in taskState && taskState.receivedAt <= at;
  if (history.seenAt <= at) return true;
  // Times before the closing belong to an issue: the follow-up did not exist then.
  return closure !== undefined && followUp.createdAt > closure.at && (followUp.completedAt ?? Infinity) <= at;
}

/** Since when (ms) its task is done if the follow-up does not say so: nothing is written here. */
function unwrittenSince({ followUp, taskState }: CountedFollowUp): number | undefined {
  return followUp.status === 'outstanding' ? taskState?.since : undefined;
}

/** Since when (ms) its task is done or declined, whatever the follow-up says. */
function closedSince({ taskState }: CountedFollowUp): number | undefined {
  return taskState?.state === 'done' || taskState?.state === 'declined' ? taskState.since : undefined;
}

function isActive(category: string | undefined): boolean {
  return category === 'live' || category === 'triage';
}

/** A closure of ours, and the update it made. */
export function ownUpdate(closure: Closure, updates: readonly IncidentUpdate[]): [string, Closure][] {
  const known = updates.findIndex(({ id }) => id === closure.lastUpdate);
  const own = updates.slice(known + 1).find(({ status }) => status.id === closure.statusId);
  return own === undefined ? [] : [[own.id, closure]];
}

function closureOf(update: IncidentUpdate | undefined, ours: ReadonlyMap<string, Closure>) {
  const closure = update && ours.get(update.id);
  return closure === undefined ? {} : { closure };
}

function timeOf({ confirmedAt, at }: Closure): number {
  return confirmedAt ?? at;
}
