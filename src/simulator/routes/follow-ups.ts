import { z } from 'zod';
import { actorOf, followUpById, type Handler, incidentById, type SimCall, visible } from '../call.ts';
import { addFollowUp, setFollowUpStatus, touch } from '../changes.ts';
import { invalid } from '../problems.ts';
import { nonEmptyText, pageOf, parseFields, readEnum, readPageSize, readTimeFilter } from '../reading.ts';
import { followUpJson } from '../render.ts';
import { DEFAULT_MODES, FOLLOW_UP_STATUSES, MODES, PROVIDERS, type SimFollowUp } from '../types.ts';
import type { World } from '../world.ts';
import { FollowUpFields, resolveFields } from './follow-up-fields.ts';
import { referenceOf } from './issue-link.ts';

/** Follow-ups in both versions of the API. V2 has no pages, no filter by time and no category. */

export const listV3: Handler = (world, call) => {
  const { query } = call;
  const size = readPageSize(query, 250);
  const created = readTimeFilter(query, 'created_at') ?? (() => true);
  const updated = readTimeFilter(query, 'updated_at') ?? (() => true);
  const shown = isListed(world, call);
  const incidentId = query.get('incident_id');
  const { page, next } = pageOf(
    incidentId ? (world.followUpsOf.get(incidentId) ?? []) : world.followUps.values(),
    query.get('after'),
    size,
    (entry) => shown(entry) && created(entry.createdAt) && updated(entry.updatedAt),
  );
  return {
    status: 200,
    body: {
      follow_ups: page.map((entry) => followUpJson(entry, 3)),
      pagination_meta: { page_size: size, after: next },
    },
  };
};

export const listV2: Handler = (world, call) => ({
  status: 200,
  body: {
    follow_ups: [...world.followUps.values()]
      .filter(isListed(world, call))
      .map((entry) => followUpJson(entry, 2)),
  },
});

/** The order is that of ids, oldest first. An incident of another mode than asked for shows nothing, also when it is named. */
function isListed(world: World, { key, query }: SimCall): (entry: SimFollowUp) => boolean {
  const mode = readEnum(query, 'incident_mode', MODES);
  const modes = mode === undefined ? DEFAULT_MODES : [mode];
  const incidentId = query.get('incident_id');
  const teamId = query.get('assignee_team_id');
  return (entry) => {
    if (incidentId && entry.incidentId !== incidentId) return false;
    if (teamId && entry.team?.id !== teamId) return false;
    if (entry.status === 'deleted' && !world.switches.listDeleted) return false;
    const incident = world.incidents.get(entry.incidentId);
    return visible(key, incident) && modes.includes(incident.mode);
  };
}

export function show(version: 2 | 3): Handler {
  return (world, call) => ({
    status: 200,
    body: { follow_up: followUpJson(followUpById(world, call), version) },
  });
}

const Update = FollowUpFields.extend({ title: nonEmptyText, status: z.enum(FOLLOW_UP_STATUSES) });

export function update(version: 2 | 3): Handler {
  return (world, call) => {
    const followUp = followUpById(world, call);
    const { title, status, ...given } = parseFields(Update, call.body);
    if (status === 'deleted') throw invalid('status', 'To delete a follow-up, use the endpoint that deletes');
    const fields = resolveFields(world, given);
    if (world.switches.putClearsOmitted) clear(followUp);
    Object.assign(followUp, fields, { title });
    setFollowUpStatus(world, followUp, status, actorOf(call.key));
    return { status: 200, body: { follow_up: followUpJson(followUp, version) } };
  };
}

function clear(followUp: SimFollowUp): void {
  followUp.labels = [];
  delete followUp.description;
  delete followUp.assignee;
  delete followUp.team;
  delete followUp.priority;
  delete followUp.category;
}

const Creation = FollowUpFields.extend({ incident_id: nonEmptyText, title: nonEmptyText });

export const createV2: Handler = (world, call) => {
  const { incident_id, title, ...given } = parseFields(Creation, call.body);
  incidentById(world, call, incident_id);
  const setup = { ...resolveFields(world, given), title };
  const followUp = addFollowUp(world, incident_id, setup, actorOf(call.key));
  return { status: 201, body: { follow_up: followUpJson(followUp, 2) } };
};

const FromLink = z.object({ incident_id: nonEmptyText, url: nonEmptyText });

export const createFromLink: Handler = (world, call) => {
  const { incident_id, url } = parseFields(FromLink, call.body);
  incidentById(world, call, incident_id);
  const reference = referenceOf(url);
  if (reference === undefined) throw invalid('url', 'No connected issue tracker knows this address');
  const setup = { reference, title: reference.name };
  const followUp = addFollowUp(world, incident_id, setup, actorOf(call.key));
  return { status: 201, body: { follow_up: followUpJson(followUp, 3) } };
};

const Connection = z.object({ provider: z.enum(PROVIDERS), url: nonEmptyText });

export const connectV2: Handler = (world, call) => {
  const followUp = followUpById(world, call);
  const { provider, url } = parseFields(Connection, call.body);
  if (followUp.reference !== undefined)
    throw invalid('url', 'The follow-up is already connected to an issue');
  followUp.reference = { ...(referenceOf(url) ?? { name: url, permalink: url }), provider };
  touch(world, followUp);
  return { status: 200, body: { follow_up: followUpJson(followUp, 2) } };
};

export const deleteV2: Handler = (world, call) => {
  setFollowUpStatus(world, followUpById(world, call), 'deleted', actorOf(call.key));
  return { status: 204 };
};
