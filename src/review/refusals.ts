/**
 * A write that incident.io refused is not repeated over and over: it is retried once something that the refusal may
 * depend on has changed, after some minutes at the earliest and a day at the latest.
 */

/** What a refusal may depend on; absent: unknown. Times are `updated_at`, ms. */
export interface RefusalGrounds {
  incidentUpdatedAt?: number;
  /** `id:updated_at` of each follow-up that mattered. */
  followUps?: readonly string[];
  roles?: readonly string[];
}

const SOONEST = 5 * 60_000;
const LATEST = 24 * 3_600_000;

/** When (ms) a request that was refused at `at` is retried. */
export function refusalRetryAt(at: number, then: RefusalGrounds, now: RefusalGrounds): number {
  return at + (isChanged(then, now) ? SOONEST : LATEST);
}

function isChanged(then: RefusalGrounds, now: RefusalGrounds): boolean {
  const { incidentUpdatedAt: before } = then;
  const incidentChanged =
    before !== undefined && now.incidentUpdatedAt !== undefined && before !== now.incidentUpdatedAt;
  return incidentChanged || differ(then.followUps, now.followUps) || differ(then.roles, now.roles);
}

function differ(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a !== undefined && b !== undefined && [...a].sort().join(' ') !== [...b].sort().join(' ');
}

export function rowVersionOf({ id, updatedAt }: { id: string; updatedAt: number }): string {
  return `${id}:${updatedAt}`;
}
