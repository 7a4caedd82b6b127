import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { EventBatch, JobContext, Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import type { TaskEvent } from '../vocabulary.ts';
import { stand } from './stand.ts';
import { keepUnlinked } from './unlinked.ts';

export interface RecordDeps {
  store: Store;
  waker: Waker;
  clock: Clock;
  log: Logger;
  /** The full id of an incident that is named by a reference which the store does not know; throws where it could not be read, `undefined` where there is none. */
  findIncident(reference: string): Promise<string | undefined>;
}

/**
 * The work of one job of the `events` queue: writes the task states, then reads their links, and wakes a review
 * of every incident linked. The sync writes links first and then reads states: so one of the two sees the other.
 */
export async function recordEvents(
  batch: EventBatch,
  job: Pick<JobContext, 'begunBefore'>,
  deps: RecordDeps,
): Promise<void> {
  const { store, log } = deps;
  const news = await recordStates(batch.tasks, store);
  const incidents = await store.incidentsOf(batch.tasks.map((event) => event.task));

  const unlinked = batch.tasks.filter((event) => !incidents.get(event.task)?.size);
  if (unlinked.length > 0) {
    await keepUnlinked(
      unlinked.map((event) => event.task),
      deps,
    );
    await store.wantSync(randomUUID());
  }

  const wakes = new Map<string, string>();
  for (const event of batch.tasks) {
    const linked = [...(incidents.get(event.task) ?? [])];
    const isNews = news.has(event.task);
    log.debug(
      { task: event.task, state: event.state, delivery: event.delivery, incidents: linked, news: isNews },
      isNews ? 'task state recorded' : 'task state was known already',
    );
    // A job that was begun before may have written its states and died before it woke anybody.
    if (isNews || job.begunBefore)
      for (const incident of linked) wakes.set(incident, `${event.task} ${event.state} (${event.delivery})`);
  }
  for (const event of batch.incidents) {
    const id = await resolve(event.incident, deps);
    if (id === undefined)
      log.warn(
        { incident: event.incident, delivery: event.delivery },
        'asked to review an incident that does not exist in incident.io, or that the key may not see',
      );
    else wakes.set(id, `asked for (${event.delivery})`);
  }
  for (const [why, ids] of grouped(wakes)) await deps.waker.wake(ids, why);
}

/** Writes what stands after these events. Answers the tasks for which they were news. */
async function recordStates(events: readonly TaskEvent[], store: Store): Promise<Set<string>> {
  const byTask = new Map<string, TaskEvent[]>();
  for (const event of events) byTask.set(event.task, [...(byTask.get(event.task) ?? []), event]);

  const moved = events
    .flatMap((event) => event.aliases.map((from) => ({ from, to: event.task })))
    .filter(({ from, to }) => from !== to);
  const canonical = events.flatMap((event) =>
    event.canonical === undefined || event.canonical === event.task
      ? []
      : [{ from: event.task, to: event.canonical }],
  );
  const former = await store.tasks.getMany(moved.map(({ from }) => from));
  await follow([...moved, ...canonical], store);
  if (moved.length > 0) await store.tables.put(moved.map(({ from, to }) => store.places.change(from, to)));

  const news = new Set<string>();
  await store.tasks.update(byTask.keys(), (current, task) => {
    let standing = current;
    for (const event of byTask.get(task) ?? []) standing = stand(standing, event);
    // A task that moved brings along that it was closed once.
    const wasClosed = (byTask.get(task) ?? []).some((event) =>
      event.aliases.some((alias) => former.get(alias)?.seenClosed),
    );
    if (standing !== undefined && wasClosed && !standing.seenClosed)
      standing = { ...standing, seenClosed: true };
    if (standing === current) news.delete(task);
    else news.add(task);
    return standing;
  });
  for (const { to } of moved) news.add(to);
  return news;
}

/** Remembers that what refers to `from` has to look at `to`. */
async function follow(pairs: readonly { from: string; to: string }[], store: Store): Promise<void> {
  if (pairs.length === 0) return;
  await store.followers.update(
    pairs.map(({ to }) => to),
    (current = [], to) => {
      const missing = pairs.filter((pair) => pair.to === to && !current.includes(pair.from));
      return missing.length === 0 && current.length > 0
        ? current
        : [...current, ...new Set(missing.map(({ from }) => from))];
    },
  );
}

const FULL_ID = /^[0-9A-Z]{20,}$/;

async function resolve(name: string, { store, findIncident }: RecordDeps): Promise<string | undefined> {
  if (FULL_ID.test(name)) return name;
  return (await store.references.get(name.toUpperCase())) ?? (await findIncident(name));
}

function grouped(wakes: ReadonlyMap<string, string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [incident, why] of wakes) groups.set(why, [...(groups.get(why) ?? []), incident]);
  return groups;
}
