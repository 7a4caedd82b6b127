import type { Outcome } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/**
 * Where an open incident stands, for the board and `/metrics`. Each group is a rank in the store, so that it is
 * counted and read page by page without looking at the others.
 */
export const groups = ['soon', 'waiting', 'held', 'moved-back', 'backlog', 'refused', 'left'] as const;
export type Group = (typeof groups)[number];

export const groupRank = (group: Group) => `group ${group}`;

/** The rank of incidents that nothing keeps open any more, by when (ms) they were or are due to be closed. */
export const DUE = 'due';

/** What the store remembers of an incident that tells its group. */
export interface Remembered {
  outcome?: Outcome;
  held: boolean;
  inBacklog: boolean;
  movedBack: boolean;
}

/** Whether the incident was closed after that review. */
export function saysClosed({ verdict, reason, dryRun }: Outcome): boolean {
  return reason === 'already-closed' || (verdict === 'close' && dryRun !== true);
}

/** `undefined`: it is closed. What was lifted since the last review counts as waiting for the next one. */
export function groupOf({ outcome, held, inBacklog, movedBack }: Remembered): Group | undefined {
  if (outcome !== undefined && saysClosed(outcome)) return undefined;
  if (held) return 'held';
  if (outcome === undefined) return inBacklog ? 'backlog' : 'waiting';
  switch (outcome.verdict) {
    case 'close':
      return 'soon';
    case 'resolve':
      return outcome.dryRun === true ? 'soon' : 'left';
    case 'wait':
      if (outcome.reason === 'unreadable') return 'refused';
      return isAboutToClose(outcome.reason) ? 'soon' : 'waiting';
    case 'leave':
      return left(outcome.reason, { inBacklog, movedBack });
  }
}

/** Whether nothing that people do is waited for any more. */
export function isAboutToClose(reason: string): boolean {
  return ['settling', 'brake', 'confirming'].includes(reason);
}

function left(reason: string, { inBacklog, movedBack }: Pick<Remembered, 'inBacklog' | 'movedBack'>): Group {
  switch (reason) {
    case 'held':
      return 'waiting';
    case 'backlog':
      return inBacklog ? 'backlog' : 'waiting';
    case 'moved-back':
    case 'resolved-by-us':
      return movedBack ? 'moved-back' : 'waiting';
    case 'refused':
    case 'key-role':
    case 'no-status':
      return 'refused';
    default:
      return 'left';
  }
}

/**
 * Puts incidents where what is remembered says that they belong. `openAt`: they were open then (ms), so a closing
 * that is remembered from before was undone.
 */
export async function regroup(incidents: readonly string[], store: Store, openAt?: number): Promise<void> {
  if (incidents.length === 0) return;
  const [outcomes, holds, backlog, movedBack] = await Promise.all([
    store.outcomes.getMany(incidents),
    store.holds.getMany(incidents),
    store.backlog.getMany(incidents),
    store.movedBack.getMany(incidents),
  ]);
  const places = incidents.map((incident): Place => {
    const known = outcomes.get(incident);
    const outcome = known && saysClosed(known) && known.at < (openAt ?? 0) ? undefined : known;
    const group = groupOf({
      ...(outcome && { outcome }),
      held: holds.has(incident),
      inBacklog: backlog.has(incident),
      movedBack: movedBack.has(incident),
    });
    return { incident, group, score: outcome === undefined ? 0 : scoreOf(outcome) };
  });
  await place(places, store);
}

interface Place {
  incident: string;
  group: Group | undefined;
  score: number;
}

/** Those about to be closed are listed by when that is, all others by when they were looked at. */
function scoreOf({ until, at }: Outcome): number {
  return until ?? at;
}

/** In an order that can be repeated after a crash: the group that is remembered is written last. */
async function place(places: readonly Place[], store: Store): Promise<void> {
  const before = await store.groups.getMany(places.map(({ incident }) => incident));
  for (const group of groups) {
    const came = places.filter((one) => one.group === group);
    const gone = places.filter((one) => one.group !== group && before.get(one.incident) === group);
    const rank = groupRank(group);
    if (came.length > 0)
      await store.tables.rank(
        rank,
        came.map(({ incident, score }) => ({ member: incident, score })),
      );
    if (gone.length > 0)
      await store.tables.unrank(
        rank,
        gone.map(({ incident }) => incident),
      );
  }
  const changed = places.filter(({ incident, group }) => before.get(incident) !== group);
  if (changed.length > 0)
    await store.tables.put(changed.map(({ incident, group }) => store.groups.change(incident, group)));
}

/** Takes incidents off the board that are not open any more. */
export async function ungroup(incidents: readonly string[], store: Store): Promise<void> {
  if (incidents.length === 0) return;
  await place(
    incidents.map((incident) => ({ incident, group: undefined, score: 0 })),
    store,
  );
  await store.tables.unrank(DUE, incidents);
}
