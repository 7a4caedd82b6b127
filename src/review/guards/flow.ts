import { formatTime } from '../../format-time.ts';
import { closesFrom, unfilledRoles } from '../../policy/rule.ts';
import type { Incident, IncidentStatus } from '../../vocabulary.ts';
import { type Decision, wait } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { joinNames } from '../sentences.ts';
import { by } from './by-rule.ts';

type FlowFacts = Pick<Facts, 'rule' | 'now'> & { incident: Incident; statuses: readonly IncidentStatus[] };

/**
 * What is left of its post-incident flow, which closing would skip, as far as the API shows it: neither the tasks of the
 * flow nor whether somebody opted out of it are among an incident's fields, and its status is moved on as the tasks are
 * done (https://docs.incident.io/admin/post-incident-flow).
 */
export function waitForFlow(facts: FlowFacts, active: boolean): Decision | undefined {
  const { incident, rule, now } = facts;
  if (rule.requirePostmortem && !incident.hasPostmortem)
    return wait('no-postmortem', `the rule “${rule.name}” wants its post-mortem first, and it has none`);
  const unfilled = unfilledRoles(rule, incident);
  if (unfilled === undefined)
    return wait('roles', `${by(rule)} its roles have to be filled, and who has them could not be read`);
  if (unfilled.length > 0) return wait('roles', `${by(rule)} ${rolesInWords(unfilled, incident)}`);
  if (!active && !closesFrom(rule, incident.status))
    return wait('in-flow', `${by(rule)} ${whereInFlow(facts)}`);
  const debrief = Math.max(...incident.debriefs.map(({ endAt }) => endAt));
  if (rule.waitForDebriefs && debrief > now)
    return wait(
      'debrief',
      `${by(rule)} it waits for its debrief, which ends at ${formatTime(debrief)}`,
      debrief,
    );
  if (active && (rule.minTimeResolved > 0 || rule.closeFromStatus !== undefined))
    return wait('not-resolved', `${by(rule)} it has to be resolved first, and it is still active`);
  return undefined;
}

function rolesInWords(unfilled: readonly string[], { roles = [] }: Incident): string {
  const filled = roles.filter(({ isFilled }) => isFilled).map(({ name }) => name);
  return `somebody has to have the ${unfilled.length === 1 ? 'role' : 'roles'} ${quoted(unfilled)}; ${filled.length === 0 ? 'none of its roles is filled' : `filled ${filled.length === 1 ? 'is' : 'are'} ${quoted(filled)}`}`;
}

function whereInFlow({ incident, statuses, rule }: FlowFacts): string {
  const flow = statuses.filter(({ category }) => category === 'learning');
  const names = rule.closeFromStatus ?? [];
  const isKnown = flow.some((status) => closesFrom(rule, status));
  const missing = isKnown
    ? ''
    : `, of which incident.io has none: there ${flow.length === 1 ? 'is' : 'are'} ${quoted(flow.map(({ name }) => name))}`;
  return `it is closed from ${quoted(names)} only${missing}, and its status is ${quoted([incident.status.name])}`;
}

function quoted(names: readonly string[]): string {
  return joinNames(names.map((name) => `“${name}”`));
}
