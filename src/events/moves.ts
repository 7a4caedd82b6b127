import type { TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent } from '../vocabulary.ts';
import { newest, recordOf } from './stand.ts';

/** Tasks that go to another place and get another key: what was known of them goes along. */

export interface Move {
  from: string;
  to: string;
}

/** Writes what stands for tasks that came from elsewhere, and that they are here now. */
export async function recordMoved(
  moves: readonly Move[],
  byTask: ReadonlyMap<string, TaskEvent[]>,
  store: Store,
): Promise<void> {
  // One by one: some have moved twice.
  for (const place of new Set(moves.map(({ to }) => to))) {
    const here = moves.filter(({ to }) => to === place);
    const former = await formerOf(here, store);
    await store.tasks.update([place], (current) => {
      const standing = former.reduce(newest, current);
      return (byTask.get(place) ?? []).map(byMove).reduce(newest, standing);
    });
    // Only now that something stands here: a review in between still looks at the former place.
    for (const move of here) await putPlace(move, store);
    await bringAlong(here, store);
  }
}

/** Where `from` is now. Moves may be told in any order, so where `to` is since may be known already. */
async function putPlace({ from, to }: Move, { places, tables }: Store): Promise<void> {
  const further = new Set<string>();
  for (let at = await places.get(to); at !== undefined && !further.has(at); at = await places.get(at))
    further.add(at);
  // A task that came back to a former place is there now, and nowhere else.
  const cameBack = further.has(from) ? [places.change(to, undefined)] : [];
  await tables.put([places.change(from, to), ...cameBack]);
}

/** What stands for a task at former places counts where it is now. Answers the places where that was news. */
export async function bringAlong(moves: readonly Move[], store: Store): Promise<string[]> {
  const news: string[] = [];
  for (const place of new Set(moves.map(({ to }) => to))) {
    const former = await formerOf(
      moves.filter(({ to }) => to === place),
      store,
    );
    await store.tasks.update([place], (current) => {
      const standing = former.reduce(newest, current);
      if (standing !== current) news.push(place);
      return standing;
    });
  }
  return news;
}

/** A task's first word from a new place, unless it says that the state changed. */
function byMove(event: TaskEvent): TaskRecord {
  return event.reopened ? recordOf(event) : { ...recordOf(event), moved: true };
}

/** What stands for a task elsewhere. That a place is gone says nothing of the task. */
async function formerOf(moves: readonly Move[], store: Store): Promise<TaskRecord[]> {
  const records = await store.tasks.getMany(moves.map(({ from }) => from));
  return [...records.values()].filter(({ state }) => state !== 'deleted');
}

/** Aliases that are a tracker's own ids rather than former places. */
export const IS_ID = /^[\w-]+:id:/;

/**
 * Events of tasks that their tracker named by an id alone, as the new place of a moved one, under the key that is
 * known to be theirs: from before, or from another event of the same batch.
 */
export async function named(events: readonly TaskEvent[], store: Store): Promise<readonly TaskEvent[]> {
  const ids = events.flatMap(({ task }) => (IS_ID.test(task) ? [task] : []));
  if (ids.length === 0) return events;
  const keys = await store.identities.getMany(ids);
  for (const { task, aliases } of events)
    if (!IS_ID.test(task)) for (const alias of aliases) if (ids.includes(alias)) keys.set(alias, task);
  return events.map((event) => {
    const task = keys.get(event.task) ?? event.task;
    return { ...event, task, aliases: event.aliases.filter((alias) => alias !== task) };
  });
}

/** Which tasks were elsewhere before: by their own word, or because their id told something under another key. */
export async function movesOf(events: readonly TaskEvent[], store: Store): Promise<Move[]> {
  const identities = await store.identities.getMany(
    events.flatMap(({ aliases }) => aliases.filter((alias) => IS_ID.test(alias))),
  );
  return events.flatMap(({ task, aliases }) =>
    aliases
      .map((alias) => (IS_ID.test(alias) ? identities.get(alias) : alias))
      .filter((from) => from !== undefined && from !== task)
      .map((from) => ({ from: String(from), to: task })),
  );
}

/**
 * Only tasks with a link: of the others there are too many, and nobody refers to them by a former name. And those
 * that have no other name yet than an id, so that whatever tells of that id next is known to be theirs.
 */
export async function rememberIds(events: readonly TaskEvent[], store: Store): Promise<void> {
  const ids = new Map(
    events.flatMap(({ task, aliases }) =>
      [task, ...aliases].filter((key) => IS_ID.test(key)).map((id) => [id, task] as const),
    ),
  );
  await store.identities.update(ids.keys(), (current, id) =>
    current === ids.get(id) ? current : ids.get(id),
  );
}
