import { randomUUID } from 'node:crypto';
import { isOver } from '../clock.ts';
import { PAGE_SIZE } from '../incident-io/paging.ts';
import { ruleFor } from '../policy/rule.ts';
import { backlogSince } from '../review/backlog.ts';
import { OPEN_INTENTS, removeSettledIntents } from '../review/closing/intents.ts';
import { enoughDone } from '../review/decide.ts';
import { tasksOf } from '../review/duplicates.ts';
import { fingerprintOf } from '../review/fingerprint.ts';
import { countFollowUps, storeIncidents } from '../review/gather.ts';
import type { CountedFollowUp } from '../review/sentences.ts';
import { inSpan } from '../spans.ts';
import { readInForce } from '../store/in-force.ts';
import { readObservedSince } from '../store/observed-since.ts';
import type { Outcome } from '../store/records.ts';
import { FOLLOW_UP_WRITES } from '../store/sources.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import type { Incident, TaskKey } from '../vocabulary.ts';
import type { SyncDeps } from './deps.ts';
import { indexedFollowUpOf, indexedRowsOf, indexedTaskKey } from './indexed-rows.ts';
import { isFresh, sync } from './sync.ts';
import { forgetClosed, watchIncidents } from './watched-incidents.ts';

export interface SweepDeps extends SyncDeps {
  clearStrayKeys(incidentIds: readonly string[]): Promise<string[]>;
  /** Whether task states are written to follow-ups. */
  writes: boolean;
  /** How many reviews are waiting for a worker. */
  waiting(): Promise<number>;
  /** Reads tasks from their trackers while `goOn` says so; what they report is recorded like every event. */
  readOutstanding(tasks: ReadonlySet<TaskKey>, goOn: () => Promise<boolean>): Promise<number>;
  /** Waits ms between pages, so that a background sweep is hardly noticed; absent: it does not wait. */
  pause?(ms: number): Promise<void>;
  /** Called after each page with the number of incidents checked. */
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
/** Open incidents, of which `categories` may become ready: the board shows what the others wait for, too. */
export const OPEN = ['learning', 'live', 'triage'];
/** Verdicts that only a change can alter are reviewed again after this anyway, ms. */
const CHECK_AGAIN = 24 * 3_600_000;
const LASTING = [
  ...['moved-back', 'resolved-by-us', 'refused', 'backlog', 'held'],
  ...['rule', 'no-postmortem', 'roles', 'in-flow', 'business-hours'],
];

/**
 * The regular check of every incident that might be ready: recovers what webhooks and queue lost. Its cost grows with
 * pages, not incidents: it joins the list of incidents with the index, and wakes a review only if nothing seems to
 * block or the outcome of an edit is unknown. Finally it asks the trackers for the tasks that incidents wait for.
 *
 * `undefined`: another process is sweeping, or did within `every` ms.
 */
export async function sweep(deps: SweepDeps, every: number): Promise<Swept | undefined> {
  const { store, clock } = deps;
  const isDue = async () => {
    const [last, known] = await Promise.all([store.meta.get('last-sweep'), readInForce(store)]);
    const at = Number(last ?? 0);
    // Other settings or another policy may have made a difference to any incident.
    return isOver(at, every, clock.now()) || at < (known?.since ?? -Infinity);
  };
  if (!(await isDue())) return undefined;
  const holder = randomUUID();
  if (!(await store.takeLease('sweep', holder, clock.now(), LEASE))) return undefined;
  try {
    // Another process may have swept between the check and the lease.
    if (!(await isDue())) return undefined;
    return await inSpan('sweep', {}, () => round(deps, every, holder));
  } finally {
    await store.releaseLease('sweep', holder);
  }
}

/** How long (ms) until the next regular sweep, as things stand; 0: it is due. */
export async function untilSweep(
  { store, clock }: Pick<SweepDeps, 'store' | 'clock'>,
  every: number,
): Promise<number> {
  const last = Number((await store.meta.get('last-sweep')) ?? 0);
  const now = clock.now();
  return isOver(last, every, now) ? 0 : last + every - now;
}

/** One sweep, under the lease. */
async function round(deps: SweepDeps, every: number, holder: string): Promise<Swept | undefined> {
  const { store, api, clock, categories, log } = deps;
  // Whoever sweeps by hand wants the current state.
  if (every === 0 || !(await isFresh(deps))) await sync(deps);
  // Another process is running the first sync: there is nothing to join with yet.
  if (!(await store.synced())) return undefined;
  const swept: Swept = { incidents: 0, woken: [], tasksRead: 0 };
  const waitedFor = new Set<TaskKey>();
  const started = clock.now();
  const since = await changedAt(store);
  const open = new Set<string>();
  for await (const page of api.incidents(OPEN)) {
    await store.takeLease('sweep', holder, clock.now(), LEASE);
    await storeIncidents(page, store);
    await watchIncidents(page, started, store);
    for (const { id } of page) open.add(id);
    const relevant = page.filter(({ status }) => categories.includes(status.category));
    swept.incidents += relevant.length;
    swept.woken.push(...(await outdated(page, since, store)));
    // While everything is paused, only edits with an unknown outcome are followed up.
    if (deps.policy.paused === undefined) {
      const checked = await checkAll(relevant, since, deps);
      swept.woken.push(...checked.ready);
      for (const task of checked.waitedFor) waitedFor.add(task);
    }
    deps.onProgress?.(swept.incidents);
    if (page.length === PAGE_SIZE) await deps.pause?.(BETWEEN_PAGES);
  }
  await forgetClosed(open, started, store);
  swept.woken = [...new Set([...swept.woken, ...(await openIntents(deps))])];
  await deps.clearStrayKeys(swept.woken);
  const goOn = () => store.takeLease('sweep', holder, clock.now(), LEASE);
  await wakeInPortions(swept.woken, goOn, deps);
  // What was changed while it swept makes another one due.
  await store.meta.put('last-sweep', (await changedAt(store)) > since ? started : clock.now());
  log.info({ incidents: swept.incidents, woken: swept.woken.length }, 'swept');
  swept.tasksRead = await deps.readOutstanding(waitedFor, goOn);
  return swept;
}

/** Since when (ms) the workers decide as they do. */
async function changedAt(store: Store): Promise<number> {
  return (await readInForce(store))?.since ?? -Infinity;
}

/**
 * The incidents whose last verdict came under other settings, another policy or in a dry run, and rested on them: those
 * that wait for follow-ups are looked at once nothing seems to block.
 */
async function outdated(incidents: readonly Incident[], since: number, store: Store): Promise<string[]> {
  if (since === -Infinity) return [];
  const outcomes = await store.outcomes.getMany(incidents.map(({ id }) => id));
  return [...outcomes].flatMap(([id, { at, reason }]) => (at < since && reason !== 'follow-ups' ? [id] : []));
}

/**
 * Of these incidents, `ready` are those that nothing in index and store seems to block and that are not to be left
 * alone; `waitedFor` are the tasks of follow-ups that are outstanding, or block whatever their status is.
 */
async function checkAll(
  incidents: readonly Incident[],
  since: number,
  deps: SweepDeps,
): Promise<{ ready: string[]; waitedFor: TaskKey[] }> {
  const { store, clock, policy } = deps;
  const rules = new Map(incidents.map((incident) => [incident.id, ruleFor(policy.rules, incident)]));
  const rule = (id: string) => {
    const found = rules.get(id);
    if (found === undefined) throw new TypeError(`the incident ${id} is not on this page`);
    return found;
  };
  const listed = new Map(incidents.map((incident) => [incident.id, incident]));
  const ids = [...listed.keys()];
  const rows = await indexedRowsOf(ids, store);
  const released = await store.released.getMany(ids);
  const outcomes = await store.outcomes.getMany(ids);
  const [backlog, observedSince] = await Promise.all([store.backlog.getMany(ids), readObservedSince(store)]);
  const followUps = [...rows.values()].flatMap((list) =>
    list.map(({ id, row }) => indexedFollowUpOf(id, row)),
  );
  const { followUps: all } = await countFollowUps(
    followUps,
    (id) => ({ rule: rule(id), releasedAt: released.get(id), incidentUpdatedAt: listed.get(id)?.updatedAt }),
    { ...deps, taskKeyOf: indexedTaskKey },
  );
  const readySince = (
    { id, visibility }: Incident,
    followUps: readonly CountedFollowUp[],
    sources: readonly string[] = [],
  ) =>
    backlogSince(
      {
        ...{ followUps, observedSince, entry: backlog.get(id), releasedAt: released.get(id) },
        isPrivate: isPrivate(visibility),
      },
      sources,
    );
  const isLeftAsItIs = (incident: Incident, followUps: readonly CountedFollowUp[]) =>
    readySince(incident, followUps, [FOLLOW_UP_WRITES]) !== undefined;
  const found = incidents.flatMap((incident) => {
    const { id } = incident;
    const counted = all.filter(({ followUp }) => followUp.incidentId === id);
    if (backlog.has(id) || !enoughDone(counted, rule(id))) return [];
    const began = readySince(incident, counted);
    return began === undefined ? [] : [store.backlog.change(id, { at: began.at })];
  });
  await store.tables.put(found);
  const ready = incidents
    .filter((incident) => {
      const counted = all.filter(({ followUp }) => followUp.incidentId === incident.id);
      // A write that a review did not get to before it was given up.
      const isWriteDue = counted.some(({ effective }) => 'write' in effective && effective.write);
      if (deps.writes && isWriteDue && !isLeftAsItIs(incident, counted)) return true;
      if (!enoughDone(counted, rule(incident.id))) return false;
      const outcome = outcomes.get(incident.id);
      const stands = outcome !== undefined && outcome.at >= since;
      return !(stands && isLasting(outcome, incident, counted, released.get(incident.id), clock.now()));
    })
    .map(({ id }) => id);
  const waitedFor = all
    .filter(({ followUp, effective }) => followUp.status === 'outstanding' || effective.countsAs === 'blocks')
    .flatMap(tasksOf);
  return { ready, waitedFor };
}

/** How many reviews are woken at once; the next portion waits while that many still wait, a minute (ms) at most. */
const PORTION = 20;
const CHECK_EVERY = 500;
const LONGEST_WAIT = 60_000;

/** In portions: an event for an incident at the end would otherwise wait for all before it. */
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
        await pause(CHECK_EVERY);
      }
    }
    await waker.wake(incidents.slice(start, start + PORTION), 'sweep', { behind: true });
  }
}

/** Whether the last verdict was to leave the incident, and nothing that could alter it has happened since. */
function isLasting(
  outcome: Outcome,
  incident: Incident,
  counted: readonly CountedFollowUp[],
  releasedAt: number | undefined,
  now: number,
): boolean {
  return (
    LASTING.includes(outcome.reason) &&
    outcome.fingerprint === fingerprintOf({ incident, followUps: counted }) &&
    // A release during that review is news.
    outcome.releasedAt === releasedAt &&
    now < Math.min(outcome.at + CHECK_AGAIN, outcome.until ?? Number.POSITIVE_INFINITY)
  );
}

/** Incidents with an edit whose outcome is unknown. */
async function openIntents({ store }: SweepDeps): Promise<string[]> {
  const ranked = await store.tables.ranked(OPEN_INTENTS, { min: -Infinity, max: Infinity, limit: 1000 });
  return removeSettledIntents(
    ranked.map(({ member }) => member),
    store,
  );
}
