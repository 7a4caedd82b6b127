import type { Policy } from '../policy/policy.ts';
import { type Rule, ruleFor } from '../policy/rule.ts';
import type {
  BacklogEntry,
  Blocker,
  Closure,
  Hold,
  MovedBack,
  ReadySince,
  Refusal,
  TaskRecord,
} from '../store/records.ts';
import type { Incident, IncidentStatus, IncidentUpdate, Target, TaskKey } from '../vocabulary.ts';
import { type Answer, confirming, doubtsOf } from './doubts.ts';
import { looksLike } from './looks.ts';
import { movedBackAt, wasLifted } from './moved-back.ts';
import { chooseStatus, noStatus } from './target-status.ts';
import { allDone, blockerOf, type Counted, waitsFor, when } from './words.ts';

/** Everything that a decision rests on. What costs a call is read only once `decide` asks for it. */
export interface Facts {
  /** The rule that the follow-ups were judged by. */
  rule: Rule;
  followUps: readonly Counted[];
  /** Another write became due while follow-ups were written: what was read is old. */
  changedWhileWriting: boolean;
  records: ReadonlyMap<string, TaskRecord>;
  closures: readonly Closure[];
  hold?: Hold;
  releasedAt?: number;
  backlog?: BacklogEntry;
  movedBack?: MovedBack;
  refusal?: Refusal;
  ready?: ReadySince;
  /** When the brake lets the next closing through; absent: now. */
  brakeUntil?: number;
  /** The roles of the API key; absent where they could not be told. */
  roles?: readonly string[];
  /** What the API key is called in incident.io's history. */
  keyName?: string;
  incident?: Incident;
  statuses?: readonly IncidentStatus[];
  updates?: readonly IncidentUpdate[];
  /** What the trackers answered right now, by task; none for a task that no API token is for. */
  answers?: ReadonlyMap<TaskKey, Answer>;
  now: number;
}

export type WaitReason =
  | 'follow-ups'
  | 'changed-while-writing'
  | 'no-postmortem'
  | 'settling'
  | 'brake'
  | 'confirming'
  | 'first-sync';
export type LeaveReason =
  | 'too-few-follow-ups'
  | 'paused'
  | 'rule'
  | 'already-closed'
  | 'not-closable'
  | 'held'
  | 'backlog'
  | 'active'
  | 'moved-back'
  | 'resolved-by-us'
  | 'no-status'
  | 'key-role'
  | 'refused';

export type Decision =
  | { verdict: 'read'; what: 'incident' | 'updates' | 'tasks' }
  /** By another rule than it was thought: the follow-ups are to be judged anew. */
  | { verdict: 'read'; what: 'follow-ups'; rule: Rule }
  | {
      verdict: 'wait';
      reason: WaitReason;
      words: string;
      blockers: Blocker[];
      until?: number;
      readySince?: number;
      confirmingSince?: number;
    }
  | { verdict: 'leave'; reason: LeaveReason; words: string; movedBack?: MovedBack }
  | { verdict: 'close' | 'resolve'; reason: 'all-done'; words: string; to: Target; status: IncidentStatus };

/** The role without which incident.io refuses to close: `docs.incident.io/integrations/api-close-incidents`. */
export const CLOSING_ROLE = 'post_incident_flow_opt_out';
/** A refused edit is tried again after this, ms, even when nothing changed. */
const REFUSAL_HOLDS = 24 * 3_600_000;

/**
 * Whether an incident is to be closed now. Pure: the same facts give the same verdict, and no path but the last
 * line leads to an edit. What is not known blocks.
 */
