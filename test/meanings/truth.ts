/** What is true of tasks, whatever anybody tells of them. Nothing here knows a tracker or the product. */

export type State = 'open' | 'done' | 'declined' | 'duplicate' | 'deleted';

/** A machine here is one that closes for want of activity or of an answer: nobody did the work. */
export type By = 'person' | 'machine';

export interface Snapshot {
  readonly state: State;
  /** When the state became what it is, ms. */
  readonly since: number;
  readonly by: By;
  readonly original?: Task;
  /** Which of the site's places it is in, and its number there. */
  readonly place: number;
  readonly number: number;
  /** When anything of it changed last, ms. */
  readonly updatedAt: number;
  /** Somebody left a mark of inactivity on it. */
  readonly isMarked: boolean;
  /** How often it was changed. */
  readonly revision: number;
}

export interface Change {
  readonly task: Task;
  readonly what: 'create' | 'state' | 'touch' | 'move' | 'rename';
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly at: number;
}

export interface Task {
  /** One in the world. */
  readonly id: number;
  readonly createdAt: number;
  now: Snapshot;
  readonly changes: Change[];
  /** No follow-up is about it: it only looks like one that is. */
  readonly isDecoy: boolean;
  /** Whoever asks the tracker for it gets a failure that is about it alone. */
  isBroken: boolean;
}

export function isClosed({ state }: Pick<Snapshot, 'state'>): boolean {
  return state === 'done' || state === 'declined' || state === 'duplicate';
}

/** The task itself, and those that it repeats, to the end; a circle ends where it closes. */
export function chainOf(task: Task): Task[] {
  const chain = [task];
  for (let at = originalOf(task); at !== undefined && !chain.includes(at); at = originalOf(at))
    chain.push(at);
  return chain;
}

function originalOf({ now }: Task): Task | undefined {
  return now.state === 'duplicate' ? now.original : undefined;
}

/** Whether the work of a task is over. `declinedCounts`: also where people decided that it will not be done. */
export function isOver(task: Task, declinedCounts: boolean): boolean {
  const chain = chainOf(task);
  const end = chain.at(-1);
  if (end === undefined) return false;
  const { state, by, original } = end.now;
  // It leads back into its own chain: nobody did anything.
  if (state === 'duplicate' && original !== undefined) return false;
  if (state === 'done') return by === 'person';
  return (state === 'declined' || state === 'duplicate') && by === 'person' && declinedCounts;
}
