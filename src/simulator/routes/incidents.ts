import { z } from 'zod';
import { actorOf, type Handler, incidentById, type SimAnswer, visible } from '../call.ts';
import { addIncident, addUpdate, touch } from '../changes.ts';
import { invalid, notFound } from '../problems.ts';
import {
  maybe,
  nonEmptyText,
  pageOf,
  parseFields,
  readEnum,
  readEnums,
  readPageSize,
  readTimeFilter,
} from '../reading.ts';
import { incidentJson, updateJson } from '../render.ts';
import { CATEGORIES, DEFAULT_MODES, MODES, type SimIncident } from '../types.ts';
import { statusOf } from '../world.ts';

/** The schema takes 500, its text and the page's own description promise 250. */
const MAX_ASKED = 500;
const MAX_GIVEN = 250;

export const listIncidents: Handler = (world, { key, query }) => {
  const size = Math.min(readPageSize(query, MAX_ASKED), MAX_GIVEN);
  const modes = readEnums(query, 'mode[one_of]', MODES) ?? DEFAULT_MODES;
  const newestFirst = readEnum(query, 'sort_by', [
    'created_at_newest_first',
    'created_at_oldest_first',
  ] as const);
  const matches = readFilters(query);
  const found = [...world.incidents.values()].filter(
    (incident) => visible(key, incident) && modes.includes(incident.mode) && matches(incident),
  );
  if (newestFirst !== 'created_at_oldest_first') found.reverse();
  const { page, next } = pageOf(found, query.get('after'), size);
  return {
    status: 200,
    body: {
      incidents: page.map(incidentJson),
      pagination_meta: { page_size: size, after: next, total_record_count: found.length },
    },
  };
};

function readFilters(query: URLSearchParams): (incident: SimIncident) => boolean {
  const filters: ((incident: SimIncident) => boolean)[] = [];
  const statuses = query.getAll('status[one_of]');
  if (statuses.length > 0) filters.push((incident) => statuses.includes(incident.status.id));
  const otherStatuses = query.getAll('status[not_in]');
  if (otherStatuses.length > 0) filters.push((incident) => !otherStatuses.includes(incident.status.id));
  const categories = readEnums(query, 'status_category[one_of]', CATEGORIES);
  if (categories !== undefined) filters.push((incident) => categories.includes(incident.status.category));
  const others = readEnums(query, 'status_category[not_in]', CATEGORIES);
  if (others !== undefined) filters.push((incident) => !others.includes(incident.status.category));
  const created = readTimeFilter(query, 'created_at');
  if (created !== undefined) filters.push((incident) => created(incident.createdAt));
  const updated = readTimeFilter(query, 'updated_at');
  if (updated !== undefined) filters.push((incident) => updated(incident.updatedAt));
  const any = readEnum(query, 'filter_mode', ['all', 'any'] as const) === 'any' && filters.length > 0;
  return (incident) =>
    any ? filters.some((filter) => filter(incident)) : filters.every((filter) => filter(incident));
}

/** By full id, or by the number of the reference alone: `123`, never `INC-123`. */
export const showIncident: Handler = (world, { key, id }): SimAnswer => {
  const number = /^\d+$/.test(id) ? Number(id) : undefined;
  const incident =
    world.incidents.get(id) ?? [...world.incidents.values()].find((candidate) => candidate.number === number);
  if (!visible(key, incident)) throw notFound();
  return { status: 200, body: { incident: incidentJson(incident) } };
};

const NewIncident = z.object({
  idempotency_key: nonEmptyText,
  visibility: z.enum(['public', 'private']),
  name: maybe,
  summary: maybe,
  mode: z.enum(['standard', 'retrospective', 'test', 'tutorial']).optional(),
  incident_status_id: maybe,
  severity_id: maybe,
});

export const createIncident: Handler = (world, { key, body }) => {
  const given = parseFields(NewIncident, body);
  const former = world.incidents.get(world.idempotency.get(given.idempotency_key) ?? '');
  if (former !== undefined) return { status: 200, body: { incident: incidentJson(former) } };
  const severity = world.severities.find((entry) => entry.id === given.severity_id);
  if (severity === undefined) {
    throw invalid(
      'severity_id',
      'An incident needs a severity that exists',
      given.severity_id ? undefined : 'is_required',
    );
  }
  const asked = given.incident_status_id;
  const status = asked ? world.statuses.find((entry) => entry.id === asked) : statusOf(world, 'live');
  if (status === undefined) throw invalid('incident_status_id', 'There is no status of that ID');
  const setup = { severity, visibility: given.visibility, mode: given.mode ?? 'standard' };
  const texts = { ...(given.name && { name: given.name }), ...(given.summary && { summary: given.summary }) };
  const incident = addIncident(world, { ...setup, ...texts }, status, actorOf(key));
  world.idempotency.set(given.idempotency_key, incident.id);
  return { status: 200, body: { incident: incidentJson(incident) } };
};

export const listUpdates: Handler = (world, { key, query }) => {
  const size = readPageSize(query, MAX_GIVEN);
  const incidentId = query.get('incident_id');
  const all = incidentId ? (world.updatesOf.get(incidentId) ?? []) : world.updates;
  const found = all.filter((update) => visible(key, world.incidents.get(update.incidentId)));
  if (world.switches.updatesNewestFirst) found.reverse();
  const { page, next } = pageOf(found, query.get('after'), size);
  return {
    status: 200,
    body: { incident_updates: page.map(updateJson), pagination_meta: { page_size: size, after: next } },
  };
};

const NewUpdate = z.object({
  idempotency_key: nonEmptyText,
  incident_id: nonEmptyText,
  message: maybe,
  to_incident_status_id: maybe,
  to_severity_id: maybe,
});

/** Messages alone: nobody here changes a status by an update. */
export const createUpdate: Handler = (world, call) => {
  const given = parseFields(NewUpdate, call.body);
  const former = world.updates.find(
    ({ id }) => id === world.idempotency.get(`update ${given.idempotency_key}`),
  );
  if (former !== undefined) return { status: 201, body: { incident_update: updateJson(former) } };
  const incident = incidentById(world, call, given.incident_id);
  if (!given.message) throw invalid('message', 'An update needs a message', 'is_required');
  touch(world, incident);
  const made = addUpdate(world, incident, actorOf(call.key), given.message);
  world.idempotency.set(`update ${given.idempotency_key}`, made.id);
  return { status: 201, body: { incident_update: updateJson(made) } };
};
