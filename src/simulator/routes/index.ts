import type { Route, RouteName } from '../call.ts';
import { editIncident } from './edit.ts';
import { connectV2, createFromLink, createV2, deleteV2, listV2, listV3, show, update } from './follow-ups.ts';
import { createIncident, createUpdate, listIncidents, listUpdates, showIncident } from './incidents.ts';
import {
  createSeverity,
  createStatus,
  listSeverities,
  listStatuses,
  listTypes,
  showIdentity,
} from './settings.ts';

/** Scopes as the schema names them, where it does; the scope of an edit is not published. */
const reading = (scope: string) => ({ role: 'viewer', scope });
const editing = (scope: string) => ({ role: 'incident_editor', scope });
const setting = { role: 'manage_settings', scope: 'incident_lifecycles.update' };
const edit = { ...editing('incidents.edit'), handle: editIncident };

export const routes: Record<RouteName, Route> = {
  'GET /v1/identity': { handle: showIdentity },
  'GET /v1/incident_statuses': { ...reading('incident_statuses.view'), handle: listStatuses },
  'POST /v1/incident_statuses': { ...setting, handle: createStatus },
  'GET /v1/incident_types': { ...reading('incident_types.view'), handle: listTypes },
  'GET /v1/severities': { ...reading('severities.view'), handle: listSeverities },
  'POST /v1/severities': { ...setting, handle: createSeverity },
  'GET /v2/incidents': { ...reading('incidents.view'), handle: listIncidents },
  'POST /v2/incidents': { role: 'incident_creator', scope: 'incidents.create', handle: createIncident },
  'GET /v2/incidents/{id}': { ...reading('incidents.view'), handle: showIncident },
  'PATCH /v2/incidents/{id}': edit,
  'POST /v2/incidents/{id}/actions/edit': edit,
  'GET /v2/incident_updates': { ...reading('incidents.view'), handle: listUpdates },
  'POST /v2/incident_updates': { ...editing('incident_updates.create'), handle: createUpdate },
  'GET /v3/follow_ups': { ...reading('actions.view'), handle: listV3 },
  'GET /v3/follow_ups/{id}': { ...reading('actions.view'), handle: show(3) },
  'PUT /v3/follow_ups/{id}': { ...editing('follow_ups.update'), handle: update(3) },
  'POST /v3/follow_ups/actions/create_from_link': {
    ...editing('follow_ups.create'),
    handle: createFromLink,
  },
  'GET /v2/follow_ups': { ...reading('actions.view'), handle: listV2 },
  'POST /v2/follow_ups': { ...editing('follow_ups.create'), handle: createV2 },
  'GET /v2/follow_ups/{id}': { ...reading('actions.view'), handle: show(2) },
  'PUT /v2/follow_ups/{id}': { ...editing('follow_ups.update'), handle: update(2) },
  'DELETE /v2/follow_ups/{id}': { ...editing('follow_ups.delete'), handle: deleteV2 },
  'POST /v2/follow_ups/{id}/actions/connect_external_issue': {
    ...editing('follow_ups.connect_external_issue'),
    handle: connectV2,
  },
};
