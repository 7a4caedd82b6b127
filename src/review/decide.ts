import { formatTime } from '../format-time.ts';
import type { Policy } from '../policy/policy.ts';
import { type Rule, ruleFor } from '../policy/rule.ts';
import type { MovedBack, Refusal } from '../store/records.ts';
import { isPrivate } from '../visibility.ts';
import type { Target } from '../vocabulary.ts';
import { type BacklogSince, backlogSince, statusSince } from './backlog.ts';
import { type Decision, leave, wait } from './decision.ts';
import type { EffectiveState } from './effective-state.ts';
import type { Facts } from './facts.ts';
import { fingerprint } from './fingerprint.ts';
import { waitForFlow } from './guards/flow.ts';
import { standingReady, waitForTime } from './guards/time.ts';
import { asSeen, describeMovedBack, findMovedBack, resolvedAt, wasLifted } from './moved-back.ts';
import { type RefusalGrounds, refusalRetryAt, rowVersionOf } from './refusals.ts';
import {
  allDone,
  blockerOf,
  type CountedFollowUp,
  heldInWords,
  refusedSince,
  waitingFor,
} from './sentences.ts';
import { chooseStatuses, noStatus, wantedStatus } from './target-status.ts';
import { confirmingVerdict, unconfirmedOf } from './unconfirmed.ts';

/** The role without which incident.io refuses to close: `docs.incident.io/integrations/api-close-incidents`. */
export const CLOSING_ROLE = 'post_incident_flow_opt_out';
/** All that writing needs: follow-ups and the status, and closing. */
export const WRITING_ROLES: readonly string[] = ['incident_editor', CLOSING_ROLE];

/**
 * Decides whether an incident should be closed now. Pure: the same facts give the same verdict, and only the last
 * line leads to an edit. Whatever is unknown blocks.
 */
export function decide(facts: Facts, policy: Policy): Decision {
  const { now, rule } = facts;

  // 0. The first rule that matches applies. It was chosen from what is stored about the incident.
  const fitting = facts.incident && ruleFor(policy.rules, facts.incident);
  if (fitting !== undefined && fitting !== rule)
    return { verdict: 'read', what: 'follow-ups', rule: fitting };

  // 1. Follow-ups. An empty list never means "all done".
  const existing = facts.followUps.filter(({ effective }) => effective.countsAs !== 'deleted');
  const blocked = existing.filter(({ effective }) => effective.countsAs === 'blocks');
  if (blocked.length > 0)
    return {
      verdict: 'wait',
      reason: 'follow-ups',
      words: waitingFor(blocked),
      blockers: blocked.map(blockerOf),
      until: earliest(blocked.flatMap(({ effective }) => writeRetriedAt(effective) ?? [])),
    };
  const done = existing.filter(({ effective }) => effective.countsAs === 'done').length;
  if (!enoughDone(existing, rule)) return leave('too-few-follow-ups', tooFew(done, existing.length, rule));
  if (facts.changedWhileWriting)
    return wait(
      'changed-while-writing',
      'its follow-ups or tasks changed while it was looked at; it is looked at again',
    );

  if (policy.paused !== undefined) return leave('paused', `everything is paused: ${policy.paused}`);

  // 2. The incident itself, judged by its status's category, never by its name.
  const { incident, statuses } = facts;
  if (incident === undefined || statuses === undefined) return { verdict: 'read', what: 'incident' };
  const { category, name } = incident.status;
  if (category === 'closed') return leave('already-closed', `it is closed already (${name})`);
  const active = category === 'live' || category === 'triage';
  if (category !== 'learning' && !active)
    return leave('not-closable', `its status is ${name} (${category}), from which nothing is closed`);

  // 3. What operators said about it.
  if (facts.hold !== undefined) return leave('held', `it has been held since ${heldInWords(facts.hold)}`);
  if (!rule.close) return leave('rule', `the rule “${rule.name}” leaves such incidents to people`);
  if (active && policy.activeIncidents === 'leave')
    return leave('active', `it is still active (${name}), and ACTIVE_INCIDENTS is leave`);
  const old = backlogSince({
    ...facts,
    entry: facts.backlog,
    isPrivate: isPrivate(incident.visibility),
  });
  if (old !== undefined) {
    if (facts.updates === undefined) return { verdict: 'read', what: 'updates' };
    // If somebody resolved it since, that is the change: it settles from then.
    if ((statusSince(facts.updates) ?? -Infinity) < old.at) return backlog(old);
  }
  const known = facts.movedBack;
  const isSame = known?.done !== undefined && known.incidentUpdatedAt === incident.updatedAt;
  if (known !== undefined && isSame && !wasLifted(known, facts)) return movedBack(known);

  // Closing opts it out of the rest of its post-incident flow.
  const to: Target = active && policy.activeIncidents === 'resolve' ? 'post-incident' : 'closed';
  const flow = to === 'closed' ? waitForFlow({ incident, statuses, rule, now }, active) : undefined;
  if (flow !== undefined) return flow;

  // 4. Whether an edit could succeed at all.
  const wanted = wantedStatus(to, rule, policy);
  const [status, ...others] = chooseStatuses(statuses, to, wanted?.name);
  if (status === undefined) return leave('no-status', noStatus(to, wanted?.name, wanted?.setBy));
  if (to === 'closed' && facts.roles !== undefined && !facts.roles.includes(CLOSING_ROLE))
    return leave(
      'key-role',
      `the API key lacks the role ${CLOSING_ROLE} (“Close incidents by opting out of the post-incident flow”): add it in incident.io under Settings > API keys`,
    );
  const { refusal, releasedAt: released = -Infinity } = facts;
  const current = fingerprint(incident, facts.followUps);
  if (refusal !== undefined && released < refusal.at) {
    const again = retriedAt(refusal, facts, current);
    if (again > now) return refused(refusal, again);
  }

  /** What it waits for if it entered its post-incident flow at `resolved` (ms). Resolved since: a new end, which settles. */
  const waitOf = (resolved: number | undefined) =>
    waitForTime(facts, { to, resolved: active ? undefined : resolved, all: allDone(done, existing.length) });

  // 5. Never fight a person: whoever moved it back, or did not close what we resolved, meant it. Looked at as soon as
  // nothing else is in the way, so that no closing is forecast that will not come; while it settles, its history is
  // read again only if the incident changed, and right before closing always.
  const ready = standingReady(facts);
  const since = ready?.since ?? now;
  const seen = ready?.history?.incidentUpdatedAt === incident.updatedAt ? ready.history : undefined;
  if (facts.updates === undefined && (seen === undefined || waitOf(seen.resolvedAt) === undefined))
    return { verdict: 'read', what: 'updates' };
  if (facts.updates !== undefined) {
    const resolver = policy.activeIncidents === 'resolve' ? facts.keyName : undefined;
    const found = findMovedBack(facts.updates, facts.closures, resolver);
    const back = found && asSeen(found, incident, facts);
    if (back !== undefined && !wasLifted(back, facts)) return movedBack(back);
  }

  // 6. Time: settle time on our clock, in the status it still has; the least time in its post-incident flow; the brake,
  // against whatever nobody thought of; and business hours. The one that ends last is told: nothing happens before.
  const waiting = waitOf(facts.updates === undefined ? seen?.resolvedAt : resolvedAt(facts.updates));
  if (waiting !== undefined) return waiting;

  // 7. Confirmation by the trackers comes last: a webhook alone closes nothing that its tracker could confirm.
  if (facts.answers === undefined) return { verdict: 'read', what: 'tasks' };
  const unconfirmed = unconfirmedOf(existing, facts);
  if (unconfirmed.length > 0) {
    const confirmingSince = ready?.confirmingSince ?? now;
    return {
      ...confirmingVerdict(unconfirmed, allDone(done, existing.length), confirmingSince, now),
      readySince: since,
      confirmingSince,
    };
  }

  return {
    verdict: to === 'closed' ? 'close' : 'resolve',
    reason: 'all-done',
    words: allDone(done, existing.length),
    to,
    status,
    others: to === 'post-incident' && wanted === undefined ? others : [],
  };
}

