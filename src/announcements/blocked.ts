import { DUE, groupRank } from '../review/groups.ts';
import type { Store } from '../store/store.ts';
import { type EventDeps, tellEvent } from './event.ts';
import { blockedBody } from './message.ts';

/** As many as are looked at; a brake and a refusal of everything are told often enough by these. */
const MOST = 1_000;

/**
 * Finds incidents that should be closed and have not been for `blockedAfter` ms: those that are due, and those that
 * incident.io refuses. Each is told once until it is neither any more.
 */
export async function tellBlocked(deps: EventDeps & { blockedAfter: number }): Promise<void> {
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
      await tellEvent(member, { type: 'incident.blocked', incident, at: now, body }, deps);
    }
    if (!known.has(incident) || late !== entry.told)
      await store.blocked.put(incident, { ...entry, told: late });
  }
}

/** By when (ms) they were due; those that are refused, by now: how long they are is remembered. */
async function shouldBeClosed(store: Store, now: number): Promise<Map<string, number>> {
  const [due, refused] = await Promise.all([
    store.tables.ranked(DUE, { min: -Infinity, max: now, limit: MOST }),
    store.tables.ranked(groupRank('refused'), { min: -Infinity, max: Infinity, limit: MOST }),
  ]);
  return new Map([
    ...refused.map(({ member }) => [member, now] as const),
    ...due.map(({ member, score }) => [member, score] as const),
  ]);
}
