import { DUE, sectionRank } from '../review/sections.ts';
import type { Store } from '../store/store.ts';
import { announceEvent, type EventDeps } from './event.ts';
import { blockedBody } from './message.ts';

/** How many are checked; a brake or a refusal of everything shows in these. */
const MOST = 1_000;

/**
 * Finds incidents that should have been closed for `blockedAfter` ms and are not: those that are due, and those that
 * incident.io refuses. Each is announced once until it is no longer either.
 */
export async function announceBlocked(deps: EventDeps & { blockedAfter: number }): Promise<void> {
  const { store, clock, blockedAfter } = deps;
  const now = clock.now();
  const since = await shouldBeClosed(store, now);
  const gone: string[] = [];
  for await (const page of store.blocked.all()) for (const { id } of page) if (!since.has(id)) gone.push(id);
  await store.tables.put(gone.map((id) => store.blocked.change(id, undefined)));

  const known = await store.blocked.getMany(since.keys());
  for (const [incident, at] of since) {
    const entry = known.get(incident) ?? { since: at, told: false };
    const late = now - entry.since >= blockedAfter;
    if (late && !entry.told) {
      const [outcome, record] = await Promise.all([
        store.outcomes.get(incident),
        store.incidents.get(incident),
      ]);
      const body = blockedBody(incident, { since: entry.since, at: now }, outcome, record);
      const member = `incident.blocked/${incident}/${entry.since}`;
      await announceEvent(member, { type: 'incident.blocked', incident, at: now, body }, deps);
    }
    if (!known.has(incident) || late !== entry.told)
      await store.blocked.put(incident, { ...entry, told: late });
  }
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
