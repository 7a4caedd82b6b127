import { type LivePolicy, refuseLost } from '../policy/live-policy.ts';
import type { Settings } from '../settings/settings.ts';
import { readInForce } from '../store/in-force.ts';
import type { Store } from '../store/store.ts';

/**
 * Throws a `PolicyError` where workers of this store decided by a policy, and its file is gone or empty now: a start
 * without it would close what it keeps open.
 */
export async function refuseWithoutPolicy(
  policy: Pick<LivePolicy, 'isEmpty' | 'found'>,
  settings: Settings,
  store: Store,
): Promise<void> {
  if (policy.isEmpty) refuseLost(policy.found, (await readInForce(store))?.policy, settings);
}
