import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { checkExchange } from '../support/contract.ts';
import { ask, at, each } from './ask.ts';

let now: number;
let simulator: Simulator;
beforeEach(async () => {
  now = Date.parse('2026-03-01T12:00:00Z');
  simulator = await startSimulator({ clock: { now: () => now }, onExchange: checkExchange });
});
afterEach(() => simulator.close());

const code = async (path: string, token: string | null) => {
  const answer = await ask(simulator, path, { token });
  return [answer.status, at(answer.body, 'errors.0.code')];
};
const close = (id: string, token: string) =>
  ask(simulator, `/v2/incidents/${id}/actions/edit`, {
    method: 'POST',
    token,
    body: {
      incident: { incident_status_id: simulator.statusId('closed') },
      notify_incident_channel: false,
    },
  });

describe('a key', () => {
  it('is needed, and has to be known', async () => {
    expect(await code('/v1/identity', null)).toEqual([401, 'missing_authorization_material']);
    expect(await code('/v1/identity', 'inc_wrong')).toEqual([401, 'access_token_invalid']);
    simulator.revokeKey('incident-closer');
    expect(await code('/v1/identity', simulator.token)).toEqual([401, 'access_token_invalid']);
  });

  it('is told its name and its roles', async () => {
    const { token } = simulator.addKey({ name: 'other', roles: ['viewer'] });
    const { body } = await ask(simulator, '/v1/identity', { token });
    expect(at(body, 'identity')).toMatchObject({ name: 'other', roles: ['viewer'] });
  });

  it('needs viewer to read, naming the scope', async () => {
    simulator.setRoles('incident-closer', ['incident_editor']);
    const answer = await ask(simulator, '/v3/follow_ups');
    expect([answer.status, at(answer.body, 'errors.0')]).toEqual([
      403,
      {
        code: 'missing_required_scope',
        message: 'missing a required scope: actions.view',
        metadata: { scope: 'actions.view' },
      },
    ]);
  });

  it('needs incident_editor to write a follow-up', async () => {
    const { id } = simulator.createFollowUp({ incident: simulator.createIncident().id });
    const { token } = simulator.addKey({ name: 'reader', roles: ['viewer'] });
    const body = { title: 'a', status: 'completed' };
    expect((await ask(simulator, `/v3/follow_ups/${id}`, { method: 'PUT', token, body })).status).toBe(403);
    expect(simulator.followUp(id).status).toBe('outstanding');
  });

  it('needs leave to opt out of the post-incident flow to close, where there is one', async () => {
    const { id } = simulator.createIncident();
    const { token } = simulator.addKey({ name: 'editor', roles: ['viewer', 'incident_editor'] });
    expect((await close(id, token)).status).toBe(403);
    expect(simulator.incident(id).status.category).toBe('learning');
    simulator.switches.noPostIncidentFlow = true;
    expect((await close(id, token)).status).toBe(200);
  });

  it('sees private incidents and their follow-ups only with global access', async () => {
    const { id } = simulator.createIncident({ visibility: 'private' });
    const followUp = simulator.createFollowUp({ incident: id });
    const paths = [`/v2/incidents/${id}`, `/v3/follow_ups/${followUp.id}`];
    const lists = ['/v2/incidents', '/v3/follow_ups', `/v2/incident_updates?incident_id=${id}`];
    const seen = async () => {
      const single = await Promise.all(paths.map(async (path) => (await ask(simulator, path)).status));
      const listed = await Promise.all(
        lists.map(async (path) => (await ask(simulator, path)).text.includes(id)),
      );
      return [...single, ...listed];
    };
    expect(await seen()).toEqual([200, 200, true, true, true]);
    simulator.setRoles('incident-closer', ['viewer', 'incident_editor', 'post_incident_flow_opt_out']);
    expect(await seen()).toEqual([404, 404, false, false, false]);
    expect((await close(id, simulator.token)).status).toBe(404);
  });
});

describe('the rate limit', () => {
  it('allows a burst, then what is refilled, each key for itself', async () => {
    const limited = await startSimulator({
      clock: { now: () => now },
      rateLimit: { capacity: 2, perSecond: 0.5 },
      onExchange: checkExchange,
    });
    const statuses = async (n: number) => {
      const answers = [];
      for (let i = 0; i < n; i += 1) answers.push((await ask(limited, '/v1/identity')).status);
      return answers;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    const refused = await ask(limited, '/v1/identity');
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(at(refused.body, 'rate_limit')).toMatchObject({ limit: 2, remaining: 0, name: 'incident-closer' });
    expect(Date.parse(String(at(refused.body, 'rate_limit.retry_after')))).toBe(now + 2000);
    const { token } = limited.addKey({ name: 'other' });
    expect((await ask(limited, '/v1/identity', { token })).status).toBe(200);
    now += 1999;
    expect(await statuses(1)).toEqual([429]);
    now += 1;
    expect(await statuses(2)).toEqual([200, 429]);
    await limited.close();
  });

  it('is announced in every answer, with a limit of the route where it has one', async () => {
    const limited = await startSimulator({
      clock: { now: () => now },
      routeLimits: { 'GET /v2/incidents': { capacity: 60, perSecond: 1 } },
    });
    const headers = async (path: string) => {
      const answer = await ask(limited, path);
      return ['limit', 'remaining', 'used', 'reset'].map((name) => answer.headers.get(`x-ratelimit-${name}`));
    };
    const second = now / 1000;
    expect(await headers('/v1/identity')).toEqual(['60, 60;window=3', '59', '1', String(second + 1)]);
    await headers('/v2/incidents');
    now += 1000;
    expect(await headers('/v2/incidents')).toEqual([
      '60, 60;window=3, 60;window=60',
      '59',
      '1',
      String(second + 2),
    ]);
    await limited.close();
  });

  it('can be switched off', async () => {
    const unlimited = await startSimulator({ clock: { now: () => now }, rateLimit: false });
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(unlimited, '/v1/identity')));
    await unlimited.close();
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(answers[0]?.headers.has('x-ratelimit-limit')).toBe(false);
  });
});

it('a path or method that the API does not have is answered with an empty 404, before the key is looked at', async () => {
  const unobserved = await startSimulator();
  const asked = [
    ask(unobserved, '/v9/incidents', { token: null }),
    ask(unobserved, '/v2/incidents/1/actions/edit', { token: null }),
    ask(unobserved, '/v2/incidents/%ff', { token: null }),
  ];
  for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ status: 404, text: '' });
  await unobserved.close();
});

it('every request is logged with its route, key, body and answer', async () => {
  const { id } = simulator.createFollowUp({ incident: simulator.createIncident().id });
  const body = { title: 'a', status: 'completed' };
  await ask(simulator, `/v3/follow_ups/${id}`, { method: 'PUT', body });
  await ask(simulator, '/v3/follow_ups?page_size=1', { token: null });
  expect(simulator.requests).toEqual([
    {
      at: now,
      method: 'PUT',
      path: `/v3/follow_ups/${id}`,
      route: 'PUT /v3/follow_ups/{id}',
      query: '',
      body,
      key: 'incident-closer',
      status: 200,
    },
    {
      at: now,
      method: 'GET',
      path: '/v3/follow_ups',
      route: 'GET /v3/follow_ups',
      query: 'page_size=1',
      status: 401,
    },
  ]);
  expect(simulator.calls('PUT /v3/follow_ups/{id}')).toBe(1);
  expect(each(simulator, 'requests', 'status')).toEqual([200, 401]);
});
