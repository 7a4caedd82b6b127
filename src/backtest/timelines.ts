import { timeOfId } from '../incident-io/ulid.ts';
import { isDone } from '../store/status-history.ts';
import type { FollowUp, IncidentUpdate, TaskEvent, TaskKey } from '../vocabulary.ts';
import type { Moment, Past, PastPart } from './past.ts';

/**
 * How a past may have been, from what the APIs show of it today. What they show is certain; for the rest there are
 * several ways, bounded by what is known: nothing can have become so after its row was last written (`updated_at`), or
 * before it was made. The facts about incident.io's rows are in `store/status-history.ts`.
 *
 * Some things leave no trace at all, so that no way stands for them: that a follow-up or a task was done, undone and done
 * again (only the last time is kept), and follow-ups that were deleted, where lists leave those out.
 */
export interface TimelineOptions {
  /** ms; what is later is not looked at. */
  to: number;
  taskKeyOf(provider: string, permalink: string): TaskKey | undefined;
}

export function partsOf(past: Past, { to, taskKeyOf }: TimelineOptions): PastPart[] {
  const { incident, updates, followUps, hold } = past;
  const began = incident.createdAt ?? updates[0]?.createdAt ?? incident.updatedAt;
  const turns = updates.map(({ createdAt }) => createdAt);
  const certain: Moment[] = updates.map((update) => ({ at: update.createdAt, update }));
  if (hold !== undefined) certain.push({ at: Math.max(hold.at, began), hold });

  const firstOf = new Map<TaskKey, number>();
  const parts = followUps.map((followUp): PastPart => {
    const { reference } = followUp;
    const task = reference && taskKeyOf(reference.provider, reference.permalink);
    const made = madeAt(followUp, { began, to });
    const first = made ?? began;
    if (task !== undefined) firstOf.set(task, Math.min(first, firstOf.get(task) ?? first));
    return partOfFollowUp(followUp, made, { began, turns });
  });
  for (const [task, event] of past.tasks)
    parts.push(partOfTask(event, { first: firstOf.get(task) ?? began, to, turns }));
  for (const task of past.unread.keys())
    parts.push(partOfUnread(task, Math.min(to, firstOf.get(task) ?? began)));
  return [{ ways: [certain] }, ...parts];
}

interface Bounds {
  began: number;
  turns: readonly number[];
}

/**
 * The moments from `from` to `to` (ms) between which it makes a difference when something happened: the ends, and after
 * each change of the incident's status.
 */
function candidates(from: number, to: number, turns: readonly number[]): number[] {
  const between = turns.filter((at) => from < at && at + 1 < to).map((at) => at + 1);
  return [...new Set([from, ...between, Math.max(from, to)])];
}

/** `created_at` and the time in the id of one row differ by less than this, ms. */
const AT_ONCE = 60_000;

/**
 * When (ms) a follow-up was made; `undefined`: that is not known. Where it was made from the link of an issue, `created_at`
 * is the issue's, and its id tells.
 */
export function madeAt(
  { id, createdAt }: FollowUp,
  { began, to }: { began: number; to: number },
): number | undefined {
  const idTime = timeOfId(id);
  if (idTime !== undefined && idTime > createdAt + AT_ONCE && idTime <= to) return Math.max(began, idTime);
  return createdAt < began - AT_ONCE ? undefined : Math.max(began, createdAt);
}

function partOfFollowUp(followUp: FollowUp, known: number | undefined, { began, turns }: Bounds): PastPart {
  const last = Math.max(began, followUp.updatedAt);
  const made = known === undefined ? candidates(began, last, turns) : [known];
  const found = made.map((at) => waysOfStatus(followUp, at, turns));
  const ways = found.flatMap((one) => one.ways);
  const doubt = ways.length < 2 ? undefined : known === undefined ? 'from-link' : found[0]?.doubt;
  return { ...(doubt !== undefined && { doubt }), ways };
}

