import { randomUUID } from 'node:crypto';
import { PAGE_SIZE } from '../incident-io/paging.ts';
import { ruleFor } from '../policy/rule.ts';
import { OPEN_INTENTS, unrankSettled } from '../review/closing.ts';
import { enoughDone } from '../review/decide.ts';
import { count, rememberIncidents } from '../review/gather.ts';
import { looksOf } from '../review/looks.ts';
import type { Counted } from '../review/words.ts';
import type { Outcome } from '../store/records.ts';
import { inSpan } from '../tracing/spans.ts';
import type { Incident, TaskKey } from '../vocabulary.ts';
import { asFollowUp, indexedTaskKey, rowsOf } from './rows.ts';
import { isFresh, type SyncDeps, sync } from './sync.ts';
import { forgetClosed, watch } from './watch.ts';

export interface SweepDeps extends SyncDeps {
  clearStrayKeys(incidentIds: readonly string[]): Promise<string[]>;
  /** Whether task states are written to follow-ups here. */
  writes: boolean;
  /** How many reviews wait for a worker. */
  waiting(): Promise<number>;
  /** Asks the trackers for tasks, for as long as `goOn` says so; what they tell goes the way of every event. */
  readOutstanding(tasks: ReadonlySet<TaskKey>, goOn: () => Promise<boolean>): Promise<number>;
  /** Waits ms between pages, so that a sweep in the background is hardly noticed; absent: it does not. */
  pause?(ms: number): Promise<void>;
  /** Told after each page how many incidents were looked at. */
  onProgress?(incidents: number): void;
}

export interface Swept {
  incidents: number;
  woken: string[];
  /** How many tasks of outstanding follow-ups were read from their trackers. */
  tasksRead: number;
}

const LEASE = 5 * 60_000;
const BETWEEN_PAGES = 1_000;
/** Open incidents, of which `categories` may become ready: also of the others the board tells what they wait for. */
const OPEN = ['learning', 'live', 'triage'];
/** Verdicts that only a change can alter are looked at anew after this, ms, even so. */
const LOOK_AGAIN = 24 * 3_600_000;
const LASTING = ['moved-back', 'resolved-by-us', 'refused', 'backlog', 'held', 'rule', 'no-postmortem'];

/**
 * The regular look at every incident that might be ready: makes good what webhooks and queue lost. Costs pages
 * and not incidents: it joins the list of incidents with the index, and wakes a review only where nothing seems
 * to block, or where the end of an edit is unknown. Last, it asks the trackers for the tasks that are waited for.
 *
 * `undefined`: another process is at it, or was within `every` ms.
 */
export async function sweep(deps: SweepDeps, every: number): Promise<Swept | undefined> {
  const { store, clock } = deps;
  const isDue = async () => clock.now() - Number((await store.meta.get('last-sweep')) ?? 0) >= every;
  if (!(await isDue())) return undefined;
  const holder = randomUUID();
  if (!(await store.lease('sweep', holder, clock.now(), LEASE))) return undefined;
  try {
    // Another process may have swept between the look and the lease.
    if (!(await isDue())) return undefined;
    return await inSpan('sweep', {}, () => round(deps, every, holder));
  } finally {
    await store.release('sweep', holder);
  }
}

/** One sweep, under the lease. */
async function round(deps: SweepDeps, every: number, holder: string): Promise<Swept | undefined> {
  const { store, api, clock, categories, log } = deps;
  // Who asks for a sweep by hand wants what is true now.
  if (every === 0 || !(await isFresh(deps))) await sync(deps);
  // Another process is at the first sync: there is nothing to join with yet.
  if (!(await store.synced())) return undefined;
  const swept: Swept = { incidents: 0, woken: [], tasksRead: 0 };
  const waitedFor = new Set<TaskKey>();
  const started = clock.now();
  const open = new Set<string>();
  for await (const page of api.incidents(OPEN)) {
    await store.lease('sweep', holder, clock.now(), LEASE);
    await rememberIncidents(page, store);
    await watch(page, started, store);
    for (const { id } of page) open.add(id);
    const relevant = page.filter(({ status }) => categories.includes(status.category));
    swept.incidents += relevant.length;
    // While everything is paused, only edits whose end is unknown are looked after.
    if (deps.policy.paused === undefined) {
      const looked = await look(relevant, deps);
      swept.woken.push(...looked.ready);
      for (const task of looked.waitedFor) waitedFor.add(task);
    }
    deps.onProgress?.(swept.incidents);
    if (page.length === PAGE_SIZE) await deps.pause?.(BETWEEN_PAGES);
  }
  await forgetClosed(open, started, store);
  swept.woken.push(...(await openIntents(deps)));
  await deps.clearStrayKeys(swept.woken);
  const goOn = () => store.lease('sweep', holder, clock.now(), LEASE);
  await wakeInPortions([...new Set(swept.woken)], goOn, deps);
  await store.meta.put('last-sweep', clock.now());
  log.info({ incidents: swept.incidents, woken: swept.woken.length }, 'swept');
  swept.tasksRead = await deps.readOutstanding(waitedFor, goOn);
  return swept;
}

