import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { StatusCache } from '../incident-io/status-cache.ts';
import { readObservedSince } from '../store/observed-since.ts';
import { incidentStatus } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { IncidentStatus } from '../vocabulary.ts';
import { nextSlot } from './closing/brake.ts';
import type { Facts } from './facts.ts';

/** What the store remembers of an incident that a decision is based on. */
export type StoredFacts = Pick<
  Facts,
  | 'closures'
  | 'hold'
  | 'releasedAt'
  | 'backlog'
  | 'observedSince'
  | 'movedBack'
  | 'refusal'
  | 'ready'
  | 'brakeUntil'
  | 'now'
>;

/** These facts of some incidents, in a few round trips. */
export async function storedFacts(
  ids: readonly string[],
  { store, clock, maxClosesPerHour }: { store: Store; clock: Clock; maxClosesPerHour: number },
): Promise<(id: string) => StoredFacts> {
  // These do not depend on each other: read together, they cost one round trip.
  const [released, closures, holds, backlog, observedSince, movedBack, refusals, ready, brakeUntil] =
    await Promise.all([
      // Read before what a release lifts: a review that still sees any of that has not seen the release.
      store.released.getMany(ids),
      store.closures.getMany(ids),
      store.holds.getMany(ids),
      store.backlog.getMany(ids),
      readObservedSince(store),
      store.movedBack.getMany(ids),
      store.refusals.getMany(ids),
      store.ready.getMany(ids),
      maxClosesPerHour > 0 ? nextSlot(maxClosesPerHour, clock.now(), store) : undefined,
    ]);
  const now = clock.now();
  return (id) => {
    const since = ready.get(id);
    return {
      closures: closures.get(id) ?? [],
      hold: holds.get(id),
      releasedAt: released.get(id),
      backlog: backlog.get(id),
      observedSince,
      movedBack: movedBack.get(id),
      refusal: refusals.get(id),
      // Set in the future, by a clock that has been set back since: it settles again.
      ready: since !== undefined && since.since > now ? undefined : since,
      brakeUntil,
      now,
    };
  };
}

const STATUSES = 'statuses';
const kept = new WeakMap<Store, readonly IncidentStatus[]>();

/** The organisation's statuses, which are also kept for those who make no call to incident.io. */
export async function readStatuses(cache: StatusCache, store: Store): Promise<readonly IncidentStatus[]> {
  const statuses = await cache.get();
  if (kept.get(store) !== statuses) {
    await store.meta.put(STATUSES, JSON.stringify(statuses));
    kept.set(store, statuses);
  }
  return statuses;
}

/** As they were last read; `undefined`: nobody read them yet. */
export async function knownStatuses(store: Store): Promise<readonly IncidentStatus[] | undefined> {
  const text = await store.meta.get(STATUSES);
  return text === undefined ? undefined : z.array(incidentStatus).parse(JSON.parse(String(text)));
}
