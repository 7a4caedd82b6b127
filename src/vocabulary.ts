/**
 * The words of the project, as types. One name for one thing, in code, logs, metrics and docs.
 * All times are milliseconds since 1970-01-01 UTC.
 */

/** The stable name of a task: `github:github.com/acme/api#12`. Made by the tracker's adapter only. */
export type TaskKey = string;

/** What an adapter says that a task is in its tracker. */
export type TaskStateName = 'done' | 'declined' | 'open' | 'deleted';

/** Who or what caused a task's state. */
export type ChangedBy = 'person' | 'automation' | 'unknown';

/** What an adapter makes of a delivery that is about one task. */
export interface TaskEvent {
  tracker: string;
  task: TaskKey;
  /** Other keys of the same task: its former place, ids. */
  aliases: TaskKey[];
  state: TaskStateName;
  by: ChangedBy;
  /** The account that did it, as evidence. */
  actor?: string;
  /** When the state changed; absent where the payload does not tell. */
  occurredAt?: number;
  /** The tracker's own revision of the task, where it has one: decides which state stands. */
  revision?: number;
  /** The payload itself says that the task was done before and is open again. */
  reopened?: boolean;
  /** The task that this one is a duplicate of, where the payload names it: that one's state counts. */
  canonical?: TaskKey;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** A request to look at one incident: named by itself, or by a follow-up of which no more is told. */
export interface IncidentEvent {
  /** Who sent it, as in `/webhooks/<source>`; absent in what an earlier release queued. */
  source?: string;
  /** Full id or reference (`INC-123`). */
  incident?: string;
  /** A follow-up's id: where no incident is named, its incident is meant. */
  followUp?: string;
  /** Follow-ups changed in incident.io: they are to be read anew soon. */
  wantsSync?: boolean;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** A tracker's word that a task changed, without how: the state is read from the tracker before it counts. */
export interface TaskHint {
  tracker: string;
  task: TaskKey;
  /** Other keys of the same task. */
  aliases: TaskKey[];
  /** Who or what changed it, where the delivery tells. */
  by: ChangedBy;
  actor?: string;
  /**
   * When the task was completed or set back to open, where the delivery says that one of the two happened: found
   * open, the task was reopened then.
   */
  changedAt?: number;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** What deliveries said: one job of the `events` queue holds what arrived while the previous add was under way. */
export interface EventBatch {
  tasks: TaskEvent[];
  incidents: IncidentEvent[];
  hints: TaskHint[];
}

export type FollowUpStatus = 'outstanding' | 'completed' | 'not_doing' | 'deleted';

export interface FollowUp {
  id: string;
  incidentId: string;
  title: string;
  /** A status that is not one of ours (a later version of the API) is kept as it came, and blocks. */
  status: FollowUpStatus | (string & {});
  reference?: ExternalIssueReference;
  priority?: Named;
  createdAt: number;
  updatedAt: number;
  completedAt?: number;
  /** The fields that a PUT has to send again, as they were read. */
  writable: WritableFollowUp;
}

/** incident.io's own record of the issue that a follow-up was exported to. */
export interface ExternalIssueReference {
  provider: string;
  name: string;
  permalink: string;
}

export interface WritableFollowUp {
  title: string;
  description?: string;
  assigneeId?: string;
  assigneeTeamId?: string;
  categoryId?: string;
  priorityId?: string;
  labels: string[];
}

export interface IncidentStatus {
  id: string;
  name: string;
  /** `live`, `triage`, `learning`, `closed`, `paused`, `declined`, `merged`, `canceled`, or one that came later. */
  category: string;
  rank: number;
}

export interface Incident {
  id: string;
  reference: string;
  name: string;
  status: IncidentStatus;
  mode: string;
  visibility: string;
  permalink?: string;
  severity?: Named;
  type?: Named;
  customFields: CustomField[];
  hasPostmortem: boolean;
  updatedAt: number;
}

export interface Named {
  id: string;
  name: string;
}

/** A custom field of an incident, with what is set in it as texts: names of options and catalogue entries, numbers, links. */
export interface CustomField extends Named {
  values: string[];
}

/** One line of an incident's history. `updater` is who made it. */
export interface IncidentUpdate {
  id: string;
  createdAt: number;
  status: IncidentStatus;
  updater: { kind: 'api_key'; id: string; name: string } | { kind: 'other'; name: string };
  message?: string;
}

export interface Identity {
  name: string;
  dashboardUrl: string;
  roles: string[];
}

/** What a closing moves the incident to. */
export type Target = 'closed' | 'post-incident';
