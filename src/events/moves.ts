import type { TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent } from '../vocabulary.ts';
import { beforeDeleted, recordOf, standingOf } from './standing-state.ts';

/** Tasks that move to another place and get another key: what is known about them moves along. */

export interface Move {
  from: string;
  to: string;
}

/** Writes the standing states of tasks that came from elsewhere, and that they are here now. */
export async function recordMoved(
  moves: readonly Move[],
  byTask: ReadonlyMap<string, TaskEvent[]>,
  store: Store,
): Promise<void> {
  // One by one: some have moved twice.
  for (const currentKey of new Set(moves.map(({ to }) => to))) {
    const here = moves.filter(({ to }) => to === currentKey);
    // Told late, it may lead to a place that the task has left: what is known of it there is newer.
    const known = await store.currentKeysOf(here.map(({ from }) => from));
    const further = [...known.values()].map((from) => ({ from, to: currentKey }));
    const former = await formerOf([...here, ...further], store);
    await store.tasks.update([currentKey], (current) => {
      const standing = former.reduce(standingOf, current);
      return (byTask.get(currentKey) ?? []).map(byMove).reduce(standingOf, standing);
    });
    // Only once the state is here: until then, reviews look at the former place.
    for (const move of here) await putCurrentKey(move, store);
    await bringStatesAlong(here, store);
  }
}

/** Where `from` is now. Moves may be reported in any order, so `to` may have moved on already. */
async function putCurrentKey({ from, to }: Move, { currentKeys, tables }: Store): Promise<void> {
  const further = new Set<string>();
  for (
    let at = await currentKeys.get(to);
    at !== undefined && !further.has(at);
    at = await currentKeys.get(at)
  )
    further.add(at);
  // A task that returned to a former place is there now, and nowhere else.
  const cameBack = further.has(from) ? [currentKeys.change(to, undefined)] : [];
  await tables.put([currentKeys.change(from, to), ...cameBack]);
}

/** The standing state at former places counts at the new one. Returns the places for which it was news. */
export async function bringStatesAlong(moves: readonly Move[], store: Store): Promise<string[]> {
  const news: string[] = [];
  for (const currentKey of new Set(moves.map(({ to }) => to))) {
    const former = await formerOf(
      moves.filter(({ to }) => to === currentKey),
      store,
    );
    await store.tasks.update([currentKey], (current) => {
      const standing = former.reduce(standingOf, current);
      if (standing !== current) news.push(currentKey);
      return standing;
    });
  }
  return news;
}

/** A task's first state at a new place, unless the event says that the state changed. */
function byMove(event: TaskEvent): TaskRecord {
  return event.reopened ? recordOf(event) : { ...recordOf(event), moved: true };
}

/** The standing state at another place. That a place is gone says nothing about the task. */
async function formerOf(moves: readonly Move[], store: Store): Promise<TaskRecord[]> {
  const records = await store.tasks.getMany(moves.map(({ from }) => from));
  return [...records.values()].flatMap((record) => beforeDeleted(record) ?? []);
}

/** Aliases that are a tracker's own ids, not former places. */
export const IS_ID = /^[\w-]+:id:/;

/**
 * Events of tasks named by a tracker's id alone, like the new place of a moved task, under the key known for that id:
 * from the store, or from another event of the same batch.
 */
export async function withCurrentNames(
  events: readonly TaskEvent[],
  store: Store,
): Promise<readonly TaskEvent[]> {
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

/** Which tasks were elsewhere before: because the event says so, or because their id was known under another key. */
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
 * Only for tasks with a link: there are too many others, and nobody refers to them by a former name. Also for tasks
 * known by an id alone so far, so that the next event with that id is attributed to them.
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
