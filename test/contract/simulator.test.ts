import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DESCRIBED } from '../../src/simulator/answering.ts';
import { ROUTES } from '../../src/simulator/call.ts';
import type { ExchangeRequest, ExchangeResponse } from '../../src/simulator/log.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { ask, at } from '../simulator/ask.ts';
import { checkExchange, operations, schemaFile, schemaIsThere } from '../support/contract.ts';

if (!schemaIsThere) console.warn(`Contract checks are skipped: there is no OpenAPI schema at ${schemaFile}`);

/** Success of every route: path below the base, body, and what it is expected to answer. */
describe.skipIf(!schemaIsThere)(
  "the stand-in's answers are as incident.io's published schema has them",
  () => {
    let simulator: Simulator;
    /** Method, template and status of what was answered. */
    let seen: Set<string>;
    let breaches: unknown[];

    beforeEach(async () => {
      seen = new Set();
      breaches = [];
      simulator = await startSimulator({
        key: { roles: [...everyRole] },
        onExchange: (request: ExchangeRequest, response: ExchangeResponse) => {
          seen.add(`${request.route} ${response.status}`);
          try {
            checkExchange(request, response);
          } catch (error) {
            breaches.push(error);
          }
        },
      });
    });
    afterEach(() => simulator.close());

    it('has every operation that the schema has, and one that only the documentation has', () => {
      expect([...ROUTES].sort()).toEqual([...operations(), 'PATCH /v2/incidents/{id}'].sort());
    });

    it('succeeds as described on every route', async () => {
      await callEveryRoute(simulator);
      expect(breaches).toEqual([]);
      for (const route of ROUTES) {
        const succeeded = [200, 201, 204].some((status) => seen.has(`${route} ${status}`));
        expect(succeeded, `${route} succeeded`).toBe(true);
      }
    });

    it('answers every status that the schema has for an error as described, on every route', async () => {
      const path = pathsOf(simulator);
      const bodies = validBodies(simulator);
      // A request that is refused elsewhere would be no answer of the fault's.
      const told = ROUTES.flatMap((route) => DESCRIBED.map((status) => ({ route, status })));
      for (const { route, status } of told) {
        const [method = 'GET'] = route.split(' ');
        const body = method === 'GET' || method === 'DELETE' ? undefined : (bodies[route] ?? {});
        simulator.misbehave({ route, fault: { kind: 'status', status } });
        const answer = await ask(simulator, path(route), { method, body });
        expect(answer.status, `${route} ${status}`).toBe(status);
      }
      expect(breaches).toEqual([]);
      expect(told.filter(({ route, status }) => !seen.has(`${route} ${status}`))).toEqual([]);
    });

    it.each([
      [401, 'no key', (s: Simulator) => s.revokeKey('incident-closer')],
      [403, 'no role', (s: Simulator) => s.setRoles('incident-closer', [])],
      [409, 'a conflict', (s: Simulator) => misbehaveAlways(s, 409)],
      [429, 'too many requests', (s: Simulator) => misbehaveAlways(s, 429)],
      [500, 'an error of its own', (s: Simulator) => misbehaveAlways(s, 500)],
    ])('answers %i as described on every route: %s', async (status, _why, spoil) => {
      const path = pathsOf(simulator);
      spoil(simulator);
      for (const route of ROUTES) {
        const [method = 'GET'] = route.split(' ');
        const body =
          method === 'GET' || method === 'DELETE' ? undefined : (validBodies(simulator)[route] ?? {});
        const answer = await ask(simulator, path(route), { method, body });
        // The identity of a key needs no role.
        if (route !== 'GET /v1/identity' || status !== 403) expect(answer.status, route).toBe(status);
      }
      expect(breaches).toEqual([]);
    });

    it('answers 404 as described for ids that nobody has', async () => {
      for (const route of ROUTES.filter((name) => name.includes('{id}'))) {
        const [method = 'GET', template = ''] = route.split(' ');
        const body =
          method === 'GET' || method === 'DELETE' ? undefined : (validBodies(simulator)[route] ?? {});
        const answer = await ask(simulator, template.replace('{id}', '01UNKNOWN'), { method, body });
        expect(answer.status, route).toBe(404);
        expect(at(answer.body, 'type')).toBe('not_found');
      }
      expect(breaches).toEqual([]);
    });

    it('answers refused bodies and parameters as described; only the request itself breaks the contract', async () => {
      const path = pathsOf(simulator);
      for (const route of ROUTES) {
        const [method = 'GET'] = route.split(' ');
        if (method === 'GET' || method === 'DELETE') continue;
        expect((await ask(simulator, path(route), { method, body: {} })).status, route).toBe(422);
        expect((await ask(simulator, path(route), { method, body: '{"half' })).status, route).toBe(400);
      }
      for (const query of [
        '/v3/follow_ups?page_size=0',
        '/v3/follow_ups?incident_mode=live',
        '/v2/incidents?page_size=501',
        '/v2/incidents?status_category[one_of]=open',
        '/v2/incidents?updated_at[gte]=yesterday',
        '/v2/incident_updates?page_size=251',
      ]) {
        expect((await ask(simulator, query)).status, query).toBe(422);
      }
      const answerFaults = breaches.map(String).filter((fault) => fault.includes('answer'));
      expect(answerFaults).toEqual([]);
      expect(breaches.length).toBeGreaterThan(0);
    });
  },
);

