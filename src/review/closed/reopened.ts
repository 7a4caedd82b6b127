import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { IncidentIoReader } from '../../incident-io/api.ts';
import { NotFoundError } from '../../incident-io/errors.ts';
import { addToStory } from '../../store/history/stories.ts';
import type { ReopenedTask } from '../../store/notices/reopened.ts';
import type { Closure } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { storeIncidents } from '../gather.ts';
import type { CountedFollowUp } from '../sentences.ts';

/**
 * A task of an incident that we closed is opened again later. The incident stays closed: incident.io's API opens none
 * again, and people decide. What is known of it is stored with the closing, once for each task.
 */
export interface TellReopened {
  /** Called with each before it is stored, perhaps again after a crash, so that it is told. */
  onReopened?: ((incidentId: string, closure: Closure, task: ReopenedTask) => Promise<void>) | undefined;
  /** Whether a follow-up is made about each: `ON_REOPENED`. */
  makesFollowUps?: boolean;
  /** Called once for each, for metrics. */
  countReopened?: (() => void) | undefined;
}

export interface ReopenedDeps extends TellReopened {
  store: Store;
  api: Pick<IncidentIoReader, 'incident'>;
  clock: Clock;
  log: Logger;
}

/** Stores and tells what was opened again since our last closing of this incident, if it is still closed. */
export async function recordReopened(
  incidentId: string,
  followUps: readonly CountedFollowUp[],
  deps: ReopenedDeps,
): Promise<void> {
  const { store, api, clock, log, onReopened, countReopened } = deps;
  if (!followUps.some(isOpenAgain)) return;
  const closure = lastClosing((await store.closures.get(incidentId)) ?? []);
  if (closure === undefined) return;
  const found = reopenedOf(closure, followUps, clock.now());
  const fresh = found.map((one) => ({ ...one, ...(deps.makesFollowUps && { making: true }) }));
  if (fresh.length === 0 || !(await isClosed(incidentId, api, store))) return;
  for (const one of fresh) {
    await onReopened?.(incidentId, closure, one);
    let added = false;
    await store.closures.update([incidentId], (current) => {
      added = false;
      return current?.map((known) => {
        if (known.id !== closure.id || known.reopened?.some(({ task }) => task === one.task)) return known;
        added = true;
        return { ...known, reopened: [...(known.reopened ?? []), one] };
      });
    });
    if (!added) continue;
    countReopened?.();
    const { task, followUp, name, since, at } = one;
    const entry = { kind: 'reopened' as const, at, closure: closure.id, task, followUp, name, since };
    await addToStory(incidentId, entry, deps);
    const reference = (await store.incidents.get(incidentId))?.reference ?? incidentId;
    log.warn(
      { incident: incidentId, closure: closure.id },
      `${reference}: a task was opened again after incident-closer had closed the incident: look whether that is to be gone on with`,
    );
  }
}

/** The closing that holds: the last one of ours that was confirmed. */
function lastClosing(closures: readonly Closure[]): Closure | undefined {
  return closures.filter(({ to, outcome }) => to === 'closed' && outcome === 'confirmed').at(-1);
}

/** Whether its task is open after it was known done or declined, be the follow-up written by now or not. */
function isOpenAgain({ effective, taskState }: CountedFollowUp): boolean {
  if (effective.countsAs === 'deleted' || effective.countsAs === 'done') return false;
  return taskState?.state === 'open' && taskState.seenClosed && taskState.isDuplicate !== true;
}

/** The tasks that the closing rested on and that are open again, without those that are known; each once. */
export function reopenedOf(
  closure: Pick<Closure, 'evidence' | 'reopened'>,
  followUps: readonly CountedFollowUp[],
  now: number,
): ReopenedTask[] {
  const rows = new Map(closure.evidence.map((row) => [row.followUp, row]));
  const knew = followUps.map(({ followUp }) => followUp.id);
  const found = new Map<string, ReopenedTask>();
  for (const counted of followUps) {
    const row = rows.get(counted.followUp.id);
    if (row?.task === undefined || !isOpenAgain(counted)) continue;
    if (found.has(row.task) || closure.reopened?.some(({ task }) => task === row.task)) continue;
    const { id, title, reference } = counted.followUp;
    found.set(row.task, {
      task: row.task,
      followUp: id,
      title,
      name: reference?.name ?? row.name,
      url: reference?.permalink ?? row.url,
      since: counted.taskState?.since ?? now,
      at: now,
      knew,
    });
  }
  return [...found.values()];
}

/** Whether incident.io shows it closed now: of one that people opened again they know. */
async function isClosed(incidentId: string, api: ReopenedDeps['api'], store: Store): Promise<boolean> {
  try {
    const incident = await api.incident(incidentId);
    await storeIncidents([incident], store);
    return incident.status.category === 'closed';
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}
