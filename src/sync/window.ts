/** incident.io stamps `updated_at` before it commits, so a row can appear late with an older one: look back, ms. */
const OVERLAP = 5 * 60_000;
/** Looking back costs one page at most: `updated_at` is filtered by whole seconds, and a page has 250 rows. */
const LOOK_BACK_ROWS = 200;
const SECOND = 1_000;
/** A second is over after this, ms, as far as two clocks may differ; a row that is missed all the same is left to a full sync. */
const OVER = 5 * SECOND;
const wholeSecond = (at: number) => Math.floor(at / SECOND) * SECOND;

export interface Window {
  /** The `updated_at` (ms, incident.io's clock) from which the next sync reads. */
  from: number;
  /** So many rows are that new that not all are read again: late ones among them are left to a full sync. */
  cut: boolean;
}

/**
 * From where the next sync reads, by the `updated_at` of the rows that this one read: the newest less the
 * overlap, or later where that would read more than a page again and again. While the second of the newest row may
 * not be over (`now` is ours, ms), it is read again however many rows it has.
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
