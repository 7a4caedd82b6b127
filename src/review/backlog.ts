import { isAnnouncement } from '../incident-io/announcement-marker.ts';
import { timeOfId } from '../incident-io/ulid.ts';
import { NOTHING_OBSERVED, PRIVATE_INCIDENTS, sourceOf } from '../store/sources.ts';
import type { BacklogEntry, ObservedSince } from '../store/start-records.ts';
import { isDone } from '../store/status-history.ts';
import { type IncidentUpdate, READ_BACK } from '../vocabulary.ts';
import { madeAt } from './made-at.ts';
import type { CountedFollowUp } from './sentences.ts';

/**
 * The careful start. An incident whose follow-ups were all done before we could see that is backlog: nothing is closed
 * or written because the service was started, or because a tracker, a token or a role was added to it. Whatever changes
 * after that takes the incident off the backlog, dated by who made the change, so that an old closing that is read or
 * delivered again does not.
 */

/** What the backlog is judged by. */
export interface BacklogFacts {
  followUps: readonly Pick<
    CountedFollowUp,
    'followUp' | 'effective' | 'task' | 'taskState' | 'history' | 'row'
  >[];
  observedSince?: ObservedSince | undefined;
  entry?: BacklogEntry | undefined;
  /** When a person released the incident last, ms. */
  releasedAt?: number | undefined;
  isPrivate?: boolean;
}

/** What made the incident ready is older than this. */
export interface BacklogSince {
  /** ms, our clock. */
  at: number;
  /** What was added then; absent: the first start. */
  source?: string;
}

/**
 * Since when an incident is backlog, unless its own status changed later; `undefined`: it is none, or something blocks.
 * `sources`: those whose beginning counts for everything, as the right to write counts for writes.
 */
export function backlogSince(
  {
    followUps,
    observedSince = NOTHING_OBSERVED,
    entry,
    releasedAt = -Infinity,
    isPrivate = false,
  }: BacklogFacts,
  sources: readonly string[] = [],
): BacklogSince | undefined {
  if (followUps.some(({ effective }) => effective.countsAs === 'blocks')) return undefined;
  const lifted = Math.max(
    releasedAt,
    entry?.releasedAt ?? -Infinity,
    observedSince.backlogReleasedAt ?? -Infinity,
  );
  // An earlier release recorded the time of its first start in its backlog entries only.
  const first = observedSince.first || (entry?.fingerprint !== undefined ? entry.at : undefined);
  const beginnings: Beginning[] = [
    ...(first === undefined || first - STARTING <= lifted ? [] : [{ at: first, isFirst: true }]),
    ...Object.entries(observedSince.added)
      .filter(([source, at]) => at > lifted && !wasReadBefore(source, at, observedSince))
      .map(([source, at]) => ({ at, source })),
  ];
  const done = followUps
    .filter(({ effective }) => effective.countsAs === 'done')
    .map((counted) => changeOf(counted, observedSince, isPrivate));
  const found = done.flatMap((change) =>
    beginnings.filter((beginning) => isOlder(change, beginning, sources)),
  );
  const last = found.reduce<Beginning | undefined>(
    (a, b) => (a !== undefined && a.at >= b.at ? a : b),
    undefined,
  );
  if (last === undefined) return undefined;
  const isNews =
    done.some((change) => !isBefore(change.at, last.at)) || followUps.some(wasDeletedSince(last.at));
  return isNews ? undefined : { at: last.at, ...(last.source !== undefined && { source: last.source }) };
}

/** What is released while the service starts for the first time is released from what it will find, ms. */
const STARTING = 60_000;

/** Whether an entry of the backlog still counts. */
export function isInBacklog(entry: BacklogEntry | undefined): boolean {
  return entry !== undefined && (entry.releasedAt ?? -Infinity) < entry.at;
}

/** When (ms, incident.io's clock) the incident came into the status that it has. */
export function statusSince(history: readonly IncidentUpdate[]): number | undefined {
  const updates = history.filter(({ message }) => !isAnnouncement(message));
  return updates.filter(({ status }, i) => status.id !== updates[i - 1]?.status.id).at(-1)?.createdAt;
}