const everyRole = [
  'viewer',
  'global_access',
  'incident_creator',
  'incident_editor',
  'manage_settings',
  'post_incident_flow_opt_out',
] as const;

function misbehaveAlways(simulator: Simulator, status: number): void {
  simulator.misbehave({ fault: { kind: 'status', status }, chance: 1 });
}

/** Bodies that every route takes. */
function validBodies(simulator: Simulator): Record<string, unknown> {
  const incident = simulator.incidents()[0]?.id ?? simulator.createIncident().id;
  const edit = {
    incident: { incident_status_id: simulator.statusId('closed'), name: 'Renamed', summary: 'Over' },
    notify_incident_channel: true,
  };
  const put = { title: 'Fix it', status: 'completed', labels: ['a'], description: 'Really' };
  return {
    'POST /v1/incident_statuses': { name: 'Learning', description: 'More', category: 'learning' },
    'POST /v1/severities': { name: 'Tiny', description: 'Very' },
    'POST /v2/incident_updates': {
      idempotency_key: 'k',
      incident_id: [...simulator.incidents()][0]?.id,
      message: 'm',
    },
    'POST /v2/incidents': { idempotency_key: 'k', visibility: 'public', severity_id: '01NONE' },
    'PATCH /v2/incidents/{id}': edit,
    'POST /v2/incidents/{id}/actions/edit': edit,
    'PUT /v3/follow_ups/{id}': put,
    'PUT /v2/follow_ups/{id}': put,
    'POST /v2/follow_ups': { incident_id: incident, title: 'Fix it' },
    'POST /v3/follow_ups/actions/create_from_link': {
      incident_id: incident,
      url: 'https://github.com/acme/api/issues/12',
    },
    'POST /v2/follow_ups/{id}/actions/connect_external_issue': {
      provider: 'linear',
      url: 'https://linear.app/acme/issue/ENG-12/fix-it',
    },
  };
}

/** The path of a route, with an incident or follow-up that exists. */
function pathsOf(simulator: Simulator): (route: string) => string {
  const incident = simulator.createIncident({ status: 'learning' });
  const followUp = simulator.createFollowUp({ incident: incident.id });
  return (route) =>
    (route.split(' ')[1] ?? '').replace('{id}', route.includes('follow_ups') ? followUp.id : incident.id);
}

async function callEveryRoute(simulator: Simulator): Promise<void> {
  const full = simulator.createIncident({ status: 'live', summary: 'Down', visibility: 'private' });
  for (const provider of ['github', 'jira'] as const) {
    simulator.createFollowUp({
      incident: full.reference,
      description: 'All of **it**',
      status: 'completed',
      assignee: 'Grace',
      team: 'Platform',
      priority: 'Urgent',
      category: 'Process',
      labels: ['late'],
      reference: { provider, name: 'ENG-1', permalink: 'https://example.com/1' },
    });
  }
  const path = pathsOf(simulator);
  const severities = (await ask(simulator, '/v1/severities')).body;
  const creation = {
    idempotency_key: 'k',
    visibility: 'private',
    severity_id: at(severities, 'severities.0.id'),
  };
  const bodies = { ...validBodies(simulator), 'POST /v2/incidents': creation };
  // The deletion last: it takes the follow-up that the others work on.
  const ordered = [...ROUTES].sort((a, b) => Number(a.startsWith('DELETE')) - Number(b.startsWith('DELETE')));
  for (const route of ordered) {
    const [method = 'GET'] = route.split(' ');
    const body = Object.entries(bodies).find(([name]) => name === route)?.[1];
    const answer = await ask(simulator, path(route), { method, body });
    expect(answer.status, `${route}: ${answer.text}`).toBeLessThan(300);
  }
  for (const query of [
    '/v3/follow_ups?page_size=1',
    `/v3/follow_ups?incident_id=${full.id}&incident_mode=standard&updated_at[gte]=2020-01-01T00:00:00Z`,
    `/v2/follow_ups?incident_id=${full.id}`,
    '/v2/incidents?page_size=1&status_category[one_of]=learning&status_category[one_of]=closed',
    '/v2/incidents?mode[one_of]=test&sort_by=created_at_oldest_first&created_at[date_range]=2020-01-01~2021-01-01',
    '/v2/incidents?page_size=500',
    `/v2/incident_updates?incident_id=${full.id}&page_size=1`,
    `/v2/incidents/${full.number}`,
  ]) {
    expect((await ask(simulator, query)).status, query).toBe(200);
  }
}
