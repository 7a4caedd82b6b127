import { isDeepStrictEqual } from 'node:util';
import type { Store } from '../store/store.ts';
import type { UnreadTask } from '../store/tracker-records.ts';
import type { TaskKey } from '../vocabulary.ts';
import type { AllReadings } from './ask.ts';

/** How long sweeps skip a task that could not be read at first, ms; doubled with each further attempt. */
const FIRST_REST = 10 * 60_000;
const LONGEST_REST = 24 * 3_600_000;

/** Why a review is woken, for people to read. */
export const READABLE_CHANGED = 'whether its tasks can be read has changed';

/**
 * Stores which tasks could not be read and why, for sweeps and for people, and forgets those that could. Returns the
 * tasks for which what people see has changed. Tasks that were not asked for stay as they were.
 */
export async function keepUnread(
  { events, unreadable, failed }: Pick<AllReadings, 'events' | 'unreadable' | 'failed'>,
  { store, now }: { store: Store; now: number },
): Promise<TaskKey[]> {
  const changed = new Set<TaskKey>();
  // The change that a payload named is known now.
  await store.unreadChanges.update(events.keys(), () => undefined);
  await store.unreadTasks.update(
    [...events.keys(), ...unreadable.keys(), ...failed.keys()],
    (current, task) => {
      const why = unreadable.get(task) ?? failed.get(task);
      if (why === current?.why) changed.delete(task);
      else changed.add(task);
      return why === undefined ? undefined : next(current, { why, lasts: unreadable.has(task) }, now);
    },
  );
  return [...changed];
}

/** The same for any tasks: keeps only those that follow-ups refer to. Returns the incidents for which something changed. */
export async function keepUnreadOfLinked(
  asked: Pick<AllReadings, 'events' | 'unreadable' | 'failed'>,
  { store, now }: { store: Store; now: number },
): Promise<string[]> {
  const incidents = await store.incidentsOf([
    ...asked.events.keys(),
    ...asked.unreadable.keys(),
    ...asked.failed.keys(),
  ]);
  const linked = <T>(map: ReadonlyMap<TaskKey, T>) =>
    new Map([...map].filter(([task]) => incidents.get(task)?.size));
  const changed = await keepUnread(
    { events: linked(asked.events), unreadable: linked(asked.unreadable), failed: linked(asked.failed) },
    { store, now },
  );
  return [...new Set(changed.flatMap((task) => [...(incidents.get(task) ?? [])]))];
}

function next(
  current: UnreadTask | undefined,
  { why, lasts }: Pick<UnreadTask, 'why' | 'lasts'>,
  now: number,
): UnreadTask {
  // Several may ask at once, or reviews again and again: that must not lengthen the interval for sweeps.
  if (current !== undefined && now < current.retryAt) {
    const same = { ...current, why, lasts };
    return isDeepStrictEqual(same, current) ? current : same;
  }
  const tries = (current?.tries ?? 0) + 1;
  const rest = Math.min(LONGEST_REST, FIRST_REST * 2 ** (tries - 1));
  return { why, lasts, since: current?.since ?? now, tries, retryAt: now + rest };
}
