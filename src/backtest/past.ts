import type { Hold } from '../store/records.ts';
import type { FollowUp, Incident, IncidentUpdate, TaskEvent, TaskKey } from '../vocabulary.ts';

/** All that the APIs show today of how one incident was. */
export interface Past {
  incident: Incident;
  /** Oldest first. */
  updates: readonly IncidentUpdate[];
  followUps: readonly FollowUp[];
  /** What the trackers tell of their tasks, by the key asked for. A task without a token is in neither. */
  tasks: ReadonlyMap<TaskKey, TaskEvent>;
  /** Tasks that their trackers did not show, each with the reason. */
  unread: ReadonlyMap<TaskKey, string>;
  /** By an operator, if one holds it today. */
  hold?: Hold | undefined;
}

/** One thing that happened to it. Times are ms. */
export interface Moment {
  at: number;
  update?: IncidentUpdate;
  /** A follow-up as it was from then on. */
  followUp?: FollowUp;
  task?: TaskEvent;
  hold?: Hold;
}

/** What the APIs do not show, and that may matter. */
export const DOUBTS = {
  'not-doing': 'when a follow-up was set to “not doing”',
  completed: 'when a follow-up was completed',
  rewritten:
    'whether a follow-up that is outstanding was done for a while: its row was written since it was made',
  'from-link': 'when a follow-up was made from the link of an older issue',
  deleted: 'when a follow-up was deleted',
  'task-time': 'when a task was closed or deleted: its tracker does not tell',
  'task-reopened': 'when a task was closed that was reopened since',
  'task-unread': 'the state of a task that its tracker does not show',
  postmortem: 'when its post-mortem was written',
  debrief: 'when its debrief was scheduled',
  roles: 'when its roles were filled',
} as const;
export type Doubt = keyof typeof DOUBTS;

/** A part of the past, and every way in which it may have been. */
export interface PastPart {
  /** Absent where there is one way only. */
  doubt?: Doubt;
  ways: readonly (readonly Moment[])[];
}
