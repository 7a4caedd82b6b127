import type { Outcome, ReadySince } from '../store/records.ts';
import type { ObservedSince } from '../store/start-records.ts';

/** How long what a dry run found ready is listed before it is closed, ms: enough to hold it, or to stop the service. */
export const AFTER_DRY_RUN = 60_000;

/**
 * When (ms) an incident has settled that is ready since `since`. After a dry run nothing has until a minute after all
 * that is about to be closed was listed.
 */
export function settledAt(
  since: number,
  settleTime: number,
  observedSince: ObservedSince | undefined,
  now: number,
): number {
  const own = since + settleTime;
  const real = observedSince?.real;
  // A list from ahead of our clock, which was set back since, was made.
  if (real === undefined || (real.listedAt !== undefined && real.listedAt > now)) return own;
  return Math.max(own, (real.listedAt ?? now) + AFTER_DRY_RUN);
}

/**
 * Since when (ms) it is due: since it had settled, or since what its last review (`before`) waited for was over, where that
 * ended later.
 */
export function dueSince(
  settled: number,
  before: Pick<Outcome, 'reason' | 'until'> | undefined,
  now: number,
): number {
  const until = before !== undefined && LATER.includes(before.reason) ? before.until : undefined;
  return until === undefined || until > now ? settled : Math.max(settled, until);
}

/** What may end long after it had settled, and is no delay. */
const LATER: readonly string[] = ['min-time-resolved', 'business-hours', 'debrief'];

/** Whether a dry run found it ready: it settles anew. */
export function isOfDryRun(ready: ReadySince | undefined, observedSince: ObservedSince | undefined): boolean {
  return ready !== undefined && observedSince?.real !== undefined && ready.since < observedSince.real.since;
}
