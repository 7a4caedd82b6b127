import type { Clock } from '../clock.ts';
import { DUE, sectionRank } from '../review/sections.ts';
import type { BlockedSince } from '../store/announcement-records.ts';
import type { Store } from '../store/store.ts';

/** How many are checked; a brake or a refusal of everything shows in these. */
const MOST = 1_000;

/** An incident that should be closed and is not. */
export interface Overdue extends BlockedSince {
  incident: string;
  /** Whether that has lasted for too long. */
  late: boolean;
}

/**
 * The incidents that should be closed and are not: those that are due, and those that incident.io refuses. Remembers
 * since when, by the first look that found them. `blockedAfter`: how long is too long, ms.
 */
export async function overdueIncidents({
  store,
  clock,
  blockedAfter,
}: {
  store: Store;
  clock: Clock;
  blockedAfter: number;
}): Promise<Overdue[]> {
  const now = clock.now();
  const since = await shouldBeClosed(store, now);
  const gone: string[] = [];
  for await (const page of store.blocked.all()) for (const { id } of page) if (!since.has(id)) gone.push(id);
  if (gone.length > 0) await store.tables.put(gone.map((id) => store.blocked.change(id, undefined)));
  const known = await store.blocked.update(
    since.keys(),
    (current, incident) => current ?? { since: since.get(incident) ?? now, announced: false },
  );
  return [...known].map(([incident, entry]) => ({
    incident,
    ...entry,
    late: now - entry.since >= blockedAfter,
  }));
}

/** By when (ms) they were due; refused ones by now, since how long they have been refused is stored. */
async function shouldBeClosed(store: Store, now: number): Promise<Map<string, number>> {
  const [due, refused] = await Promise.all([
    store.tables.ranked(DUE, { min: -Infinity, max: now, limit: MOST }),
    store.tables.ranked(sectionRank('refused'), { min: -Infinity, max: Infinity, limit: MOST }),
  ]);
  return new Map([
    ...refused.map(({ member }) => [member, now] as const),
    ...due.map(({ member, score }) => [member, score] as const),
  ]);
}
