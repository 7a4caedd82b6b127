import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { checkExchange } from '../support/contract.ts';
import { ask, at, each } from './ask.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
let now: number;
let simulator: Simulator;
let incident: string;
beforeEach(async () => {
  now = NOW;
  simulator = await startSimulator({
    rateLimit: false,
    clock: { now: () => now },
    onExchange: checkExchange,
  });
  incident = simulator.createIncident().id;
});
afterEach(() => simulator.close());

const put = (id: string, body: unknown, version = 'v3') =>
  ask(simulator, `/${version}/follow_ups/${id}`, { method: 'PUT', body });
const ids = async (query: string, version = 'v3') =>
  each((await ask(simulator, `/${version}/follow_ups?${query}`)).body, 'follow_ups', 'id');

describe('a list of follow-ups', () => {
  it('comes in pages of 25, oldest first', async () => {
    const made = Array.from({ length: 26 }, () => simulator.createFollowUp({ incident }).id);
    const first = await ask(simulator, '/v3/follow_ups');
    expect(each(first.body, 'follow_ups', 'id')).toEqual(made.slice(0, 25));
    expect(at(first.body, 'pagination_meta')).toEqual({ page_size: 25, after: made[24] });
    const last = await ask(simulator, `/v3/follow_ups?after=${made[24]}`);
    expect(each(last.body, 'follow_ups', 'id')).toEqual(made.slice(25));
    expect(at(last.body, 'pagination_meta')).toEqual({ page_size: 25 });
  });

  it('comes whole in version 2', async () => {
    const made = Array.from({ length: 26 }, () => simulator.createFollowUp({ incident }).id);
    expect(await ids('', 'v2')).toEqual(made);
  });

  it('is of one incident, or of what was updated since', async () => {
    const early = simulator.createFollowUp({ incident }).id;
    now += 60_000;
    const other = simulator.createIncident().id;
    const late = simulator.createFollowUp({ incident: other }).id;
    expect(await ids(`incident_id=${incident}`)).toEqual([early]);
    expect(await ids('updated_at[gte]=2026-03-01T12:00:30Z')).toEqual([late]);
    expect(await ids('updated_at[lte]=2026-03-01T12:00:30Z')).toEqual([early]);
    now += 60_000;
    simulator.setFollowUp(early, 'completed');
    expect(await ids('updated_at[gte]=2026-03-01T12:02:00Z')).toEqual([early]);
  });

  it('hides those of test incidents unless the mode is asked for, also where the incident is named', async () => {
    const test = simulator.createIncident({ mode: 'test' }).id;
    const { id } = simulator.createFollowUp({ incident: test });
    expect(await ids(`incident_id=${test}`)).toEqual([]);
    expect(await ids(`incident_id=${test}&incident_mode=test`)).toEqual([id]);
  });

  it('has deleted ones only where told so', async () => {
    const { id } = simulator.createFollowUp({ incident });
    simulator.deleteFollowUp(id);
    expect(await ids('')).toEqual([]);
    expect((await ask(simulator, `/v3/follow_ups/${id}`)).status).toBe(404);
    simulator.switches.listDeleted = true;
    expect(await ids('')).toEqual([id]);
  });
});

describe('a write', () => {
  it('moves updated_at, also while the clock stands still; completed_at is there while it is completed', async () => {
    const { id } = simulator.createFollowUp({ incident, title: 'Fix it' });
    const times: number[] = [];
    for (const status of ['completed', 'completed', 'not_doing', 'outstanding']) {
      const answer = await put(id, { title: 'Fix it', status });
      times.push(Date.parse(String(at(answer.body, 'follow_up.updated_at'))));
      expect(at(answer.body, 'follow_up.completed_at') !== undefined).toBe(status === 'completed');
    }
    expect(times).toEqual([NOW + 1, NOW + 2, NOW + 3, NOW + 4]);
    expect(simulator.effects.map((effect) => effect.to)).toEqual(['completed', 'not_doing', 'outstanding']);
  });

  it.each([
    ['kept', false, ['late'], 'Grace'],
    ['cleared', true, [], undefined],
  ])('that leaves fields out has them %s', async (_what, putClearsOmitted, labels, assignee) => {
    simulator.switches.putClearsOmitted = putClearsOmitted;
    const { id } = simulator.createFollowUp({ incident, labels: ['late'], assignee: 'Grace' });
    await put(id, { title: 'Fix it', status: 'completed' });
    const after = simulator.followUp(id);
    expect([after.labels, after.assignee?.name]).toEqual([labels, assignee]);
  });

  it('in version 2 keeps the category that it does not show', async () => {
    const { id } = simulator.createFollowUp({ incident, category: 'Process' });
    const answer = await put(id, { title: 'Fix it', status: 'completed' }, 'v2');
    expect(at(answer.body, 'follow_up.category')).toBeUndefined();
    expect(simulator.followUp(id).category?.name).toBe('Process');
  });
});

describe('what is refused', () => {
  it.each([
    ['without a title', { status: 'completed' }, 'title', 'is_required'],
    ['with a status that does not exist', { title: 'a', status: 'done' }, 'status', 'invalid_value'],
    ['with the status deleted', { title: 'a', status: 'deleted' }, 'status', 'invalid_value'],
    [
      'with an assignee that nobody is',
      { title: 'a', status: 'completed', assignee_id: 'x' },
      'assignee_id',
      'invalid_value',
    ],
  ])('%s, naming the field', async (_what, body, field, code) => {
    // Some of these bodies are no valid requests, which is their point: they are asked of a stand-in that nobody observes.
    const unobserved = await startSimulator({ rateLimit: false });
    const { id } = unobserved.createFollowUp({ incident: unobserved.createIncident().id });
    const answer = await ask(unobserved, `/v3/follow_ups/${id}`, { method: 'PUT', body });
    await unobserved.close();
    expect(answer.status).toBe(422);
    expect(at(answer.body, 'errors.0')).toMatchObject({ code, source: { field } });
  });

  it.each([
    ['onlyV2FollowUps', 'v3', 'v2'],
    ['onlyV3FollowUps', 'v2', 'v3'],
  ] as const)('with %s, all of %s: an empty 404', async (name, gone, there) => {
    const { id } = simulator.createFollowUp({ incident });
    simulator.switches[name] = true;
    for (const path of ['', `/${id}`]) {
      expect(await ask(simulator, `/${gone}/follow_ups${path}`)).toMatchObject({ status: 404, text: '' });
      expect((await ask(simulator, `/${there}/follow_ups${path}`)).status).toBe(200);
    }
  });
});

it('an issue is connected once through the API, and again by people', async () => {
  const { id } = simulator.createFollowUp({ incident });
  const path = `/v2/follow_ups/${id}/actions/connect_external_issue`;
  const body = { provider: 'github', url: 'https://github.com/acme/api/issues/1' };
  const connected = await ask(simulator, path, { method: 'POST', body });
  expect(at(connected.body, 'follow_up.external_issue_reference')).toEqual({
    provider: 'github',
    issue_name: 'acme/api#1',
    issue_permalink: body.url,
  });
  expect((await ask(simulator, path, { method: 'POST', body })).status).toBe(422);
  const moved = {
    provider: 'gitlab',
    name: '#2',
    permalink: 'https://gitlab.com/acme/api/-/issues/2',
  } as const;
  expect(simulator.connectIssue(id, moved).reference).toEqual(moved);
});
