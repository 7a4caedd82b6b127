import { describe, expect, it } from 'vitest';
import { ALL_ROLES } from '../../src/simulator/simulator.ts';
import { onePlace } from '../support/backends.ts';
import { deliverGithub } from '../support/github.ts';
import { about, changes, closed, openProcessWorld, readyz } from './world.ts';

const [anywhere] = onePlace('redis');
const KEY = 'incident-closer';
const without = (role: string) => ALL_ROLES.filter((other) => other !== role);

describe.runIf(anywhere !== undefined)('trouble with the API key', () => {
  const open = (test: Parameters<typeof openProcessWorld>[3], roles = [...ALL_ROLES]) => {
    if (anywhere === undefined) throw new Error('this run covers no backend');
    return openProcessWorld(anywhere, {}, { key: { name: KEY, roles } }, test);
  };

  it('a revoked key: readiness says what to do, no job fails, and it recovers automatically', async (test) => {
    const world = await open(test);
    const { incidentIo } = world;
    const incident = world.incident(['key/revoked#1']);
    const service = await world.serve();
    await service.logged('first sync finished');
    incidentIo.revokeKey(KEY);
    await service.github({ issue: 'key/revoked#1', action: 'closed' });
    await readyz(service.at, {
      status: 200,
      body: { problems: [expect.stringContaining('INCIDENT_IO_API_KEY')] },
    });
    expect(changes(world, incident)).toEqual([]);

    incidentIo.addKey({ name: KEY, token: incidentIo.token, roles: [...ALL_ROLES] });
    await readyz(service.at, { status: 200, body: { problems: [] } });
    await closed(world, incident);
    const all = service.stdout.join('\n');
    expect(all).not.toContain('Failed for good');
    expect(all).not.toContain(incidentIo.token);
  });

  it('a key that does not work at the start: it waits, and starts to work once the key does', async (test) => {
    const world = await open(test);
    const { incidentIo } = world;
    const incident = world.incident(['key/late#1']);
    incidentIo.revokeKey(KEY);
    const service = world.launch(['start']);
    const at = await service.url();
    await readyz(at, { status: 200, body: { problems: [expect.stringContaining('INCIDENT_IO_API_KEY')] } });
    incidentIo.addKey({ name: KEY, token: incidentIo.token, roles: [...ALL_ROLES] });
    await readyz(at, { status: 200, body: { problems: [] } });
    await deliverGithub(at, { issue: 'key/late#1', action: 'closed' });
    await closed(world, incident);
    expect(service.messages().join('\n')).not.toContain('Failed for good');
  });

  it('a key that never had incident_editor: readiness names the role, and it heals once it is there', async (test) => {
    const world = await open(test, without('incident_editor'));
    const { incidentIo } = world;
    const incident = world.incident(['key/editor#1']);
    const service = world.launch(['start']);
    const at = await service.url();
    await readyz(at, {
      status: 200,
      body: { problems: [expect.stringMatching(/lacks the role incident_editor/)] },
    });
    incidentIo.setRoles(KEY, [...ALL_ROLES]);
    await readyz(at, { status: 200, body: { problems: [] } });
    await deliverGithub(at, { issue: 'key/editor#1', action: 'closed' });
    await closed(world, incident);
  });

  it('a key that loses incident_editor: readiness names the role, and it heals once it is back', async (test) => {
    const world = await open(test);
    const { incidentIo } = world;
    const incident = world.incident(['key/lost#1']);
    const service = await world.serve();
    await service.logged('first sync finished');
    incidentIo.setRoles(KEY, without('incident_editor'));
    await service.github({ issue: 'key/lost#1', action: 'closed' });
    await readyz(service.at, {
      status: 200,
      body: { problems: [expect.stringMatching(/incident_editor/)] },
    });

    incidentIo.setRoles(KEY, [...ALL_ROLES]);
    await readyz(service.at, { status: 200, body: { problems: [] } });
    await closed(world, incident);
  });

  it('without post_incident_flow_opt_out follow-ups are written, and the verdict names the role', async (test) => {
    const world = await open(test, without('post_incident_flow_opt_out'));
    const incident = world.incident(['key/closing#1']);
    const service = await world.serve();
    await service.logged('lacks the role post_incident_flow_opt_out');
    await service.logged('first sync finished');
    await service.github({ issue: 'key/closing#1', action: 'closed' });
    await service.logged(about(incident, 'leave, the API key lacks the role post_incident_flow_opt_out'));
    expect(world.incidentIo.followUp(incident.followUps[0] ?? '').status).toBe('completed');
    const { stdout } = await world.run(['check', incident.reference, '--json'], { LOG_LEVEL: 'info' });
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'leave',
      reason: 'key-role',
      words: expect.stringContaining('post_incident_flow_opt_out'),
    });
    expect(changes(world, incident)).toEqual([]);
  });
});