/**
 * Of these incidents, `ready` are those where nothing in index and store seems to block, and which nobody said to
 * leave; `waitedFor` are the tasks of their follow-ups that are outstanding, or block whatever their status is.
 */
async function look(
  incidents: readonly Incident[],
  deps: SweepDeps,
): Promise<{ ready: string[]; waitedFor: TaskKey[] }> {
  const { store, clock, policy } = deps;
  const rules = new Map(incidents.map((incident) => [incident.id, ruleFor(policy.rules, incident)]));
  const rule = (id: string) => {
    const found = rules.get(id);
    if (found === undefined) throw new TypeError(`the incident ${id} is not on this page`);
    return found;
  };
  const ids = incidents.map(({ id }) => id);
  const rows = await rowsOf(ids, store);
  const released = await store.released.getMany(ids);
  const outcomes = await store.outcomes.getMany(ids);
  const backlog = await store.backlog.getMany(ids);
  const followUps = [...rows.values()].flatMap((list) => list.map(({ id, row }) => asFollowUp(id, row)));
  const { followUps: all, records } = await count(
    followUps,
    (id) => ({ rule: rule(id), releasedAt: released.get(id) }),
    { ...deps, taskKeyOf: indexedTaskKey },
  );
  const ready = incidents
    .filter((incident) => {
      const counted = all.filter(({ followUp }) => followUp.incidentId === incident.id);
      // A write that a review could not make before it was given up.
      if (deps.writes && counted.some(({ effective }) => 'write' in effective && effective.write))
        return true;
      if (!enoughDone(counted, rule(incident.id))) return false;
      const outcome = outcomes.get(incident.id);
      // A review beside the last one saw something block, since when it is no backlog any more.
      if (outcome?.reason === 'backlog' && !backlog.has(incident.id)) return true;
      return !(outcome && isLasting(outcome, incident, counted, released.get(incident.id), clock.now()));
    })
    .map(({ id }) => id);
  const waitedFor = all
    .filter(({ followUp, effective }) => followUp.status === 'outstanding' || effective.counts === 'blocks')
    .flatMap(({ task }) => (task === undefined ? [] : [task, records.get(task)?.canonical ?? task]));
  return { ready, waitedFor };
}

/** So many reviews are woken at once; those after them wait for as long as so many still do, a minute (ms) at most. */
const PORTION = 20;
const LOOK_EVERY = 500;
const LONGEST_WAIT = 60_000;

/** A few at a time: an event for an incident that waits here would have to wait along with all before it. */
async function wakeInPortions(
  incidents: readonly string[],
  goOn: () => Promise<boolean>,
  { waker, pause, waiting, clock }: SweepDeps,
): Promise<void> {
  for (let start = 0; start < incidents.length; start += PORTION) {
    if (pause !== undefined && start > 0) {
      const since = clock.now();
      while ((await waiting()) >= PORTION && clock.now() - since < LONGEST_WAIT) {
        await goOn();
        await pause(LOOK_EVERY);
      }
    }
    await waker.wake(incidents.slice(start, start + PORTION), 'sweep', { behind: true });
  }
}

/** Whether the last verdict says to leave the incident, and nothing that could alter it has happened since. */
function isLasting(
  outcome: Outcome,
  incident: Incident,
  counted: readonly Counted[],
  releasedAt: number | undefined,
  now: number,
): boolean {
  return (
    LASTING.includes(outcome.reason) &&
    outcome.looks === looksOf({ incident, followUps: counted }) &&
    // One that came while it was looked at is news.
    outcome.releasedAt === releasedAt &&
    now - outcome.at < LOOK_AGAIN
  );
}

/** Incidents with an edit whose end nobody knows. */
async function openIntents({ store }: SweepDeps): Promise<string[]> {
  const ranked = await store.tables.ranked(OPEN_INTENTS, { min: -Infinity, max: Infinity, limit: 1000 });
  return unrankSettled(
    ranked.map(({ member }) => member),
    store,
  );
}
