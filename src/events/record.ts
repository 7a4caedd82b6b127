import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { JobContext, Waker } from '../queue/queues.ts';
import type { Store } from '../store/store.ts';
import type { EventBatch, IncidentEvent, TaskEvent, TaskHint } from '../vocabulary.ts';
import { noteDeliveries } from './deliveries.ts';
import { bringAlong, IS_ID, type Move, movesOf, named, recordMoved, rememberIds } from './moves.ts';
import { stand } from './stand.ts';
import { keepUnlinked } from './unlinked.ts';

export interface RecordDeps {
  store: Store;
  waker: Waker;
  clock: Clock;
  log: Logger;
  /** What their trackers say of these tasks; throws where one could not be read. */
  readTasks(hints: readonly TaskHint[]): Promise<TaskEvent[]>;
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
  await noteDeliveries(batch, deps.store);
  await recordTasks(batch.tasks, job, deps);
  await wakeIncidents(batch.incidents, deps);
  // Last, so that a tracker that does not answer keeps nobody else's events waiting.
  if (batch.hints.length > 0) await recordTasks(await deps.readTasks(batch.hints), job, deps);
}

/** Writes the states that these events tell, and wakes the incidents for which they are news. */
export async function recordTasks(
  told: readonly TaskEvent[],
  job: Pick<JobContext, 'begunBefore'>,
  deps: Pick<RecordDeps, 'store' | 'waker' | 'clock' | 'log'>,
): Promise<void> {
  if (told.length === 0) return;
  const { store, log } = deps;
  const tasks = await named(told, store);
  const { news, places } = await recordStates(tasks, store);
  const placeOf = ({ task }: TaskEvent) => places.get(task) ?? task;
  const incidents = await store.incidentsOf(tasks.map(placeOf));

  const unlinked = tasks.filter((event) => !incidents.get(placeOf(event))?.size);
  if (unlinked.length > 0) {
    await keepUnlinked(
      unlinked.map((event) => event.task),
      deps,
    );
    await store.wantSync(randomUUID());
  }
  await rememberIds(
    tasks.filter((event) => IS_ID.test(event.task) || incidents.get(placeOf(event))?.size),
    store,
  );

  const wakes = new Map<string, string>();
  for (const event of tasks) {
    const linked = [...(incidents.get(placeOf(event)) ?? [])];
    const isNews = news.has(event.task) || news.has(placeOf(event));
    log.debug(
      { task: event.task, state: event.state, delivery: event.delivery, incidents: linked, news: isNews },
      isNews ? 'task state recorded' : 'task state was known already',
    );
    // A job that was begun before may have written its states and died before it woke anybody.
    if (isNews || job.begunBefore)
      for (const incident of linked) wakes.set(incident, `${event.task} ${event.state} (${event.delivery})`);
  }
  await deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '');
}

/** Wakes the reviews that were asked for, by naming an incident or one of its follow-ups. */
async function wakeIncidents(events: readonly IncidentEvent[], deps: RecordDeps): Promise<void> {
  if (events.length === 0) return;
  const { store, log } = deps;
  const rows = await store.followUps.getMany(events.flatMap(({ followUp }) => followUp ?? []));
  const wakes = new Map<string, string>();
  let wantsSync = false;
  for (const event of events) {
    const { followUp, delivery, source = 'a webhook' } = event;
    wantsSync ||= event.wantsSync === true;
    const named = event.incident ?? (followUp === undefined ? undefined : rows.get(followUp)?.incident);
    // A follow-up that is not in the index yet: the sync finds it, and wakes its incident.
    if (named === undefined) wantsSync = true;
    else {
      const id = await resolve(named, deps);
      if (id !== undefined) wakes.set(id, `told by ${source} (${delivery})`);
      else
        log.warn(
          { incident: named, source, delivery },
          `${source} names the incident ${named}, which does not exist in incident.io, or which the key may not see`,
        );
    }
  }
  if (wantsSync) await store.wantSync(randomUUID());
  await deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '');
}

interface Recorded {
  /** The places of which more is known now. */
  news: Set<string>;
  /** Where each task is now. */
  places: Map<string, string>;
}

/** Writes what stands after these events. */
async function recordStates(events: readonly TaskEvent[], store: Store): Promise<Recorded> {
  const byTask = groupByTask(events);
  const moves = await movesOf(events, store);
  const moved = new Set(moves.map(({ to }) => to));
  const duplicates = events.flatMap(({ task, canonical }) =>
    canonical === undefined || canonical === task ? [] : [{ from: task, to: canonical }],
  );
  await follow([...moves, ...duplicates], store);

  const news = new Set(moved);
  await store.tasks.update(
    [...byTask.keys()].filter((task) => !moved.has(task)),
    (current, task) => {
      const standing = (byTask.get(task) ?? []).reduce(stand, current);
      if (standing !== current) news.add(task);
      return standing;
    },
  );
  await recordMoved(moves, byTask, store);

  // What was told of a former place after the move counts where the task is now. The move writes where that is
  // before it reads what stood here, and we the other way round: so one of the two sees the other.
  const places = await store.placesOf(byTask.keys());
  const elsewhere = [...places].filter(([task, place]) => task !== place);
  for (const place of await bringAlong(
    elsewhere.map(([from, to]) => ({ from, to })),
    store,
  ))
    news.add(place);
  return { news, places };
}

/** Remembers that what refers to `from` has to look at `to`. */
async function follow(pairs: readonly Move[], store: Store): Promise<void> {
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

function groupByTask(events: readonly TaskEvent[]): Map<string, TaskEvent[]> {
  const groups = new Map<string, TaskEvent[]>();
  for (const event of events) groups.set(event.task, [...(groups.get(event.task) ?? []), event]);
  return groups;
}

const FULL_ID = /^[0-9A-Z]{20,}$/;

async function resolve(name: string, { store, findIncident }: RecordDeps): Promise<string | undefined> {
  if (FULL_ID.test(name)) return name;
  return (await store.references.get(name.toUpperCase())) ?? (await findIncident(name));
}
