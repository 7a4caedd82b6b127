import { missingScope, notFound } from './problems.ts';
import type { Json } from './render.ts';
import type { Actor, ApiKey, KeyRole, SimFollowUp, SimIncident } from './types.ts';
import type { World } from './world.ts';

/** The routes, by method and template as in incident.io's schema. */
export const ROUTES = [
  'GET /v1/identity',
  'GET /v1/incident_statuses',
  'POST /v1/incident_statuses',
  'GET /v1/incident_types',
  'GET /v1/severities',
  'POST /v1/severities',
  'GET /v2/incidents',
  'POST /v2/incidents',
  'GET /v2/incidents/{id}',
  'PATCH /v2/incidents/{id}',
  'POST /v2/incidents/{id}/actions/edit',
  'GET /v2/incident_updates',
  'POST /v2/incident_updates',
  'GET /v3/follow_ups',
  'GET /v3/follow_ups/{id}',
  'PUT /v3/follow_ups/{id}',
  'POST /v3/follow_ups/actions/create_from_link',
  'GET /v2/follow_ups',
  'POST /v2/follow_ups',
  'GET /v2/follow_ups/{id}',
  'PUT /v2/follow_ups/{id}',
  'DELETE /v2/follow_ups/{id}',
  'POST /v2/follow_ups/{id}/actions/connect_external_issue',
] as const;
export type RouteName = (typeof ROUTES)[number];

/** One request whose sender is known. */
export interface SimCall {
  key: ApiKey;
  /** The `{id}` of the path, or an empty text. */
  id: string;
  query: URLSearchParams;
  body: unknown;
}

export interface SimAnswer {
  status: number;
  body?: Json;
}

/** Answers a call, or throws a `Problem`. What it changes has taken effect when it returns. */
export type Handler = (world: World, call: SimCall) => SimAnswer;

export interface Route {
  /** What the key needs; the scope is what the 403 names. Which role holds which scope is not published. */
  role?: KeyRole;
  scope?: string;
  handle: Handler;
}

export function need(key: ApiKey, role: KeyRole | undefined, scope: string | undefined): void {
  if (role !== undefined && !key.roles.includes(role)) throw missingScope(scope ?? role);
}

export function actorOf(key: ApiKey): Actor {
  return { kind: 'api_key', id: key.id, name: key.name };
}

/** Private incidents are there only for keys that may see all of them. */
export function visible(key: ApiKey, incident: SimIncident | undefined): incident is SimIncident {
  if (incident === undefined) return false;
  return incident.visibility === 'public' || key.roles.includes('global_access');
}

/** By full id, for routes that promise no more than that. */
export function incidentById(world: World, call: SimCall, id: string): SimIncident {
  const incident = world.incidents.get(id);
  if (!visible(call.key, incident)) throw notFound();
  return incident;
}

export function followUpById(world: World, call: SimCall): SimFollowUp {
  const followUp = world.followUps.get(call.id);
  const hidden = followUp?.status === 'deleted' && !world.switches.listDeleted;
  if (followUp === undefined || hidden) throw notFound();
  if (!visible(call.key, world.incidents.get(followUp.incidentId))) throw notFound();
  return followUp;
}
