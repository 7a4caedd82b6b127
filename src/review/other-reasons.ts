import type { Policy } from '../policy/policy.ts';
import { isPrivate } from '../visibility.ts';
import { backlogSince, isInBacklog } from './backlog.ts';
import { decide } from './decide.ts';
import type { Facts } from './facts.ts';
import { asSeen, describeMovedBack, findMovedBack, wasLifted } from './moved-back.ts';

/** Something besides the verdict that keeps an incident open. */
export interface OtherReason {
  reason: string;
  words: string;
}

/** Reasons that time alone ends: none of their own. */
const PASSING: readonly string[] = [
  'settling',
  'min-time-resolved',
  'business-hours',
  'confirming',
  'changed-while-writing',
];

/**
 * What else keeps an incident open besides the reason of its verdict, as far as these facts show; `toRead`: what would
 * have to be read to tell more. The history is wanted only where it decides: whether an incident is backlog.
 */
export function otherReasons(
  reason: string,
  known: Facts,
  policy: Policy,
): { found: OtherReason[]; toRead?: 'incident' | 'updates' } {
  const seen = new Set([reason]);
  const found: OtherReason[] = [];
  for (let next = without(reason, known, policy); next !== undefined; ) {
    const [facts, by] = next;
    const verdict = decide(facts, by);
    if (verdict.verdict === 'read') {
      if (verdict.what === 'incident') return { found, toRead: 'incident' };
      if (verdict.what !== 'updates') break;
      if (isOld(facts)) return { found, toRead: 'updates' };
      // What our own closings show of it is known anyway.
      next = [{ ...facts, updates: [] }, by];
      continue;
    }
    if (verdict.verdict === 'close' || verdict.verdict === 'resolve' || seen.has(verdict.reason)) break;
    seen.add(verdict.reason);
    if (!PASSING.includes(verdict.reason)) found.push({ reason: verdict.reason, words: verdict.words });
    next = without(verdict.reason, facts, by);
  }
  const back = reason === 'follow-ups' ? liftedByThem(known, policy) : undefined;
  return { found: back === undefined ? found : [...found, back] };
}

/** The same where only the store can be asked: what it lists as backlog is told as that without a look at its history. */
export function otherReasonsByStore(reason: string, facts: Facts, policy: Policy): OtherReason[] {
  const { found, toRead } = otherReasons(reason, facts, policy);
  return toRead === 'updates' && isInBacklog(facts.backlog)
    ? otherReasons(reason, { ...facts, updates: [] }, policy).found
    : found;
}

function isOld(facts: Facts): boolean {
  const { backlog: entry, incident } = facts;
  return backlogSince({ ...facts, entry, isPrivate: isPrivate(incident?.visibility) }) !== undefined;
}

/** That it was moved back, where the follow-ups that it waits for will lift that. */
function liftedByThem(facts: Facts, policy: Policy): OtherReason | undefined {
  const { incident, movedBack, updates = [], closures, keyName } = facts;
  if (incident === undefined || incident.status.category === 'closed') return undefined;
  const resolver = policy.activeIncidents === 'resolve' ? keyName : undefined;
  const found = findMovedBack(updates, closures, resolver);
  const known = movedBack?.incidentUpdatedAt === incident.updatedAt ? movedBack : undefined;
  const back = found === undefined ? known : asSeen(found, incident, facts);
  if (back === undefined || wasLifted(back, facts)) return undefined;
  const words = `${describeMovedBack(back)}; the follow-ups that it waits for lift that once they are done, and so does \`release\``;
  return { reason: back.resolvedByUs ? 'resolved-by-us' : 'moved-back', words };
}

/**
 * The facts and the policy as they would be if what a verdict gives as its reason were out of the way. `decide` then
 * tells what else is in it, so that both always agree. `undefined`: nothing more can be told, as time or an answer is
 * waited for.
 */
function without(reason: string, facts: Facts, policy: Policy): [Facts, Policy] | undefined {
  const byRule = (over: Partial<Facts['rule']>): [Facts, Policy] => {
    const rule = { ...facts.rule, ...over };
    return [
      { ...facts, rule },
      { ...policy, rules: policy.rules.map((one) => (one === facts.rule ? rule : one)) },
    ];
  };
  switch (reason) {
    case 'follow-ups':
      return [
        {
          ...facts,
          followUps: facts.followUps.map((one) => asDone(one, facts.now)),
          changedWhileWriting: false,
        },
        policy,
      ];
    // Nothing was decided: whatever is known is told.
    case 'unreadable':
    case 'unreviewed':
      return [facts, policy];
    case 'paused':
      return [facts, { ...policy, paused: undefined }];
    case 'held':
      return [{ ...facts, hold: undefined }, policy];
    case 'rule':
      return byRule({ close: true });
    case 'active':
      return [facts, { ...policy, activeIncidents: 'close' }];
    case 'backlog':
      return [{ ...facts, observedSince: undefined, backlog: undefined }, policy];
    case 'moved-back':
    case 'resolved-by-us':
      return [
        { ...facts, movedBack: undefined, closures: [], updates: facts.updates?.slice(-1) },
        {
          ...policy,
          activeIncidents: policy.activeIncidents === 'resolve' ? 'close' : policy.activeIncidents,
        },
      ];
    case 'no-postmortem':
      return byRule({ requirePostmortem: false });
    case 'debrief':
      return byRule({ waitForDebriefs: false });
    case 'roles':
      return byRule({ requiredRoles: [] });
    case 'in-flow':
      return byRule({ closeFromStatus: undefined });
    case 'key-role':
      return [{ ...facts, roles: undefined }, policy];
    case 'refused':
      return [{ ...facts, refusal: undefined }, policy];
    case 'brake':
      return [{ ...facts, brakeUntil: undefined }, policy];
    default:
      return undefined;
  }
}

/** As if it became done now, which is news to the backlog and new work to what was moved back. */
function asDone<T extends Facts['followUps'][number]>(counted: T, now: number): T {
  if (counted.effective.countsAs !== 'blocks') return counted;
  const { followUp, history } = counted;
  return {
    ...counted,
    effective: { countsAs: 'done' },
    taskState: undefined,
    history: {
      ...history,
      was: followUp.status,
      since: now,
      seenAt: now,
      setBacks: history.setBacks + 1,
    },
  };
}
