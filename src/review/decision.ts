import { formatTime } from '../format-time.ts';
import type { Rule } from '../policy/rule.ts';
import type { Blocker, MovedBack } from '../store/records.ts';
import type { BacklogEntry } from '../store/start-records.ts';
import type { IncidentStatus, Target } from '../vocabulary.ts';

/** The results of `decide`, and how they are built. */

export type WaitReason =
  | 'follow-ups'
  | 'changed-while-writing'
  | 'no-postmortem'
  | 'roles'
  | 'in-flow'
  | 'debrief'
  | 'not-resolved'
  | 'settling'
  | 'min-time-resolved'
  | 'business-hours'
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
  /** A different rule applies than was assumed: the follow-ups have to be judged again. */
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
  | {
      verdict: 'leave';
      reason: LeaveReason;
      words: string;
      movedBack?: MovedBack;
      backlog?: BacklogEntry;
      /** When (ms) it is reviewed again in any case. */
      until?: number;
    }
  | {
      verdict: 'close' | 'resolve';
      reason: 'all-done';
      words: string;
      to: Target;
      status: IncidentStatus;
      /** Statuses of other flows, in case incident.io refuses the first. */
      others: readonly IncidentStatus[];
    };

export function wait(reason: WaitReason, words: string, until?: number) {
  return { verdict: 'wait' as const, reason, words, blockers: [{ why: words }], until };
}

export function leave(reason: LeaveReason, words: string): Extract<Decision, { verdict: 'leave' }> {
  return { verdict: 'leave', reason, words };
}

/** The verdict while MAX_CLOSES_PER_HOUR leaves no slot until `until` (ms). */
export function braked(until: number) {
  const words = `the brake holds it until ${formatTime(until)}: MAX_CLOSES_PER_HOUR closings were made within the hour`;
  return wait('brake', words, until);
}
