import type { TaskRecord } from '../store/records.ts';
import { READ_BACK, type TaskEvent } from '../vocabulary.ts';

/** A tracker's time this far ahead of ours means a wrong clock, not news from the future. */
export const AHEAD = 5 * 60_000;

const closed = (state: TaskRecord['state']) => state === 'done' || state === 'declined';

/**
 * The standing state after an event: the newest by the tracker's revision, otherwise by when the state changed. The
 * result does not depend on the order in which a task's events arrive, nor on how often; if an event has no time of the
 * change, only its first arrival counts.
 *
 * Returns the very record it was given if the event says nothing that is not known.
 */
export function standingAfter(current: TaskRecord | undefined, event: TaskEvent): TaskRecord {
  const next = recordOf(event);
  // Without a time of the change it is a repetition, as from editing a page that is done: the standing state has its own.
  const isRepetition = event.occurredAt === undefined && event.state === current?.state;
  const { undated, ...dated } = isRepetition ? { ...next, since: Math.min(current.since, next.since) } : next;
  // One that was known in another state changed since then: that is a date.
  return standingOf(current, undated && current === undefined ? { ...dated, undated } : dated);
}

/** The state according to this event alone. */
export function recordOf(event: TaskEvent): TaskRecord {
  const isDated = event.occurredAt !== undefined && event.occurredAt <= event.receivedAt + AHEAD;
  const since = isDated && event.occurredAt !== undefined ? event.occurredAt : event.receivedAt;
  return {
    state: event.state,
    by: event.by,
    actor: event.actor,
    machineLabels: event.machineLabels && asSet(event.machineLabels),
    status: event.status,
    since,
    // A time far ahead comes from a wrong clock.
    ...(event.toldAt !== undefined && event.toldAt <= event.receivedAt + AHEAD && { toldAt: event.toldAt }),
    revision: event.revision,
    seenClosed: closed(event.state) || event.reopened === true,
    canonical: event.canonical,
    delivery: event.delivery,
    receivedAt: event.receivedAt,
    ...(!isDated && event.delivery === READ_BACK && closed(event.state) && { undated: true }),
  };
}

/**
 * The newer of two states of one task. Either, also the older one, can show that it was closed once. What is deleted may
 * have been moved: what stood before stays known.
 */
export function standingOf(current: TaskRecord | undefined, next: TaskRecord): TaskRecord {
  if (current === undefined) return next;
  if (current.state !== 'deleted' && next.state !== 'deleted') return newerOf(current, next);
  const before = beforeDeleted(current);
  const after = beforeDeleted(next);
  const alive = before && after ? newerOf(before, after) : (before ?? after);
  const standing = newerOf(current, next);
  if (alive === undefined) return standing;
  if (standing.state !== 'deleted')
    return alive.seenClosed === standing.seenClosed ? alive : { ...alive, seenClosed: standing.seenClosed };
  return standing.beforeDeleted === alive ? standing : { ...standing, beforeDeleted: alive };
}

/** What stood before it was deleted, if it was. */
export function beforeDeleted(record: TaskRecord): TaskRecord | undefined {
  return record.state === 'deleted' ? record.beforeDeleted : record;
}

function newerOf(current: TaskRecord, next: TaskRecord): TaskRecord {
  const seenClosed = current.seenClosed || next.seenClosed;
  const standing = withLatestReport(current, next, isNewer(next, current) ? next : current);
  const canonical = canonicalOfBoth(current, next, standing);
  const machineLabels = labelsOfBoth(current, next, standing);
  const { knownAt, undated } = sameChange(current, next, standing);
  const actor = standing.actor ?? actorOfBoth(current, next);
  return seenClosed === standing.seenClosed &&
    canonical === standing.canonical &&
    knownAt === standing.knownAt &&
    undated === standing.undated &&
    actor === standing.actor &&
    JSON.stringify(machineLabels) === JSON.stringify(standing.machineLabels)
    ? standing
    : {
        ...standing,
        ...{ seenClosed, canonical, machineLabels, actor },
        ...(knownAt && { knownAt }),
        ...(undated && { undated }),
      };
}

/** What two reports of one closing tell together: when it was first known, and whether its date is only that of a reading. */
function sameChange(
  current: TaskRecord,
  next: TaskRecord,
  standing: TaskRecord,
): Pick<TaskRecord, 'knownAt' | 'undated'> {
  const second = (ms: number) => Math.floor(ms / 1000);
  const isOne = current.state === next.state && second(current.since) === second(next.since);
  if (!isOne || !closed(standing.state)) return standing;
  const known = Math.min(current.knownAt ?? current.receivedAt, next.knownAt ?? next.receivedAt);
  const isUndated = current.since === next.since && (current.undated || next.undated);
  return {
    ...(known < standing.receivedAt && { knownAt: known }),
    ...((isUndated || standing.undated) && { undated: true }),
  };
}

