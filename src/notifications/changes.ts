import type { Trouble } from '../operations/troubles.ts';
import type { NoticePlace, TroubleNotice } from '../store/notices/troubles.ts';

/** What stands about each trouble after a check. Pure: what is told follows from it alone. */

/** A trouble is over once it was not found for this long, ms: what comes and goes is one trouble. */
export const OVER_AFTER = 60_000;
/** That something is over is told within this time or not at all, ms. */
const OVER_WITHIN = 86_400_000;

/** One trouble after a check that found it, or did not; `undefined`: it was unknown, and is. */
export function afterCheck(
  known: TroubleNotice | undefined,
  found: Pick<Trouble, 'kind' | 'words'> | undefined,
  now: number,
): TroubleNotice | undefined {
  if (found !== undefined) {
    const { kind, words } = found;
    if (known === undefined || known.over) return { kind, words, since: now, over: false, places: {} };
    if (known.words === words && known.goneAt === undefined) return known;
    const { goneAt: _, ...stands } = known;
    return { ...stands, words };
  }
  if (known === undefined || known.over) return known;
  if (known.goneAt === undefined) return { ...known, goneAt: now };
  return now - known.goneAt >= OVER_AFTER ? { ...known, over: true } : known;
}

const UNTOLD: NoticePlace = { told: 'nothing', tries: 0, nextAt: 0 };

export function noticePlaceOf({ places }: TroubleNotice, to: string): NoticePlace {
  return places[to] ?? UNTOLD;
}

/** What a destination has to be told about it now; `undefined`: nothing, or not yet. */
export function dueFor(known: TroubleNotice, to: string, now: number): 'trouble' | 'over' | undefined {
  const { told, nextAt } = noticePlaceOf(known, to);
  const state = known.over ? 'over' : 'trouble';
  // What ended before it could be told is not told.
  if (told === state || (known.over && told === 'nothing') || nextAt > now) return undefined;
  return state;
}

/** Whether nothing about it is left to tell anybody of `destinations`, so that it can be forgotten. */
export function isSettled(known: TroubleNotice, destinations: readonly string[], now: number): boolean {
  if (!known.over) return false;
  if (now - (known.goneAt ?? known.since) >= OVER_WITHIN) return true;
  return destinations.every((to) => noticePlaceOf(known, to).told !== 'trouble');
}
