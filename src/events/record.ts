import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { JobContext, Waker } from '../queue/queues.ts';
import { addToStories } from '../store/history/stories.ts';
import type { StoryEntry } from '../store/history/story.ts';
import type { TaskRecord } from '../store/records.ts';
import { isDone, reportedHistory } from '../store/status-history.ts';
import type { Store } from '../store/store.ts';
import {
  type EventBatch,
  type IncidentEvent,
  READ_BACK,
  type TaskEvent,
  type TaskHint,
} from '../vocabulary.ts';
import { recordDeliveryTimes } from './deliveries.ts';
import {
  bringStatesAlong,
  IS_ID,
  type Move,
  movesOf,
  recordMoved,
  rememberIds,
  withCurrentNames,
} from './moves.ts';
import { keepReportedEarly } from './reported-early.ts';
import { standingAfter } from './standing-state.ts';
import { receiptsOf, type Taken } from './taken.ts';
import { keepUnlinked } from './unlinked.ts';

export interface RecordDeps {
  store: Store;
  waker: Waker;
  clock: Clock;
  log: Logger;
  /** The states of these tasks according to their trackers; throws if one could not be read. */
  readTasks(hints: readonly TaskHint[]): Promise<TaskEvent[]>;
  /** Called with what each event did; absent: nobody wants to know. */
  onTaken?: ((taken: Taken) => void) | undefined;
  /** The full id of an incident whose reference the store does not know; throws if unreadable, `undefined`: none. */
  findIncident(reference: string): Promise<string | undefined>;
}

/**
 * Processes one job of the `events` queue: writes the task states, then reads their links, and wakes a review of every
 * linked incident. The sync writes links first and then reads states, so one of the two sees the other.
 */
export async function recordEvents(
  batch: EventBatch,
  job: Pick<JobContext, 'begunBefore' | 'behind'>,
  deps: RecordDeps,
): Promise<void> {
  await recordDeliveryTimes(batch, deps.store);
  await recordTasks(batch.tasks, job, deps);
  await wakeIncidents(batch.incidents, job, deps);
  // Last, so that a tracker that does not answer holds up nobody else's events.
  if (batch.hints.length === 0) return;
  const receipts = receiptsOf(batch);
  const onTaken = (taken: Taken) => deps.onTaken?.({ ...taken, receivedAt: receipts(taken) });
  await recordTasks(await deps.readTasks(batch.hints), job, { ...deps, onTaken });
}

/** Writes the states in these events, and wakes the incidents for which they are news. */
export async function recordTasks(
  reported: readonly TaskEvent[],
  job: Pick<JobContext, 'begunBefore' | 'behind'>,
  deps: Pick<RecordDeps, 'store' | 'waker' | 'clock' | 'log' | 'onTaken'>,
): Promise<void> {
  if (reported.length === 0) return;
  const { store, log } = deps;
  const tasks = await withCurrentNames(reported, store);
  const { news, currentKeys } = await recordStates(tasks, store);
  const currentKeyOf = ({ task }: TaskEvent) => currentKeys.get(task) ?? task;
  const incidents = await store.incidentsOf(tasks.map(currentKeyOf));

  const unlinked = tasks.filter((event) => !incidents.get(currentKeyOf(event))?.size);
  if (unlinked.length > 0) {
    await keepUnlinked(
      unlinked.map((event) => event.task),
      deps,
    );
    await store.wantLinks(randomUUID());
  }
  await rememberIds(
    tasks.filter((event) => IS_ID.test(event.task) || incidents.get(currentKeyOf(event))?.size),
    store,
  );

  const wakes = new Map<string, string>();
  const stories = new Map<string, StoryEntry[]>();
  const taken: Taken[] = [];
  for (const event of tasks) {
    const linked = [...(incidents.get(currentKeyOf(event)) ?? [])];
    const isNews = news.has(event.task) || news.has(currentKeyOf(event));
    log.debug(
      { task: event.task, state: event.state, delivery: event.delivery, incidents: linked, news: isNews },
      isNews ? 'task state recorded' : 'task state was known already',
    );
    // A job that was started before may have written its states and died before it woke anything.
    const wakesThem = isNews || job.begunBefore;
    // A sweep reads the same tasks again and again.
    if (wakesThem || event.delivery !== READ_BACK)
      for (const incident of linked) addTo(stories, incident, entryOf(event, wakesThem));
    if (wakesThem)
      for (const incident of linked) wakes.set(incident, `${event.task} ${event.state} (${event.delivery})`);
    const { tracker: source, delivery, receivedAt } = event;
    taken.push({
      source,
      delivery,
      receivedAt,
      ...(wakesThem ? { woke: linked, knew: [] } : { woke: [], knew: linked }),
    });
  }
  await deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '', {
    behind: job.behind === true,
  });
  for (const one of taken) if (one.delivery !== READ_BACK) deps.onTaken?.(one);
  await addToStories(stories, deps);
}

function entryOf(event: TaskEvent, news: boolean): StoryEntry {
  const { tracker: source, delivery, task, state, by, actor, receivedAt: at } = event;
  return { kind: 'delivery', at, source, delivery, task, state, by, actor, news };
}

function addTo(stories: Map<string, StoryEntry[]>, incident: string, entry: StoryEntry): void {
  stories.set(incident, [...(stories.get(incident) ?? []), entry]);
}

