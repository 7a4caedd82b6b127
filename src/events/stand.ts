import type { TaskRecord } from '../store/records.ts';
import type { TaskEvent } from '../vocabulary.ts';

/** A time of the tracker's this far ahead of ours is a wrong clock, not news from the future. */
const AHEAD = 5 * 60_000;

const closed = (state: TaskRecord['state']) => state === 'done' || state === 'declined';

/**
 * Which state stands after an event: the newest by the tracker's revision, else by when the state changed.
 * The result does not depend on the order in which the events of a task arrive, nor on how often; where one tells no
 * time of the change, only its first arrival counts.
 *
 * Answers the very record that it was given where the event is no news.
 */
export function stand(current: TaskRecord | undefined, event: TaskEvent): TaskRecord {
  const next = recordOf(event);
  // Without a time of the change it is a repetition, as of any edit of a page that is done: what stands has its own.
  const isRepetition = event.occurredAt === undefined && event.state === current?.state;
  return newest(current, isRepetition ? { ...next, since: Math.min(current.since, next.since) } : next);
}

/** What an event alone tells. */
export function recordOf(event: TaskEvent): TaskRecord {
  const since =
    event.occurredAt === undefined || event.occurredAt > event.receivedAt + AHEAD
      ? event.receivedAt
      : event.occurredAt;
  return {
    state: event.state,
    by: event.by,
    actor: event.actor,
    since,
    revision: event.revision,
    seenClosed: closed(event.state) || event.reopened === true,
    canonical: event.canonical,
    delivery: event.delivery,
    receivedAt: event.receivedAt,
  };
}

/** The newer of two words on one task. Each can tell, also an older one, that it was closed once. */
export function newest(current: TaskRecord | undefined, next: TaskRecord): TaskRecord {
  if (current === undefined) return next;
  const seenClosed = current.seenClosed || next.seenClosed;
  const standing = isNewer(next, current) ? next : current;
  return seenClosed === standing.seenClosed ? standing : { ...standing, seenClosed };
}

function isNewer(next: TaskRecord, current: TaskRecord): boolean {
  const revisions =
    next.revision !== undefined && current.revision !== undefined ? next.revision - current.revision : 0;
  if (revisions !== 0) return revisions > 0;
  if (next.since !== current.since) return next.since > current.since;
  // The same moment. Whoever moved a task is not who changed its state.
  if (next.state === current.state && (next.moved ?? false) !== (current.moved ?? false))
    return current.moved ?? false;
  // What blocks wins, but a person's word on a closing wins over a machine's.
  return weight(next) > weight(current);
}

const BY = { person: 2, unknown: 1, automation: 0 };
/** A closing by nobody knows whom must not lift what a machine's holds: reading the task again tells no more than that. */
const CLOSED_BY = { person: 10, automation: 5, unknown: 0 };

/** Rank among words of the same moment, never equal for different ones. A duplicate whose original became known says more. */
function weight({ state, by, canonical }: TaskRecord): number {
  if (state === 'deleted') return 30 + BY[by];
  if (state === 'open') return 20 + BY[by];
  return CLOSED_BY[by] + (state === 'declined' ? 3 : 0) + (canonical === undefined ? 0 : 1);
}

/** Names a word (a state, by whom, and since when), so that a write can be tied to it. */
export function wordOf(record: Pick<TaskRecord, 'state' | 'by' | 'since'>): string {
  return `${record.state}/${record.by}/${record.since}`;
}
