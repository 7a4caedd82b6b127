import type { ReadySince } from '../store/records.ts';
import type { Starts } from '../store/start-records.ts';

/** How long what a dry run found ready is listed before it is closed, ms: enough to hold it, or to stop the service. */
export const AFTER_DRY_RUN = 60_000;

/**
 * When (ms) an incident has settled that is ready since `since`. After a dry run nothing has until a minute after all
 * that is about to be closed was listed.
 */
export function settledAt(
  since: number,
  settleTime: number,
  starts: Starts | undefined,
  now: number,
): number {
  const own = since + settleTime;
  const real = starts?.real;
  // A list from ahead of our clock, which was set back since, was made.
  if (real === undefined || (real.listedAt !== undefined && real.listedAt > now)) return own;
  return Math.max(own, (real.listedAt ?? now) + AFTER_DRY_RUN);
}

/** Whether a dry run found it ready: it settles anew. */
export function isOfDryRun(ready: ReadySince | undefined, starts: Starts | undefined): boolean {
  return ready !== undefined && starts?.real !== undefined && ready.since < starts.real.since;
}
