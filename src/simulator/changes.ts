import type {
  Actor,
  Effect,
  IssueReference,
  Mode,
  Ranked,
  SimFollowUp,
  SimFollowUpStatus,
  SimIncident,
  SimStatus,
  SimUpdate,
  SimUser,
} from './types.ts';
import type { World } from './world.ts';

/** Everything that changes incidents and follow-ups, for persons and API keys alike. Nothing is refused here. */

export interface IncidentSetup {
  name?: string;
  mode?: Mode;
  visibility?: 'public' | 'private';
  severity?: Ranked;
  summary?: string;
  type?: string;
  customFields?: Record<string, string[]>;
  postmortemUrl?: string;
  lead?: SimUser;
}

export function addIncident(world: World, setup: IncidentSetup, status: SimStatus, by: Actor): SimIncident {
  const number = world.incidents.size + 1;
  const at = world.clock.now();
  const incident: SimIncident = {
    id: world.newId(),
    number,
    reference: `INC-${number}`,
    name: setup.name ?? `Incident ${number}`,
    status,
    mode: setup.mode ?? 'standard',
    visibility: setup.visibility ?? 'public',
    permalink: `${world.dashboardUrl}/incidents/${number}`,
    optedOut: false,
    creator: by,
    createdAt: at,
    updatedAt: at,
  };
  if (setup.severity !== undefined) incident.severity = setup.severity;
  if (setup.summary !== undefined) incident.summary = setup.summary;
  if (setup.lead !== undefined) incident.lead = setup.lead;
  describeIncident(incident, setup);
  world.incidents.set(incident.id, incident);
  addUpdate(world, incident, by);
  return incident;
}

/** Sets what a setup has of type, custom fields and post-mortem. */
export function describeIncident(incident: SimIncident, setup: IncidentSetup): void {
  if (setup.type !== undefined) incident.type = setup.type;
  if (setup.customFields !== undefined) incident.customFields = setup.customFields;
  if (setup.postmortemUrl !== undefined) incident.postmortemUrl = setup.postmortemUrl;
}

/** Moves an incident, with an update in its history. The status that it already has changes nothing. */
export function moveIncident(world: World, incident: SimIncident, status: SimStatus, by: Actor): void {
  if (incident.status.id === status.id) return;
  const from = incident.status.id;
  incident.optedOut =
    by.kind === 'api_key' && status.category === 'closed' && !world.switches.noPostIncidentFlow;
  incident.status = status;
  touch(world, incident);
  addUpdate(world, incident, by);
  report(world, {
    at: world.clock.now(),
    what: 'incident',
    id: incident.id,
    incidentId: incident.id,
    from,
    to: status.id,
    toCategory: status.category,
    actor: by,
  });
}

export type FollowUpSetup = Partial<
  Pick<
    SimFollowUp,
    'title' | 'description' | 'status' | 'assignee' | 'team' | 'priority' | 'category' | 'labels'
  >
> & { reference?: IssueReference; issueMadeAt?: number };

export function addFollowUp(world: World, incidentId: string, setup: FollowUpSetup, by: Actor): SimFollowUp {
  const at = world.clock.now();
  const { issueMadeAt, ...fields } = setup;
  const followUp: SimFollowUp = {
    ...fields,
    id: world.newId(),
    incidentId,
    title: setup.title ?? `Follow-up ${world.followUps.size + 1}`,
    status: setup.status ?? 'outstanding',
    labels: setup.labels ?? [],
    creator: by,
    createdAt: issueMadeAt ?? at,
    updatedAt: at,
  };
  if (followUp.status === 'completed') followUp.completedAt = at;
  world.followUps.set(followUp.id, followUp);
  append(world.followUpsOf, incidentId, followUp);
  return followUp;
}

/** Sets the status; `completedAt` is there exactly while it is completed. Counts as a write in any case. */
export function setFollowUpStatus(
  world: World,
  followUp: SimFollowUp,
  status: SimFollowUpStatus,
  by: Actor,
): void {
  const from = followUp.status;
  followUp.status = status;
  touch(world, followUp);
  if (status !== 'completed') delete followUp.completedAt;
  else if (from !== 'completed') followUp.completedAt = followUp.updatedAt;
  if (from === status) return;
  report(world, {
    at: world.clock.now(),
    what: 'follow-up',
    id: followUp.id,
    incidentId: followUp.incidentId,
    from,
    to: status,
    actor: by,
  });
}

/** `updatedAt` moves on every write, by a millisecond where the clock stands still. */
export function touch(world: World, thing: { updatedAt: number }): void {
  thing.updatedAt = Math.max(world.clock.now(), thing.updatedAt + 1);
}

/** Adds a line to an incident's history; its status is that which the incident has. */
export function addUpdate(world: World, incident: SimIncident, by: Actor, message?: string): SimUpdate {
  const update: SimUpdate = {
    id: world.newId(),
    incidentId: incident.id,
    createdAt: incident.updatedAt,
    status: incident.status,
    updater: by,
    ...(message !== undefined && { message }),
    ...(incident.severity !== undefined && { severity: incident.severity }),
  };
  world.updates.push(update);
  append(world.updatesOf, incident.id, update);
  return update;
}

function append<T>(lists: Map<string, T[]>, id: string, entry: T): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [entry]);
  else list.push(entry);
}

function report(world: World, effect: Effect): void {
  world.effects.push(effect);
  world.onEffect(effect);
}
