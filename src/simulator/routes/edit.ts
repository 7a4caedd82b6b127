import { z } from 'zod';
import { actorOf, type Handler, incidentById, need, type SimCall } from '../call.ts';
import { moveIncident, touch } from '../changes.ts';
import { invalid } from '../problems.ts';
import { maybe, nonEmptyText, parseFields } from '../reading.ts';
import { incidentJson } from '../render.ts';
import { mayMove } from '../transitions.ts';
import type { SimIncident, SimStatus } from '../types.ts';
import type { World } from '../world.ts';

const Edit = z.object({
  incident: z.object({
    incident_status_id: maybe,
    severity_id: maybe,
    name: nonEmptyText.optional(),
    summary: maybe,
    call_url: maybe,
  }),
  notify_incident_channel: z.boolean(),
});

/** The edit of an incident: only what is given changes, and nothing at all where one part is refused. */
export const editIncident: Handler = (world, call) => {
  const incident = incidentById(world, call, call.id);
  const edit = parseFields(Edit, call.body).incident;
  const severity = edit.severity_id
    ? world.severities.find((entry) => entry.id === edit.severity_id)
    : incident.severity;
  if (edit.severity_id && severity === undefined)
    throw invalid('severity_id', 'There is no severity of that ID');
  const status = edit.incident_status_id
    ? allowedStatus(world, call, incident, edit.incident_status_id)
    : incident.status;

  if (severity !== undefined) incident.severity = severity;
  if (edit.name !== undefined) incident.name = edit.name;
  if (edit.summary) incident.summary = edit.summary;
  if (edit.call_url) incident.callUrl = edit.call_url;
  if (edit.severity_id || edit.name !== undefined || edit.summary || edit.call_url) touch(world, incident);
  moveIncident(world, incident, status, actorOf(call.key));
  return { status: 200, body: { incident: incidentJson(incident) } };
};

function allowedStatus(world: World, call: SimCall, incident: SimIncident, id: string): SimStatus {
  const field = 'incident_status_id';
  const status = world.statuses.find((entry) => entry.id === id);
  if (status === undefined) throw invalid(field, 'There is no status of that ID');
  if (status.id === incident.status.id) return status;
  const [from, to] = [incident.status.category, status.category];
  if (!mayMove(from, to)) throw invalid(field, `An incident cannot go from ${from} to ${to} through the API`);
  const refusal = world.refusals.get(status.id);
  if (refusal !== undefined) throw invalid(field, refusal);
  if (to === 'closed' && from !== 'closed' && !world.switches.noPostIncidentFlow) {
    need(call.key, 'post_incident_flow_opt_out', 'post_incident_flow.opt_out');
  }
  return status;
}
