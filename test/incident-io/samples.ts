/** Answers as incident.io gives them, with fields that we do not use and values that came later. */
export function statusJson(category = 'learning') {
  return {
    id: `ST-${category}`,
    name: `The ${category} one`,
    description: '',
    category,
    rank: 3,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  };
}

export function incidentJson(id = '01INCIDENT', more: object = {}) {
  return {
    id,
    reference: 'INC-123',
    name: 'The database is down',
    incident_status: statusJson(),
    mode: 'standard',
    visibility: 'public',
    permalink: null,
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05.678901234Z',
    a_field_that_came_later: { deep: [1] },
    ...more,
  };
}

export function followUpJson(id = '01FOLLOWUP', more: object = {}) {
  return {
    id,
    incident_id: '01INCIDENT',
    title: 'Add an alert',
    status: 'outstanding',
    labels: ['reliability'],
    creator: { user: { id: 'U1', name: 'Ann', role: 'viewer' } },
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
    ...more,
  };
}

export function updateJson(
  id: string,
  createdAt: string,
  updater: object = { user: { id: 'U1', name: 'Ann' } },
) {
  return {
    id,
    incident_id: '01INCIDENT',
    new_incident_status: statusJson('closed'),
    updater,
    created_at: createdAt,
  };
}

export const identityJson = {
  name: 'closer',
  dashboard_url: 'https://app.incident.io/acme',
  roles: ['viewer', 'a_role_that_came_later'],
  teams: [],
  team_roles: [],
};
