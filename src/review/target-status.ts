import type { Policy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import type { IncidentStatus, Target } from '../vocabulary.ts';

/** The status configured by id or name, and by which setting. */
export interface WantedStatus {
  name: string;
  setBy: string;
}

/** The status an incident should be moved to, by its rule or else by the settings; `undefined`: none configured. */
export function wantedStatus(
  to: Target,
  rule: Pick<Rule, 'name' | 'closedStatus' | 'resolvedStatus'>,
  policy: Pick<Policy, 'closedStatus' | 'resolvedStatus'>,
): WantedStatus | undefined {
  const [byRule, bySettings] =
    to === 'closed' ? [rule.closedStatus, policy.closedStatus] : [rule.resolvedStatus, policy.resolvedStatus];
  if (byRule !== undefined)
    return {
      name: byRule,
      setBy: `${to === 'closed' ? 'closed_status' : 'resolved_status'} of the rule “${rule.name}”`,
    };
  return bySettings === undefined ? undefined : { name: bySettings, setBy: variableOf(to) };
}

/** The statuses to move an incident to, best first: the one configured by id or name, otherwise by rank. */
export function chooseStatuses(
  statuses: readonly IncidentStatus[],
  to: Target,
  wanted: string | undefined,
): IncidentStatus[] {
  const fitting = statuses
    .filter(({ category }) => category === (to === 'closed' ? 'closed' : 'learning'))
    .sort((a, b) => a.rank - b.rank);
  if (wanted === undefined) return fitting;
  const named = fitting.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase());
  return named === undefined ? [] : [named];
}

export function noStatus(to: Target, wanted: string | undefined, setBy = variableOf(to)): string {
  return wanted === undefined
    ? `the organisation has no ${to} status to move it to`
    : `${setBy} is “${wanted}”, which is the id or name of no ${to} status in incident.io`;
}

/** Which status is used if there are several and none is configured; `undefined`: there is no choice. */
export function severalStatuses(
  statuses: readonly IncidentStatus[],
  to: Target,
  wanted: string | undefined,
): string | undefined {
  const fitting = chooseStatuses(statuses, to, wanted);
  if (fitting.length < 2) return undefined;
  const [first, ...others] = fitting.map(({ name }) => `“${name}”`);
  const verb = to === 'closed' ? 'Closing' : 'Resolving';
  return `${verb} moves an incident to ${first}, since it has the lowest rank; there ${others.length === 1 ? 'is' : 'are'} also ${others.join(', ')}. Set ${variableOf(to)} to the one that is meant, or ${to === 'closed' ? 'closed_status' : 'resolved_status'} in a rule`;
}

/** The statuses that incidents are moved to, as the settings say. */
export function targetsOf({
  closedStatus,
  resolvedStatus,
  activeIncidents,
}: Pick<Policy, 'closedStatus' | 'resolvedStatus' | 'activeIncidents'>): { to: Target; wanted?: string }[] {
  const closing = { to: 'closed' as const, ...(closedStatus !== undefined && { wanted: closedStatus }) };
  const resolving = {
    to: 'post-incident' as const,
    ...(resolvedStatus !== undefined && { wanted: resolvedStatus }),
  };
  return activeIncidents === 'resolve' || resolvedStatus !== undefined ? [closing, resolving] : [closing];
}

function variableOf(to: Target): string {
  return to === 'closed' ? 'CLOSED_STATUS' : 'RESOLVED_STATUS';
}
