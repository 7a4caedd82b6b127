import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSimulator } from '../../src/simulator/run.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { type Asked, ask, at, each } from './ask.ts';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator();
});
afterEach(() => simulator.close());

const control = (path: string, body?: unknown, method?: string) => {
  const asked: Asked = { method: method ?? (body === undefined ? 'GET' : 'POST'), token: null, body };
  return ask(simulator, `/_simulator${path}`, asked);
};

describe('another process', () => {
  it('makes an incident with follow-ups, lives through its history and reads the log', async () => {
    const incident = await control('/incidents', { name: 'Down', status: 'live' });
    expect(at(incident.body, 'reference')).toBe('INC-1');
    const reference = {
      provider: 'github',
      name: 'acme/api#1',
      permalink: 'https://github.com/acme/api/issues/1',
    };
    const made = await control('/follow-ups', { incident: 'INC-1', title: 'Fix it', reference });
    const id = String(at(made.body, 'id'));
    await control(`/follow-ups/${id}/title`, { title: 'Fix it well' });
    await control(`/follow-ups/${id}/connect`, { ...reference, name: 'acme/api#2' });
    await control(`/follow-ups/${id}/set`, { status: 'completed', by: 'Grace' });
    await control('/incidents/INC-1/move', { status: 'closed', by: 'Grace' });
    await ask(simulator, '/v1/identity');

    const state = (await control('/incidents/INC-1')).body;
    expect(at(state, 'status.category')).toBe('closed');
    expect(at(state, 'followUps.0')).toMatchObject({ title: 'Fix it well', status: 'completed' });
    const log = (await control('/log')).body;
    expect(each(log, 'effects', 'actor.name')).toEqual(['Grace', 'Grace']);
    expect(each(log, 'requests', 'route')).toEqual(['GET /v1/identity']);
    await control(`/follow-ups/${id}`, undefined, 'DELETE');
    expect(each({ all: (await control('/follow-ups')).body }, 'all', 'status')).toEqual(['deleted']);
  });

  it('makes it misbehave, and behave again', async () => {
    const fault = { kind: 'status', status: 503 };
    expect((await control('/misbehave', { fault, chance: 1 })).status).toBe(200);
    expect((await ask(simulator, '/v1/identity')).status).toBe(503);
    await control('/behave', {});
    expect((await ask(simulator, '/v1/identity')).status).toBe(200);
  });

  it('turns its switches, refusals and keys', async () => {
    await control('/switches', { onlyV2FollowUps: true });
    expect((await ask(simulator, '/v3/follow_ups')).status).toBe(404);
    await control('/refuse', { status: 'closed', message: 'Not now' });
    await control('/accept', {});
    const { body } = await control('/keys', { name: 'other', roles: ['viewer'] });
    const token = String(at(body, 'token'));
    expect((await ask(simulator, '/v1/incident_statuses', { token })).status).toBe(200);
    await control('/keys/other/roles', { roles: [] });
    expect((await ask(simulator, '/v1/incident_statuses', { token })).status).toBe(403);
    await control('/keys/other', undefined, 'DELETE');
    expect((await ask(simulator, '/v1/incident_statuses', { token })).status).toBe(401);
  });

  it.each([
    ['/incidents', { status: 'nowhere' }, "no status 'nowhere'"],
    ['/follow-ups', { incident: 'INC-9' }, 'no incident INC-9'],
    ['/misbehave', { fault: { kind: 'mischief' } }, 'fault'],
    ['/switches', { onlyV9: true }, 'onlyV9'],
    ['/incidents', '{"half', 'JSON'],
  ])('is told its mistake: %s', async (path, body, words) => {
    const answer = await control(path, body);
    expect(answer.status).toBe(400);
    expect(at(answer.body, 'error')).toContain(words);
  });
});

it('runs alone and says how to talk to it', async () => {
  const lines: string[] = [];
  const alone = await runSimulator({ port: 0 }, (line) => lines.push(line));
  expect(lines.join('\n')).toContain(`INCIDENT_IO_API_URL=${alone.url} INCIDENT_IO_API_KEY=${alone.token}`);
  await alone.close();
});