export function decide(facts: Facts, policy: Policy): Decision {
  const { now, rule } = facts;

  // 0. The first rule that fits decides. It was chosen by what is remembered of the incident.
  const fitting = facts.incident && ruleFor(policy.rules, facts.incident);
  if (fitting !== undefined && fitting !== rule)
    return { verdict: 'read', what: 'follow-ups', rule: fitting };

  // 1. Follow-ups. An empty list never means "all done".
  const alive = facts.followUps.filter(({ effective }) => effective.counts !== 'gone');
  const blocked = alive.filter(({ effective }) => effective.counts === 'blocks');
  if (blocked.length > 0)
    return {
      verdict: 'wait',
      reason: 'follow-ups',
      words: waitsFor(blocked),
      blockers: blocked.map(blockerOf),
    };
  const done = alive.filter(({ effective }) => effective.counts === 'done').length;
  if (!enoughDone(alive, rule)) return leave('too-few-follow-ups', tooFew(done, alive.length, rule));
  if (facts.changedWhileWriting)
    return wait(
      'changed-while-writing',
      'its follow-ups or tasks changed while it was looked at; it is looked at again',
    );

  if (policy.paused !== undefined) return leave('paused', `everything is paused: ${policy.paused}`);

  // 2. The incident itself, judged by its status's category and never by a name.
  const { incident, statuses } = facts;
  if (incident === undefined || statuses === undefined) return { verdict: 'read', what: 'incident' };
  const { category, name } = incident.status;
  if (category === 'closed') return leave('already-closed', `it is closed already (${name})`);
  const active = category === 'live' || category === 'triage';
  if (category !== 'learning' && !active)
    return leave('not-closable', `its status is ${name} (${category}), from which nothing is closed`);

  // 3. What people said about it.
  if (facts.hold !== undefined)
    return leave('held', `it is held since ${when(facts.hold.at)}: ${facts.hold.why}`);
  if (!rule.close) return leave('rule', `the rule “${rule.name}” leaves such incidents to people`);
  const looks = looksLike(incident, facts.followUps);
  const released = facts.releasedAt ?? -Infinity;
  if (
    facts.backlog !== undefined &&
    facts.backlog.looks === looks &&
    released < facts.backlog.at &&
    !toldSince(facts, facts.backlog.at)
  )
    return leave(
      'backlog',
      'it was ready before incident-closer came; close it with `sweep --backlog`, or release it',
    );
  if (active && policy.activeIncidents === 'leave')
    return leave('active', `it is still active (${name}), and ACTIVE_INCIDENTS is leave`);
  const known = facts.movedBack;
  if (known !== undefined && known.incidentUpdatedAt === incident.updatedAt && !wasLifted(known.at, facts))
    return movedBack(known);

  // Closing opts it out of what is left of its post-incident flow.
  if (rule.requirePostmortem && !incident.hasPostmortem)
    return wait('no-postmortem', `the rule “${rule.name}” wants its post-mortem first, and it has none`);

  // 4. Whether an edit could succeed at all.
  const to: Target = active && policy.activeIncidents === 'resolve' ? 'post-incident' : 'closed';
  const wanted = to === 'closed' ? policy.closedStatus : policy.resolvedStatus;
  const status = chooseStatus(statuses, to, wanted);
  if (status === undefined) return leave('no-status', noStatus(to, wanted));
  if (to === 'closed' && facts.roles !== undefined && !facts.roles.includes(CLOSING_ROLE))
    return leave(
      'key-role',
      `the API key lacks the role ${CLOSING_ROLE} (“Close incidents by opting out of the post-incident flow”): add it in incident.io under Settings > API keys`,
    );
  const { refusal } = facts;
  if (
    refusal !== undefined &&
    refusal.looks === looks &&
    released < refusal.at &&
    now - refusal.at < REFUSAL_HOLDS
  )
    return leave('refused', `incident.io refused it: ${refusal.words}`);

  // 5. Settle time, on our clock, in the status that it still has.
  const ready = facts.ready?.statusId === incident.status.id ? facts.ready : undefined;
  const since = ready?.since ?? now;
  const due = since + rule.settleTime;
  if (now < due)
    return {
      ...wait('settling', `${allDone(done, alive.length)}; it settles until ${when(due)}`, due),
      readySince: since,
    };

  // 6. It never fights a person: whoever moved it back, or did not close what we resolved, meant it.
  if (facts.updates === undefined) return { verdict: 'read', what: 'updates' };
  const resolver = policy.activeIncidents === 'resolve' ? facts.keyName : undefined;
  const back = movedBackAt(incident, facts.updates, facts.closures, resolver);
  if (back !== undefined && !wasLifted(back.at, facts)) return movedBack(back);

  // 7. The brake against whatever nobody thought of.
  if (facts.brakeUntil !== undefined && facts.brakeUntil > now)
    return { ...braked(facts.brakeUntil), readySince: since };

  // 8. The tracker's own word, last: nothing that could not be confirmed is closed on a webhook's word.
  if (facts.answers === undefined) return { verdict: 'read', what: 'tasks' };
  const doubts = doubtsOf(alive, facts);
  if (doubts.length > 0) {
    const confirmingSince = ready?.confirmingSince ?? now;
    return {
      ...confirming(doubts, allDone(done, alive.length), confirmingSince, now),
      readySince: since,
      confirmingSince,
    };
  }

  return {
    verdict: to === 'closed' ? 'close' : 'resolve',
    reason: 'all-done',
    words: allDone(done, alive.length),
    to,
    status,
  };
}

/** Whether follow-ups alone would let the incident be closed: none blocks, and as many are done as the rule wants. */
export function enoughDone(followUps: readonly Counted[], rule: Rule): boolean {
  const blocked = followUps.some(({ effective }) => effective.counts === 'blocks');
  const done = followUps.filter(({ effective }) => effective.counts === 'done').length;
  return !blocked && done >= Math.max(1, rule.minFollowUps);
}

function tooFew(done: number, alive: number, rule: Rule): string {
  const needed = Math.max(1, rule.minFollowUps);
  if (done === alive) return `it has ${alive} follow-ups, and ${needed} are needed to close by them`;
  return `${done} of its ${alive} follow-ups are done (the others may stay open), and ${needed} are needed to close by them`;
}

function wait(reason: WaitReason, words: string, until?: number) {
  return { verdict: 'wait' as const, reason, words, blockers: [{ why: words }], until };
}

/** The verdict where MAX_CLOSES_PER_HOUR leaves no room before `until` (ms). */
export function braked(until: number) {
  const words = `the brake holds it until ${when(until)}: MAX_CLOSES_PER_HOUR closings were made within the hour`;
  return wait('brake', words, until);
}

function leave(reason: LeaveReason, words: string): Extract<Decision, { verdict: 'leave' }> {
  return { verdict: 'leave', reason, words };
}

function movedBack(back: MovedBack): Decision {
  const words = back.resolvedByUs
    ? `incident-closer resolved it at ${when(back.at)}, and no follow-up became done since`
    : `somebody moved it back at ${when(back.at)}, and no follow-up became done since; \`release\` lets it be closed again`;
  return { ...leave(back.resolvedByUs ? 'resolved-by-us' : 'moved-back', words), movedBack: back };
}

/** Whether a tracker told anything of its tasks since then. */
function toldSince(facts: Facts, at: number): boolean {
  return facts.followUps.some(({ task }) => {
    const record = task === undefined ? undefined : facts.records.get(task);
    return record !== undefined && record.receivedAt >= at;
  });
}