/** How its status came about, if it was made at `made` (ms). */
function waysOfStatus(followUp: FollowUp, made: number, turns: readonly number[]): PastPart {
  const { status, completedAt } = followUp;
  const last = Math.max(made, followUp.updatedAt);
  const at = (time: number, as: string, completed?: number): Moment => ({
    at: time,
    followUp: { ...followUp, status: as, updatedAt: time, completedAt: completed },
  });
  const open = at(made, 'outstanding');
  const since = (time: number): Moment[] => {
    const changed = at(time, status, status === 'completed' ? (completedAt ?? time) : undefined);
    return time === made ? [changed] : [open, changed];
  };
  if (status === 'completed' && completedAt !== undefined && completedAt >= made)
    return { ways: [since(completedAt)] };
  if (isDone(status) || status === 'deleted') {
    if (last === made) return { ways: [since(made)] };
    const doubt = status === 'completed' ? 'completed' : status === 'deleted' ? 'deleted' : 'not-doing';
    return { doubt, ways: candidates(made, last, turns).map(since) };
  }
  if (status !== 'outstanding' || last === made) return { ways: [[at(made, status)]] };
  // Whatever wrote its row may have been somebody who set it back.
  const done = completedAt !== undefined && completedAt > made && completedAt < last;
  const starts = done ? [completedAt] : candidates(made, last, turns).filter((time) => time < last);
  const forAWhile = starts.map((time) => [
    ...(time === made ? [] : [open]),
    at(time, 'completed', time),
    at(last, 'outstanding'),
  ]);
  return { doubt: 'rewritten', ways: [[open], ...forAWhile] };
}

function partOfTask(
  event: TaskEvent,
  { first, to, turns }: { first: number; to: number; turns: readonly number[] },
): PastPart {
  const { occurredAt, state } = event;
  const reportAt = (at: number, over: Partial<TaskEvent> = {}): Moment => ({
    at,
    // Told by a webhook when it happened, as if there had been one.
    task: { ...event, ...over, occurredAt: at, receivedAt: at, toldAt: at, delivery: `told ${at}` },
  });
  if (state === 'open') {
    // One that was never closed says nothing that its follow-up does not.
    if (event.reopened !== true) return { ways: [[]] };
    const reopened = occurredAt ?? to;
    const closed = (at: number, as: Pick<TaskEvent, 'state' | 'by'>) =>
      reportAt(at, { ...as, actor: undefined, reopened: undefined, revision: undefined });
    const { closedBefore } = event;
    // How it was closed is not shown, unless by a person: then not whether that was a decline.
    const kinds = [
      { state: 'done', by: 'person' },
      { state: 'declined', by: 'person' },
      ...(closedBefore?.by === 'person' ? [] : [{ state: 'done', by: 'automation' } as const]),
    ] as const;
    if (closedBefore !== undefined && closedBefore.at < reopened)
      return {
        doubt: 'task-reopened',
        ways: kinds.map((as) => [closed(closedBefore.at, as), reportAt(reopened)]),
      };
    const starts = candidates(Math.min(first, reopened), reopened, turns).filter((at) => at < reopened);
    const asDone = starts.map((at) => [closed(at, { state: 'done', by: 'person' }), reportAt(reopened)]);
    return { doubt: 'task-reopened', ways: [[reportAt(reopened)], ...asDone] };
  }
  if (occurredAt !== undefined) return { ways: [[reportAt(occurredAt)]] };
  const ways = candidates(Math.min(first, to), to, turns).map((at) => [reportAt(at)]);
  return ways.length < 2 ? { ways } : { doubt: 'task-time', ways };
}

/** It may have been open all along, or closed from the first, by a person or by a machine. */
function partOfUnread(task: TaskKey, at: number): PastPart {
  const closed = (by: TaskEvent['by']): Moment => ({
    at,
    task: {
      tracker: task.slice(0, Math.max(0, task.indexOf(':'))),
      ...{ task, aliases: [], state: 'done', by, occurredAt: at, receivedAt: at, delivery: 'unread' },
    },
  });
  return { doubt: 'task-unread', ways: [[], [closed('person')], [closed('automation')]] };
}

/** What the history says of the incident's closings: each change into a closed status. */
export function closingsIn(updates: readonly IncidentUpdate[]): IncidentUpdate[] {
  return updates.filter(
    ({ status }, i) => status.category === 'closed' && updates[i - 1]?.status.category !== 'closed',
  );
}
