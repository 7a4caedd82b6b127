import type { Actor, Ranked, SimFollowUp, SimIncident, SimStatus, SimUpdate, SimUser } from './types.ts';

/** What the API shows of what is kept here: the required fields always, optional ones where there is something. */

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** RFC 3339 with microseconds, as incident.io writes it. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function actorJson(actor: Actor): Json {
  if (actor.kind === 'api_key') return { api_key: { id: actor.id, name: actor.name } };
  return { user: userJson(actor) };
}

function userJson(user: SimUser): Json {
  return { id: user.id, name: user.name, role: 'responder' };
}

export function rankedJson(entry: Ranked): { [key: string]: Json } {
  const at = timestamp(entry.createdAt);
  const { id, name, description, rank } = entry;
  return { id, name, description, rank, created_at: at, updated_at: at };
}

export function statusJson(status: SimStatus): Json {
  return { ...rankedJson(status), category: status.category };
}

export function incidentJson(incident: SimIncident): Json {
  return {
    id: incident.id,
    reference: incident.reference,
    name: incident.name,
    summary: incident.summary,
    call_url: incident.callUrl,
    incident_status: statusJson(incident.status),
    severity: incident.severity === undefined ? undefined : rankedJson(incident.severity),
    mode: incident.mode,
    visibility: incident.visibility,
    permalink: incident.permalink,
    creator: actorJson(incident.creator),
    incident_type: incident.type === undefined ? undefined : typeJson(incident.type, incident.createdAt),
    custom_field_entries: Object.entries(incident.customFields ?? {}).map(([name, values]) => ({
      custom_field: { id: idOf(name), name, description: '', field_type: 'text', options: [] },
      values: values.map((value) => ({ value_text: value })),
    })),
    postmortem_document_url: incident.postmortemUrl,
    incident_role_assignments:
      incident.lead === undefined ? [] : [leadJson(incident.lead, incident.createdAt)],
    slack_channel_id: `C${incident.id.slice(-10)}`,
    slack_team_id: 'T0SIMULATED',
    created_at: timestamp(incident.createdAt),
    updated_at: timestamp(incident.updatedAt),
  };
}

function leadJson(lead: SimUser, createdAt: number): Json {
  const at = timestamp(createdAt);
  const role = {
    id: '01INCIDENTLEAD',
    name: 'Incident lead',
    description: 'Coordinates the incident',
    instructions: 'Coordinate the incident',
    required: false,
    role_type: 'lead',
    shortform: 'lead',
    created_at: at,
    updated_at: at,
  };
  return { role, assignee: userJson(lead) };
}

function typeJson(name: string, createdAt: number): { [key: string]: Json } {
  const at = timestamp(createdAt);
  return {
    id: idOf(name),
    name,
    description: '',
    is_default: false,
    private_incidents_only: false,
    create_in_triage: 'optional',
    created_at: at,
    updated_at: at,
  };
}

/** One id for one name. */
function idOf(name: string): string {
  return `01${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')}`;
}

export function updateJson(update: SimUpdate): Json {
  return {
    id: update.id,
    incident_id: update.incidentId,
    created_at: timestamp(update.createdAt),
    new_incident_status: statusJson(update.status),
    new_severity: update.severity === undefined ? undefined : rankedJson(update.severity),
    message: update.message,
    updater: actorJson(update.updater),
  };
}

/** The category is shown by V3 only. */
export function followUpJson(followUp: SimFollowUp, version: 2 | 3): Json {
  const { reference, assignee, team, priority, category } = followUp;
  return {
    id: followUp.id,
    incident_id: followUp.incidentId,
    title: followUp.title,
    description: followUp.description,
    status: followUp.status,
    labels: followUp.labels,
    creator: actorJson(followUp.creator),
    assignee: assignee === undefined ? undefined : userJson(assignee),
    assignee_team: team === undefined ? undefined : { id: team.id, name: team.name },
    priority: priority === undefined ? undefined : optionJson(priority),
    category: category === undefined || version === 2 ? undefined : optionJson(category),
    external_issue_reference:
      reference === undefined
        ? undefined
        : {
            provider: reference.provider,
            issue_name: reference.name,
            issue_permalink: reference.permalink,
          },
    completed_at: followUp.completedAt === undefined ? undefined : timestamp(followUp.completedAt),
    created_at: timestamp(followUp.createdAt),
    updated_at: timestamp(followUp.updatedAt),
  };
}

function optionJson({ id, name, description, rank }: Ranked): Json {
  return { id, name, description, rank };
}
