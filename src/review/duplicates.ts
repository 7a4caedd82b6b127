import { LONGEST_CHAIN, type TaskRecord } from '../store/records.ts';
import type { TaskKey } from '../vocabulary.ts';
import type { CountedTask } from './effective-state.ts';

/** The standing state of a task, and where that task is now. */
export interface StandingTask {
  currentKey: TaskKey;
  record?: TaskRecord;
}

/** One task of a chain of duplicates; it has no record if nothing was reported about it yet. */
export interface ChainLink {
  task: TaskKey;
  record?: TaskRecord;
}

/** Why a chain of duplicates has no end with a known state. */
export type NoEnd = 'unknown' | 'deleted' | 'circle' | 'too-long';

export interface Chain {
  /** The task itself, the task it is a duplicate of, the one that is a duplicate of, and so on. */
  links: readonly ChainLink[];
  noEnd?: NoEnd;
}

export function isDuplicateChain({ links, noEnd }: Chain): boolean {
  return links.length > 1 || noEnd === 'circle';
}

/** A follow-up's task and everything it is a duplicate of. */
export function tasksOf({ task, chain }: { task?: TaskKey; chain?: Chain }): TaskKey[] {
  return chain?.links.map((link) => link.task) ?? (task === undefined ? [] : [task]);
}

/** The task that a record names as the original. Once reopened, a task is no longer a duplicate. */
export function canonicalOf(record: TaskRecord | undefined): TaskKey | undefined {
  return record?.state === 'declined' ? record.canonical : undefined;
}

/** Follows a task along its chain of duplicates, by the standing state of each (by the key that names it). */
export function chainFrom(task: TaskKey, standing: ReadonlyMap<TaskKey, StandingTask>): Chain {
  const links: ChainLink[] = [];
  const currentKeys = new Set<TaskKey>();
  for (let key = task; ; ) {
    const found = standing.get(key);
    const currentKey = found?.currentKey ?? key;
    // Compared by its current place: a task that moved is still the same task.
    if (currentKeys.has(currentKey)) return { links, noEnd: 'circle' };
    if (links.length > LONGEST_CHAIN) return { links, noEnd: 'too-long' };
    currentKeys.add(currentKey);
    if (found?.record === undefined) return { links: [...links, { task: key }], noEnd: 'unknown' };
    const { record } = found;
    links.push({ task: key, record });
    const next = canonicalOf(record);
    if (next === undefined) {
      const isLost = links.length > 1 && record.state === 'deleted';
      return isLost ? { links, noEnd: 'deleted' } : { links };
    }
    key = next;
  }
}

/**
 * The state that counts for a task: its own, or that of the task at the end of its chain of duplicates. `undefined`:
 * nothing is known.
 *
 * An open end counts since the task was closed as a duplicate, or since the end was reopened if that was later: whoever
 * sets the follow-up after that knows about both. A release (`releasedAt`, ms) after all of it was reported settles
 * that the duplicate counts as declined.
 */
export function countedTaskOf(chain: Chain, releasedAt = -Infinity): CountedTask | undefined {
  const { links, noEnd } = chain;
  const own = links[0]?.record;
  if (own === undefined || !isDuplicateChain(chain)) return own;
  const end = links.at(-1)?.record;
  const receivedAt = latest(links.map(({ record }) => record?.receivedAt));
  const endIsClosed = noEnd === undefined && (end?.state === 'done' || end?.state === 'declined');
  if (releasedAt >= receivedAt && !endIsClosed) return own;
  if (noEnd !== undefined || end === undefined)
    return { state: 'unknown-duplicate', since: own.since, receivedAt, delivery: own.delivery };
  const since = endIsClosed
    ? latest(links.map(({ record }) => record?.since))
    : Math.max(own.since, end.seenClosed ? end.since : -Infinity);
  // That it is a duplicate may have become known later than that it was closed.
  return { ...end, since, receivedAt, knownAt: receivedAt, seenClosed: true, isDuplicate: true };
}

function latest(times: readonly (number | undefined)[]): number {
  return Math.max(...times.map((at) => at ?? -Infinity));
}
