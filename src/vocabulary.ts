/**
 * The vocabulary of the project, as types. One name for one thing, in code, logs, metrics and docs.
 * All times are milliseconds since 1970-01-01 UTC.
 */

/** The stable name of a task: `github:github.com/acme/api#12`. Created only by the tracker's adapter. */
export type TaskKey = string;

/** The state of a task in its tracker, according to an adapter. */
export type TaskStateName = 'done' | 'declined' | 'open' | 'deleted';

/** The `delivery` of a task event that was read and not delivered. */
export const READ_BACK = 'read-back';

/** Who or what caused a task's state. */
export type ChangedBy = 'person' | 'automation' | 'unknown';

/** An adapter's result for a delivery about one task. */
export interface TaskEvent {
  tracker: string;
  task: TaskKey;
  /** Other keys of the same task: its former place, ids. */
  aliases: TaskKey[];
  state: TaskStateName;
  by: ChangedBy;
  /** The account that did it, as evidence. */
  actor?: string;
  /** The task's labels, if a machine closed it and only they show whether that was automation: see the policy. */
  machineLabels?: string[];
  /** The tracker's name for the state, if a hint may name it (`changedTo`). */
  status?: string;
  /** When the state changed; absent if the payload does not say. */
  occurredAt?: number;
  /** When the tracker reported it, by its own clock; the state may be older than that. */
  toldAt?: number;
  /** The tracker's own revision of the task, if it has one: decides which state is the standing one. */
  revision?: number;
  /** The payload itself says that the task was done before and is open again. */
  reopened?: boolean;
  /** The closing that the reopening undid, where a reading shows it. */
  closedBefore?: { at: number; by: ChangedBy };
  /** The task that this one is a duplicate of, if the payload names it: that one's state counts. */
  canonical?: TaskKey;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** A request to review one incident: by its own name, or by a follow-up about which nothing more is known. */
export interface IncidentEvent {
  /** Who sent it, as in `/webhooks/<source>`; absent in what an earlier release queued. */
  source?: string;
  /** Full id or reference (`INC-123`). */
  incident?: string;
  /** A follow-up's id: if no incident is named, its incident is meant. */
  followUp?: string;
  /** The follow-up's status at an `updated_at`, if the delivery has it: possibly old, and evidence only that it was so. */
  status?: { name: string; updatedAt: number };
  /** Follow-ups changed in incident.io: they should be read again soon. */
  wantsSync?: boolean;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** A tracker's notice that a task changed, without how: the state is read from the tracker before it counts. */
export interface TaskHint {
  tracker: string;
  task: TaskKey;
  /** Other keys of the same task. */
  aliases: TaskKey[];
  /** Who or what changed it, if the delivery says. */
  by: ChangedBy;
  /** The same, if the task is found declined: a decline by a machine shows that no person made it. */
  declinedBy?: ChangedBy;
  actor?: string;
  /** As in a task event, if the task is found done. */
  machineLabels?: string[];
  /**
   * When the task was completed or set back to open, if the delivery says that one of the two happened: if found open,
   * the task was reopened then.
   */
  changedAt?: number;
  /**
   * The state that the task changed to, by the tracker's name, if the delivery names it and shows a different one: a
   * payload that contradicts itself. The standing state does not count until the tracker was read, or reports again.
   */
  changedTo?: string;
  /** When the hinted change happened, according to the payload; absent if it does not say. Dates no state: only orders them. */
  changedToAt?: number;
  /** `changedToAt` is the very time that the tracker's API has for this change of state: a later one is another change. */
  isExact?: true;
  /** The sender's id of the delivery. */
  delivery: string;
  receivedAt: number;
}

/** The contents of deliveries: one job of the `events` queue has what arrived while the previous add was in flight. */
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
  /** An unknown status (from a later version of the API) is kept as it came, and blocks. */
  status: FollowUpStatus | (string & {});
  reference?: ExternalIssueReference;
  /** It has a reference of which this field cannot be parsed, so its task is unknown. */
  malformedReference?: string;
  priority?: Named;
  /** Who is to do it, by name: a person, or a team. */
  owner?: string;
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
  /** `live`, `triage`, `learning`, `closed`, `paused`, `declined`, `merged`, `canceled`, or a later addition. */
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
  /** Those that are scheduled or were held; cancelled ones are not included. */
  debriefs: { startAt: number; endAt: number }[];
  createdAt?: number;
  /** The name of its lead. */
  lead?: string;
  /** Its roles, as far as incident.io lists them on it, and whether somebody has each; absent: not known. */
  roles?: IncidentRole[];
  updatedAt: number;
}

export interface Named {
  id: string;
  name: string;
}

export interface IncidentRole extends Named {
  isFilled: boolean;
}

/** A custom field of an incident, with its values as texts: names of options and catalogue entries, numbers, links. */
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
  /** The incident's severity from then on, if it had one. */
  severity?: Named;
}

export interface Identity {
  name: string;
  dashboardUrl: string;
  roles: string[];
}

/** What a closing moves the incident to. */
export type Target = 'closed' | 'post-incident';
