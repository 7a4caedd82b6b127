import { createHash } from 'node:crypto';
import { meaningOf, type Policy } from '../policy/policy.ts';
import type { Settings } from '../settings/settings.ts';

/** A digest of what verdicts depend on besides the incidents: the policy and the settings. Contains no secret. */
export function decidedBy(
  {
    syncFollowUps,
    maxClosesPerHour,
    trackerOptions,
    trackerAccess,
  }: Pick<Settings, 'syncFollowUps' | 'maxClosesPerHour' | 'trackerOptions' | 'trackerAccess'>,
  policy: Policy,
): string {
  const asked = Object.keys(trackerAccess).sort();
  const parts = [meaningOf(policy), syncFollowUps, maxClosesPerHour, trackerOptions, asked];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