/** Who made a change that two reports tell alike, of which one may not name the account. */
function actorOfBoth(current: TaskRecord, next: TaskRecord): TaskRecord['actor'] {
  const isOne = current.state === next.state && current.since === next.since && current.by === next.by;
  return isOne && !current.moved && !next.moved ? (current.actor ?? next.actor) : undefined;
}

function asSet(labels: readonly string[]): string[] {
  return [...new Set(labels)].sort();
}

/** Labels that a machine's closing had in any report of it, at most. */
const MOST_OF_BOTH = 100;

/**
 * Labels of a machine's closing from all reports of the same moment: who reads the task later may not see who closed
 * it, nor a label that is gone by then. Where a person closed it, or more than labels says that it was automation, they
 * do not matter.
 */
function labelsOfBoth(
  current: TaskRecord,
  next: TaskRecord,
  standing: TaskRecord,
): TaskRecord['machineLabels'] {
  const { since, state, by, machineLabels, moved } = standing;
  const isClosing =
    closed(state) && (by === 'unknown' || (by === 'automation' && machineLabels !== undefined));
  if (!isClosing || moved) return machineLabels;
  const labels = [current, next].flatMap(
    (one) => (one.since === since && !one.moved && one.machineLabels) || [],
  );
  return labels.length === 0 ? machineLabels : asSet(labels).slice(0, MOST_OF_BOTH);
}

/**
 * What stands, as old as the last report of that moment; and if that is of the same state, under the tracker's name for
 * it then, as after a move between two done statuses.
 */
function withLatestReport(current: TaskRecord, next: TaskRecord, standing: TaskRecord): TaskRecord {
  if (current.since !== next.since) return standing;
  const toldAt =
    current.toldAt === undefined || next.toldAt === undefined
      ? (current.toldAt ?? next.toldAt)
      : Math.max(current.toldAt, next.toldAt);
  const last = isLater(next, current) ? next : isLater(current, next) ? current : standing;
  const status = (current.state === next.state ? last.status : undefined) ?? standing.status;
  if (toldAt === standing.toldAt && status === standing.status) return standing;
  return { ...standing, ...(toldAt !== undefined && { toldAt }), ...(status !== undefined && { status }) };
}

function isLater(next: TaskRecord, current: TaskRecord): boolean {
  return next.toldAt === undefined || current.toldAt === undefined
    ? next.receivedAt > current.receivedAt
    : next.toldAt > current.toldAt;
}

/** A tracker may report one closing twice, with times that differ by up to this, ms. */
const SAME_CLOSING = 60_000;

/** The original of a duplicate, from any report of the closing: webhooks often lack it, and reads lack the actor. */
function canonicalOfBoth(
  current: TaskRecord,
  next: TaskRecord,
  standing: TaskRecord,
): TaskRecord['canonical'] {
  const isOne =
    current.state === 'declined' &&
    next.state === 'declined' &&
    Math.abs(current.since - next.since) <= SAME_CLOSING;
  if (!isOne) return standing.canonical;
  if (current.canonical === undefined || next.canonical === undefined)
    return current.canonical ?? next.canonical;
  return (next.receivedAt > current.receivedAt ? next : current).canonical;
}

function isNewer(next: TaskRecord, current: TaskRecord): boolean {
  const revisions =
    next.revision !== undefined && current.revision !== undefined ? next.revision - current.revision : 0;
  if (revisions !== 0) return revisions > 0;
  if (next.since !== current.since) return next.since > current.since;
  // The same moment. Whoever moved a task is not who changed its state; and one that is open, and is read at its new place,
  // may be dated by the move.
  if (next.state === current.state && (next.moved ?? false) !== (current.moved ?? false))
    return (next.state === 'open' ? next.moved : current.moved) ?? false;
  // A blocking state wins, except that a closing by a person wins over one by a machine.
  return weight(next) > weight(current);
}

const BY = { person: 2, unknown: 1, automation: 0 };
/** A closing by an unknown actor must not lift one by a machine: reading the task again shows no more than that. */
const CLOSED_BY = { person: 10, automation: 5, unknown: 0 };

/**
 * Order among states of the same moment, never equal for different ones. A duplicate with a known original says more,
 * as does a machine's closing with its labels, unless that is automation whatever they are.
 */
function weight({ state, by, canonical, machineLabels }: TaskRecord): number {
  if (state === 'deleted') return 30 + BY[by];
  if (state === 'open') return 20 + BY[by];
  if (state === 'declined') return CLOSED_BY[by] + 3 + (canonical === undefined ? 0 : 1);
  const says =
    by === 'automation' ? machineLabels === undefined : by === 'unknown' && machineLabels !== undefined;
  return CLOSED_BY[by] + (says ? 1 : 0);
}

/** Identifies a state (what, by whom, and since when), so that a write can be tied to it. */
export function describeTaskState(record: Pick<TaskRecord, 'state' | 'by' | 'since'>): string {
  return `${record.state}/${record.by}/${record.since}`;
}