/** Webhooks of a tracker that was asked by its token before show nothing that is new. */
function wasReadBefore(source: string, at: number, { added }: ObservedSince): boolean {
  const [tracker = '', kind] = source.split(' ');
  const token = kind === 'webhooks' ? added[sourceOf(tracker, 'token')] : undefined;
  return token !== undefined && token < at;
}

interface Beginning {
  at: number;
  source?: string;
  isFirst?: boolean;
}

/** How a follow-up became done. */
interface Change {
  /** ms; -Infinity if unknown: it was done when it was first seen. */
  at: number;
  /** When we came to know it, by our clock. */
  learnedAt: number;
  /** What it was learned by. */
  source: string;
}

function isOlder(
  { at, learnedAt, source }: Change,
  beginning: Beginning,
  sources: readonly string[],
): boolean {
  if (!isBefore(at, beginning.at)) return false;
  if (beginning.isFirst || sources.includes(beginning.source ?? '')) return true;
  return beginning.source === source && learnedAt >= beginning.at;
}

/** Many trackers tell whole seconds: one of the same second may have been later. */
function isBefore(at: number, beginning: number): boolean {
  return at < (at % 1000 === 0 ? beginning - (beginning % 1000) : beginning);
}

function changeOf(
  { followUp, task, taskState, history, row }: BacklogFacts['followUps'][number],
  { synced, added }: ObservedSince,
  isPrivate: boolean,
): Change {
  const change = ownChange(followUp, taskState, history, task);
  const began = added[PRIVATE_INCIDENTS] ?? 0;
  // The role that shows private incidents came later: it was there, and we did not see it.
  if (isPrivate && row !== undefined && row.indexedAt >= began && madeAt(followUp) < began)
    return { ...change, learnedAt: row.indexedAt, source: PRIVATE_INCIDENTS };
  // Made or connected since: its dates are the issue's.
  const isNew = row === undefined || (synced !== undefined && row.indexedAt > synced);
  // A link does not make done what its own status did.
  const connectedAt = change.source === '' ? undefined : row?.connectedAt;
  const arrivedAt = Math.max(isNew ? (row?.indexedAt ?? Infinity) : -Infinity, connectedAt ?? -Infinity);
  return { ...change, at: Math.max(change.at, arrivedAt) };
}

/**
 * When (ms) its own status became what it is. One that was first seen done without a date may have been so since it was
 * made, whenever its row was written for another reason.
 */
function ownSince(
  { id, completedAt }: CountedFollowUp['followUp'],
  history: CountedFollowUp['history'],
): number {
  const isDated = history.was !== undefined || history.ours !== undefined || completedAt !== undefined;
  return isDated ? history.since : (timeOfId(id) ?? history.since);
}

/** How it became done: by its task's state, or its own status, whichever changed later. */
function ownChange(
  followUp: CountedFollowUp['followUp'],
  taskState: CountedFollowUp['taskState'],
  history: CountedFollowUp['history'],
  task: string | undefined,
): Change {
  const own = { at: ownSince(followUp, history), learnedAt: history.seenAt, source: '' };
  if (taskState?.state !== 'done' && taskState?.state !== 'declined') return own;
  const tracker = task?.slice(0, task.indexOf(':')) ?? '';
  const byTask = {
    at: taskState.undated ? -Infinity : taskState.since,
    learnedAt: taskState.knownAt ?? taskState.receivedAt,
    source: sourceOf(tracker, taskState.delivery === READ_BACK ? 'token' : 'webhooks'),
  };
  if (!isDone(followUp.status) || history.ours !== undefined) return byTask;
  return byTask.at > own.at ? byTask : own;
}

/** One that blocked may have been deleted: what is left is ready by that. */
function wasDeletedSince(at: number) {
  return ({ followUp }: BacklogFacts['followUps'][number]) =>
    followUp.status === 'deleted' && !isBefore(followUp.updatedAt, at);
}