/** Whether the follow-ups alone would allow closing: none blocks, and enough are done for the rule. */
export function enoughDone(followUps: readonly CountedFollowUp[], rule: Rule): boolean {
  const blocked = followUps.some(({ effective }) => effective.countsAs === 'blocks');
  const done = followUps.filter(({ effective }) => effective.countsAs === 'done').length;
  return !blocked && done >= Math.max(1, rule.minFollowUps);
}

/** When (ms) a write that incident.io refused is retried. */
function writeRetriedAt(effective: EffectiveState): number | undefined {
  return effective.countsAs === 'blocks' ? effective.retryAt : undefined;
}

/** When (ms) an edit that incident.io refused is retried. */
function retriedAt(refusal: Refusal, facts: Facts, current: string): number {
  // Written by an earlier release, which stored no more than this.
  if (refusal.incidentUpdatedAt === undefined && refusal.fingerprint !== current) return facts.now;
  return refusalRetryAt(refusal.at, refusal, groundsOf(facts));
}

/** The facts that a refused edit may depend on. */
export function groundsOf({ incident, followUps, roles }: Facts) {
  return {
    incidentUpdatedAt: incident?.updatedAt,
    followUps: followUps.map(({ followUp }) => rowVersionOf(followUp)),
    roles: roles && [...roles],
  } satisfies RefusalGrounds;
}

/** The verdict after incident.io refused the edit; it is retried at `again` (ms) at the latest. */
export function refused(refusal: Refusal, again: number): Extract<Decision, { verdict: 'leave' }> {
  const words = `incident.io refused it: ${refusal.words}; ${refusedSince(refusal, again)}`;
  return { ...leave('refused', words), until: again };
}

function earliest(times: readonly number[]): number | undefined {
  return times.length > 0 ? Math.min(...times) : undefined;
}

function tooFew(done: number, total: number, rule: Rule): string {
  const needed = Math.max(1, rule.minFollowUps);
  if (done === total) return `it has ${total} follow-ups, and ${needed} are needed to close by them`;
  return `${done} of its ${total} follow-ups are done (the others may stay open), and ${needed} are needed to close by them`;
}

function movedBack(back: MovedBack): Decision {
  const words = `${describeMovedBack(back)}, and no further follow-up is known to have been done since; \`release\` lets it be closed`;
  return { ...leave(back.resolvedByUs ? 'resolved-by-us' : 'moved-back', words), movedBack: back };
}

/** The verdict on an incident that was ready before we could see it. */
function backlog(since: BacklogSince): Decision {
  const when =
    since.source === undefined
      ? 'it was ready before incident-closer came'
      : `it was ready before ${formatTime(since.at)}, when incident-closer was given ${since.source}`;
  return {
    ...leave('backlog', `${when}; close it with \`sweep --backlog\`, or release it`),
    backlog: { at: since.at },
  };
}
