import { z } from 'zod';
import type { Handler } from '../call.ts';
import { nonEmptyText, parseFields } from '../reading.ts';
import { rankedJson, statusJson, timestamp } from '../render.ts';
import type { Ranked, SimStatus } from '../types.ts';

/** The key and what the organisation has set up. */

export const showIdentity: Handler = (world, { key }) => ({
  status: 200,
  body: {
    identity: {
      name: key.name,
      dashboard_url: world.dashboardUrl,
      roles: key.roles,
      teams: [],
      team_roles: [],
    },
  },
});

export const listStatuses: Handler = (world) => ({
  status: 200,
  body: { incident_statuses: world.statuses.map(statusJson) },
});

const NewStatus = z.object({
  name: nonEmptyText,
  description: z.string(),
  category: z.enum(['live', 'learning', 'closed']),
});

export const createStatus: Handler = (world, { body }) => {
  const given = parseFields(NewStatus, body);
  const rank = world.statuses.length;
  const status: SimStatus = { ...given, id: world.newId(), rank, createdAt: world.clock.now() };
  world.statuses.push(status);
  return { status: 201, body: { incident_status: statusJson(status) } };
};

export const listSeverities: Handler = (world) => ({
  status: 200,
  body: { severities: world.severities.map(rankedJson) },
});

const NewSeverity = z.object({
  name: nonEmptyText.pipe(z.string().max(50)),
  description: z.string(),
  rank: z.number().int().optional(),
});

export const createSeverity: Handler = (world, { body }) => {
  const { name, description, rank } = parseFields(NewSeverity, body);
  const severity: Ranked = {
    id: world.newId(),
    name,
    description,
    rank: rank ?? world.severities.length,
    createdAt: world.clock.now(),
  };
  world.severities.push(severity);
  return { status: 201, body: { severity: rankedJson(severity) } };
};

/** One type, which every organisation has. */
export const listTypes: Handler = (world) => ({
  status: 200,
  body: {
    incident_types: [
      {
        id: '01SIMULATED00000000000TYPE',
        name: 'Default',
        description: 'The type of every incident here.',
        is_default: true,
        private_incidents_only: false,
        create_in_triage: 'optional',
        created_at: timestamp(world.clock.now()),
        updated_at: timestamp(world.clock.now()),
      },
    ],
  },
});