/** Wakes reviews requested by the name of an incident or of one of its follow-ups. */
async function wakeIncidents(
  events: readonly IncidentEvent[],
  job: Pick<JobContext, 'behind'>,
  deps: RecordDeps,
): Promise<void> {
  if (events.length === 0) return;
  const { store, log } = deps;
  await recordStatuses(events, deps);
  const rows = await store.followUps.getMany(events.flatMap(({ followUp }) => followUp ?? []));
  const wakes = new Map<string, string>();
  const stories = new Map<string, StoryEntry[]>();
  const taken: Taken[] = [];
  let wantsSync = false;
  for (const event of events) {
    const { followUp, delivery, source = 'a webhook', receivedAt } = event;
    wantsSync ||= event.wantsSync === true;
    const named = event.incident ?? (followUp === undefined ? undefined : rows.get(followUp)?.incident);
    // A follow-up that is not in the index yet: the sync finds it, and wakes its incident.
    if (named === undefined) {
      wantsSync = true;
      taken.push({ source, delivery, receivedAt, woke: [], knew: [] });
    } else {
      const id = await resolve(named, deps);
      taken.push({ source, delivery, receivedAt, woke: id === undefined ? [] : [id], knew: [] });
      if (id !== undefined) {
        wakes.set(id, `told by ${source} (${delivery})`);
        addTo(stories, id, { kind: 'delivery', at: receivedAt, source, delivery, news: false });
      } else
        log.warn(
          { incident: named, source, delivery },
          `${source} names the incident ${named}, which does not exist in incident.io, or which the key may not see`,
        );
    }
  }
  if (wantsSync) await store.wantSync(randomUUID());
  await deps.waker.wake([...wakes.keys()], (incident) => wakes.get(incident) ?? '', {
    behind: job.behind === true,
  });
  for (const one of taken) deps.onTaken?.(one);
  await addToStories(stories, deps);
}

/** Records that follow-ups are reported as having been done once. Their current status is read. */
async function recordStatuses(
  events: readonly IncidentEvent[],
  { store, clock }: Pick<RecordDeps, 'store' | 'clock'>,
): Promise<void> {
  const reported = events.filter(({ followUp, status }) => followUp !== undefined && status !== undefined);
  if (reported.length === 0) return;
  const ids = reported.flatMap(({ followUp }) => followUp ?? []);
  const lastWrites = await store.lastWrites.getMany(ids);
  const rows = await store.followUps.update(ids, (current, id) => {
    if (current === undefined) return undefined;
    const before = current.history;
    const history = reported
      .filter(({ followUp }) => followUp === id)
      .reduce((known, { status }) => {
        if (status === undefined) return known;
        const version = { status: status.name, updatedAt: status.updatedAt };
        return reportedHistory({ ...current, history: known }, version, lastWrites.get(id), clock.now());
      }, before);
    return history === before ? current : { ...current, history };
  });
  const early = reported.flatMap(({ followUp, status }) =>
    followUp === undefined || status === undefined || rows.has(followUp) || !isDone(status.name)
      ? []
      : [[followUp, { status: status.name, updatedAt: status.updatedAt }] as const],
  );
  // Of several, the newest counts.
  await keepReportedEarly(new Map(early.sort(([, a], [, b]) => a.updatedAt - b.updatedAt)), { store, clock });
}

interface Recorded {
  /** The keys of tasks of which something new is known. */
  news: Set<string>;
  /** Where each task is now. */
  currentKeys: Map<string, string>;
}

/** Writes the standing states after these events. */
async function recordStates(events: readonly TaskEvent[], store: Store): Promise<Recorded> {
  const byTask = groupByTask(events);
  const moves = await movesOf(events, store);
  const moved = new Set(moves.map(({ to }) => to));
  const duplicates = events.flatMap(({ task, canonical }) =>
    canonical === undefined || canonical === task ? [] : [{ from: task, to: canonical }],
  );
  await follow([...moves, ...duplicates], store);

  const news = new Set(moved);
  const repeated = new Set<string>();
  await store.tasks.update(
    [...byTask.keys()].filter((task) => !moved.has(task)),
    (current, task) => {
      const standing = (byTask.get(task) ?? []).reduce(standingAfter, current);
      if (standing === current) return standing;
      const isAgain = current !== undefined && standing !== undefined && isRepeated(current, standing);
      (isAgain ? repeated : news).add(task);
      return standing;
    },
  );
  // Where a change could not be read, this may answer it.
  if (repeated.size > 0)
    for (const task of (await store.unreadChanges.getMany(repeated)).keys()) news.add(task);
  await recordMoved(moves, byTask, store);

  // Events of a former place after the move count where the task is now. The move writes the new place before it reads
  // the state here, and this does it the other way round: one of the two sees the other.
  const currentKeys = await store.currentKeysOf(byTask.keys());
  const elsewhere = [...currentKeys].filter(([task, currentKey]) => task !== currentKey);
  for (const currentKey of await bringStatesAlong(
    elsewhere.map(([from, to]) => ({ from, to })),
    store,
  ))
    news.add(currentKey);
  return { news, currentKeys };
}

/** Whether all that is new is that the tracker told the state once more: that is news for `standingChange` alone. */
function isRepeated(current: TaskRecord, next: TaskRecord): boolean {
  return isDeepStrictEqual({ ...current, toldAt: undefined }, { ...next, toldAt: undefined });
}

/** Records that what refers to `from` has to look at `to`. */
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
