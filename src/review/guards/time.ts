import { formatTime } from '../../format-time.ts';
import { hoursInWords, opensAt } from '../../policy/business-hours.ts';
import type { Target } from '../../vocabulary.ts';
import { braked, type Decision, wait } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { isOfDryRun, settledAt } from '../settle-time.ts';
import { by } from './by-rule.ts';

/** Since when it is ready, in the status it still has; what a dry run found counts again. */
export function standingReady({ ready, incident, observedSince }: Facts): Facts['ready'] {
  return ready?.statusId === incident?.status.id && !isOfDryRun(ready, observedSince) ? ready : undefined;
}

/**
 * What ends last of all that only time ends; `undefined`: nothing is left of it. `resolved`: when (ms) the incident
 * entered its post-incident flow; absent: it is active.
 */
export function waitForTime(
  facts: Facts,
  { to, resolved, all }: { to: Target; resolved: number | undefined; all: string },
): Extract<Decision, { verdict: 'wait' }> | undefined {
  const { now, rule, observedSince, brakeUntil } = facts;
  const known = standingReady(facts)?.since;
  // By incident.io's clock; ahead of ours, which was set back then, it says nothing of what came first.
  const isNewEnd = known !== undefined && resolved !== undefined && resolved > known && resolved <= now;
  const since = known === undefined || isNewEnd ? now : known;
  const settled = settledAt(since, rule.settleTime, observedSince, now);
  const mayClose =
    to === 'closed' && rule.minTimeResolved > 0 ? (resolved ?? since) + rule.minTimeResolved : -Infinity;
  const until = Math.max(settled, mayClose, brakeUntil ?? -Infinity);
  const { businessHours: hours } = rule;
  const open = hours && opensAt(hours, Math.max(until, now));
  if (hours !== undefined && open !== undefined && open > Math.max(until, now)) {
    const words = `${all}; ${by(rule)} it is ${to === 'closed' ? 'closed' : 'resolved'} within business hours only, ${hoursInWords(hours)}, which begin next at ${formatTime(open)}`;
    return { ...wait('business-hours', words, open), readySince: since };
  }
  if (until <= now) return undefined;
  if (until === brakeUntil) return { ...braked(brakeUntil), readySince: since };
  const again = settled > since + rule.settleTime ? ', again after the dry run' : '';
  if (until === settled)
    return {
      ...wait('settling', `${all}; it settles until ${formatTime(settled)}${again}`, settled),
      readySince: since,
    };
  const words = `${all}; ${by(rule)} it stays in its post-incident flow until ${formatTime(mayClose)}`;
  return { ...wait('min-time-resolved', words, mayClose), readySince: since };
}
