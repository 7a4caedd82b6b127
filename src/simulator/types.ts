/** What the stand-in of incident.io keeps in memory. All times are milliseconds since 1970-01-01 UTC. */

export const CATEGORIES = [
  'triage',
  'declined',
  'merged',
  'canceled',
  'live',
  'learning',
  'closed',
  'paused',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** `stream` is a mode of the follow-ups' filter only: the published incident has no such mode. */
export const MODES = ['standard', 'retrospective', 'test', 'tutorial', 'stream'] as const;
export type Mode = (typeof MODES)[number];

/** What lists show where no mode is asked for. */
export const DEFAULT_MODES: readonly Mode[] = ['standard', 'retrospective'];

export const FOLLOW_UP_STATUSES = ['outstanding', 'completed', 'deleted', 'not_doing'] as const;
export type SimFollowUpStatus = (typeof FOLLOW_UP_STATUSES)[number];

export const PROVIDERS = [
  'asana',
  'azure_devops',
  'click_up',
  'linear',
  'jira',
  'jira_server',
  'github',
  'gitlab',
  'service_now',
  'shortcut',
  'notion',
] as const;
export type Provider = (typeof PROVIDERS)[number];

/** The roles that matter here; a key may have any others as well. */
export type KeyRole =
  | 'viewer'
  | 'global_access'
  | 'incident_creator'
  | 'incident_editor'
  | 'manage_settings'
  | 'post_incident_flow_opt_out'
  | (string & {});

export interface ApiKey {
  id: string;
  name: string;
  token: string;
  roles: KeyRole[];
}

/** A name with an order: a severity, a priority, a category of follow-ups. */
export interface Ranked {
  id: string;
  name: string;
  description: string;
  rank: number;
  createdAt: number;
}

export interface SimStatus extends Ranked {
  category: Category;
}

export interface SimUser {
  id: string;
  name: string;
}

export interface Team {
  id: string;
  name: string;
}

export type Actor = { kind: 'user' | 'api_key'; id: string; name: string };

export interface SimIncident {
  readonly id: string;
  /** The number of its reference. */
  readonly number: number;
  /** `INC-12` */
  readonly reference: string;
  name: string;
  summary?: string;
  callUrl?: string;
  status: SimStatus;
  severity?: Ranked;
  /** The name of its incident type. */
  type?: string;
  /** Values by the name of the custom field. */
  customFields?: Record<string, string[]>;
  postmortemUrl?: string;
  lead?: SimUser;
  mode: Mode;
  visibility: 'public' | 'private';
  readonly permalink: string;
  /** A closing by API key skipped the post-incident flow. */
  optedOut: boolean;
  readonly creator: Actor;
  readonly createdAt: number;
  updatedAt: number;
}

export interface IssueReference {
  provider: Provider;
  name: string;
  permalink: string;
}

export interface SimFollowUp {
  readonly id: string;
  readonly incidentId: string;
  title: string;
  description?: string;
  status: SimFollowUpStatus;
  reference?: IssueReference;
  assignee?: SimUser;
  team?: Team;
  priority?: Ranked;
  category?: Ranked;
  labels: string[];
  readonly creator: Actor;
  readonly createdAt: number;
  updatedAt: number;
  completedAt?: number;
}

export interface SimUpdate {
  id: string;
  incidentId: string;
  createdAt: number;
  status: SimStatus;
  updater: Actor;
  message?: string;
  severity?: Ranked;
}

/** A change of a status that took effect, whatever its caller was told. */
export interface Effect {
  at: number;
  what: 'incident' | 'follow-up';
  id: string;
  incidentId: string;
  /** Names of statuses for follow-ups, ids for incidents; with the category where it is an incident. */
  from: string;
  to: string;
  toCategory?: Category;
  actor: Actor;
}
