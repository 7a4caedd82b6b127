import type { ChangedBy, IncidentEvent, IncidentStatus, TaskStateName } from '../../src/vocabulary.ts';

/** What is true, whatever the code under test believes: the tracker's tasks, incident.io's incidents and follow-ups. */

export type Who = 'person' | 'incident.io' | 'us';

export interface SimTask {
  name: string;
  /** The keys that it had, the newest last. */
  keys: string[];
  /** The webhooks that told a new key. */
  transfers: SimEvent[];
  state: TaskStateName;
  by: ChangedBy;
  /** When its state changed, by the tracker's clock. */
  since: number;
  revision: number;
  canonical?: SimTask;
  /** It was done before the tracker's webhooks came to us. */
  doneBefore: boolean;
  events: SimEvent[];
  /** The event of its last change of state, and the last one of all. */
  change?: SimEvent;
  last?: SimEvent;
}

export interface SimEvent {
  delivery: string;
  task: SimTask;
  /** The task's key then. */
  key: string;
  state: TaskStateName;
  by: ChangedBy;
  since: number;
  step: number;
  /** It says that the state changed; else it repeats the change `of`. */
  isChange: boolean;
  reopened: boolean;
  canonical?: SimTask;
  of?: SimEvent;
  /** When it first reached us. */
  arrivedAt?: number;
  /** When its job was done, or what it says was written: from then on we know. */
  recordedAt?: number;
  /** When its job ended: until then, where its task was before may not be written. */
  takenAt?: number;
}

export interface SimFollowUp {
  id: string;
  incident: SimIncident;
  task?: SimTask;
  /** The task's key that its reference names. */
  key?: string;
  status: 'outstanding' | 'completed' | 'not_doing' | 'deleted';
  createdAt: number;
  updatedAt: number;
  completedAt?: number;
  refuses: boolean;
  /** When its status changed last, and by whom. */
  changed: { step: number; by: Who; at: number };
  /** What a person last set it to. */
  person?: { step: number; at: number; status: string };
  bornStep: number;
  /** When it last became done, or stopped to be. */
  doneStep: number;
  connectedStep: number;
  /** A person's change that altered nothing but `updated_at`. */
  touchedStep: number;
  /** Something happened that no client can tell: a late effect, or a change between our PUT and its record. */
  blurred: boolean;
  /** Writes of ours that timed out and may still take effect. */
  onTheirWay: number;
}

export interface SimUpdate {
  id: string;
  status: IncidentStatus;
  from: IncidentStatus;
  by: Who;
  at: number;
  step: number;
}

export interface SimIncident {
  id: string;
  reference: string;
  status: IncidentStatus;
  updatedAt: number;
  updates: SimUpdate[];
  /** When a person moved it back last. */
  movedBackStep: number;
  releasedStep: number;
  /** When, as the store has it, ms: a process may have slept since it looked at the clock. */
  releasedAt: number;
  held: boolean;
  heldStep: number;
  refuses: boolean;
  /** An edit of ours came after somebody else's same one, or long after it was sent: whose it is nobody can tell. */
  blurred: boolean;
  /** Effective edits of ours that took effect while their call was still waited for. */
  ourEdits: number;
  /** Those without effect, and those that took it late. */
  otherEdits: number;
  /** It was ready before the first process started, and nothing has happened to it since. */
  wasReady: boolean;
  /** Since when (ms) the code says without a break that it is ready. */
  readySince?: number;
}

/** incident.io's webhook, or the tracker's. */
export type Hook = { delivery: string } & (
  | { kind: 'task'; event: SimEvent; key: string; aliases: string[]; revision?: number; canonical?: string }
  | { kind: 'incident'; event: Pick<IncidentEvent, 'source' | 'incident' | 'followUp' | 'wantsSync'> }
);

const status = (id: string, name: string, category: string, rank: number): IncidentStatus => ({
  id: `01STATUS000000000000000${id}`,
  name,
  category,
  rank,
});
export const STATUS = {
  live: status('001', 'Fixing', 'live', 1),
  learning: status('002', 'Reviewing', 'learning', 2),
  closed: status('003', 'Closed', 'closed', 3),
} as const;
export const STATUSES = [STATUS.live, STATUS.learning, STATUS.closed];

/** Of a key that may do everything that is needed. */
export const ROLES = ['viewer', 'incident_editor', 'post_incident_flow_opt_out', 'global_access'];

export const START = Date.parse('2026-03-01T12:00:00Z');

export const isDone = (status: string): boolean => status === 'completed' || status === 'not_doing';
export const isClosed = (state: TaskStateName): boolean => state === 'done' || state === 'declined';
