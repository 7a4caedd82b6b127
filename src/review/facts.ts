import type { Rule } from '../policy/rule.ts';
import type { Closure, Hold, MovedBack, ReadySince, Refusal, TaskRecord } from '../store/records.ts';
import type { BacklogEntry, ObservedSince } from '../store/start-records.ts';
import type { Incident, IncidentStatus, IncidentUpdate, TaskKey, TaskStateName } from '../vocabulary.ts';
import type { CountedFollowUp } from './sentences.ts';

/** Everything a decision is based on. Facts that cost a call are read only when `decide` asks for them. */
export interface Facts {
  /** The rule by which the follow-ups were judged. */
  rule: Rule;
  followUps: readonly CountedFollowUp[];
  /** Another write became due while follow-ups were written: the facts are out of date. */
  changedWhileWriting: boolean;
  records: ReadonlyMap<string, TaskRecord>;
  closures: readonly Closure[];
  hold?: Hold;
  releasedAt?: number;
  backlog?: BacklogEntry;
  /** When the service began to see what it sees; absent where that was not read. */
  observedSince?: ObservedSince;
  movedBack?: MovedBack;
  refusal?: Refusal;
  ready?: ReadySince;
  /** When the brake allows the next closing; absent: now. */
  brakeUntil?: number;
  /** The roles of the API key; absent if they could not be read. */
  roles?: readonly string[];
  /** The name of the API key in incident.io's history. */
  keyName?: string;
  incident?: Incident;
  statuses?: readonly IncidentStatus[];
  updates?: readonly IncidentUpdate[];
  /** The incident's `updated_at` (ms) as it was known right before these were read. */
  updatesReadAt?: number;
  /** What the trackers answered just now, by task; none for a task without an API token. */
  answers?: ReadonlyMap<TaskKey, TrackerConfirmation>;
  now: number;
}

/**
 * What the trackers, asked right before closing, do not confirm. An answer changes the task's standing state like any
 * webhook does, and with it what its follow-up counts as; these are the cases where that is not enough:
 *
 * - the tracker says that a task is not closed, although newer evidence says it is: the two disagree, and whichever is
 *   right, nothing is closed on that basis;
 * - it does not show the task to the token. That holds a closing only if the follow-up is done because of its task:
 *   one that somebody else set is done because of them, and its task may well be gone;
 * - it could not be asked, or gave no usable answer for this task. That holds a closing until there is an answer if the
 *   follow-up is done because of its task, and for a day at most if somebody else set it.
 *
 * A `release` after the evidence in question lifts all three: a person takes responsibility. A task without a token
 * needs no confirmation, as in a deployment without any token.
 */
export type TrackerConfirmation =
  | { kind: 'answered'; state: TaskStateName; at: number }
  | { kind: 'not-shown'; why: string }
  /** Unknown since `since` (ms). */
  | { kind: 'not-reached'; why: string; since: number; retryAt?: number };
