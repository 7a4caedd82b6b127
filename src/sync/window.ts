/** incident.io sets `updated_at` before it commits, so a row can appear late with an older one: overlap, ms. */
const OVERLAP = 5 * 60_000;
/** The overlap costs one page at most: `updated_at` is filtered by whole seconds, and a page has 250 rows. */
const LOOK_BACK_ROWS = 200;
const SECOND = 1_000;
/** A second is over after this, ms, allowing for clock skew; a row that is missed anyway is left to a full sync. */
const OVER = 5 * SECOND;
const wholeSecond = (at: number) => Math.floor(at / SECOND) * SECOND;

export interface Window {
  /** The `updated_at` (ms, incident.io's clock) from which the next sync reads. */
  from: number;
  /** Too many rows are this new to read them all again: late ones among them are left to a full sync. */
  cut: boolean;
}

/**
 * Where the next sync starts, given the `updated_at` of the rows this one read: the newest less the overlap, or later if
 * that would read more than a page again and again. While the second of the newest row may not be over (`now` is ours,
 * ms), it is read again however many rows it has.
 */
export function nextWindow(updatedAt: readonly number[], before: number, now: number): Window {
  const newest = updatedAt.reduce((a, b) => Math.max(a, b), before);
  const start = Math.max(before, newest - OVERLAP);
  const recent = updatedAt.filter((at) => at >= start).sort((a, b) => b - a);
  const first = recent[LOOK_BACK_ROWS];
  if (first === undefined) return { from: start, cut: false };
  const end = now - newest > OVER ? Number.POSITIVE_INFINITY : wholeSecond(newest);
  return { from: Math.min(wholeSecond(first) + SECOND, end), cut: true };
}
