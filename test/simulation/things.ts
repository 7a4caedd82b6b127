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
  /** When it first reached us, and the same in ms. */
  arrivedAt?: number;
  receivedAt?: number;
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
  /** What a person last set it to, and whether we could know that this was a change. */
  person?: { step: number; at: number; status: string; known: boolean };
  /** When somebody other than us took it from done to outstanding last, and whether we could know that it had been done. */
  setBack?: SetBack;
  /** When somebody other than us changed its status last. */
  othersStep: number;
  bornStep: number;
  /** When it last became done, or stopped to be. */
  doneStep: number;
  /** When it last became completed, also from "not doing". */
  completedStep: number;
  connectedStep: number;
  /** When its link followed its task to a new place last. */
  followedStep?: number;
  /** When its row was written last without a change of its status. */
  rowStep: number;
  /** Somebody is responsible for it: an organisation may refuse changes of those without. */
  owned: boolean;
  /** Something happened that no client can tell: a late effect, or a change between our PUT and its record. */
  blurred: boolean;
  /** Writes of ours that timed out and may still take effect. */
  onTheirWay: number;
  /** The row's `updated_at` when we last set it to outstanding, ms. */
  reopenedByUsAt?: number;
}

export interface SetBack {
  step: number;
  by: Who;
  known: boolean;
  /** The row's `updated_at` then, and as it was when our store first had it outstanding, ms. */
  rowAt: number;
  seenAt?: number;
  /** When our store first had it so: the step, and by our clock (ms). */
  seenStep?: number;
  storedAt?: number;
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
  /** When it was last opened again after it had been closed, or made active after we had resolved it. */
  movedBackStep: number;
  /** What we told people in it. */
  posts: { key: string; update: SimUpdate; message: string }[];
  /** When the follow-ups had been read on which our last edit rested. */
  evidenceStep: number;
  /** When a review last said that somebody moved it back. */
  saidBackStep: number;
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
  /** When its follow-ups were read last. */
  lookedStep: number;
  /** Since when (ms) it is due without a break, and with which change it began. */
  dueSince?: { at: number; step: number };
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
