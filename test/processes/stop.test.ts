import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { Store } from '../../src/store/store.ts';
import { placesInTime } from '../support/backends.ts';
import { startScript } from '../support/process.ts';
import { about, changes, closed, edits, get, openProcessWorld, readyz, type Served } from './world.ts';

const EDIT = 'POST /v2/incidents/{id}/actions/edit';

/** What SIGTERM promises: an end with code 0 within 10 s. */
async function stopped(service: Pick<Served, 'ended' | 'signal'>): Promise<void> {
  service.signal('SIGTERM');
  expect(await service.ended(10_000)).toEqual({ code: 0, signal: null });
}

describe.each(placesInTime('redis'))('`start` and SIGTERM, on $name', (place) => {
  it('it answers probes, closes an incident and stops with code 0', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const incident = world.incident(['stop/first#1', 'stop/first#2']);
    const service = await world.serve();
    expect(await get(`${service.at}/healthz`)).toEqual({ status: 200, body: { status: 'ok' } });
    await readyz(service.at, { status: 200, body: { status: 'ok', problems: [] } });

    await service.github({ issue: 'stop/first#1', action: 'closed' });
    await service.logged(about(incident, 'wait, waits for stop/first#2$'));
    await service.github({ issue: 'stop/first#2', action: 'closed' });
    await closed(world, incident);
    await service.logged(about(incident, 'close, all 2 follow-ups are done'));
    await stopped(service);
    expect(service.stderr).toEqual([]);
    expect(edits(world, incident)).toBe(1);
  });

  it('an incident that was settling when it stopped is closed after the restart', async (test) => {
    const world = await openProcessWorld(place, { SETTLE_TIME: '4s' }, {}, test);
    const incident = world.incident(['stop/settling#1']);
    const first = await world.serve();
    // On a busy machine it may have settled before the process has stopped: then nothing comes of its edit.
    world.incidentIo.misbehave({ route: EDIT, fault: { kind: 'hang' }, times: 1_000_000 });
    await first.github({ issue: 'stop/settling#1', action: 'closed' });
    await first.logged(about(incident, 'wait, .*settles until'));
    await stopped(first);

    world.incidentIo.behave();
    await world.serve();
    await closed(world, incident);
    expect(changes(world, incident)).toEqual(['closed']);
  });

  it('a webhook that was accepted right before SIGTERM is not lost', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const incident = world.incident(['stop/last#1']);
    const first = await world.serve();
    await first.github({ issue: 'stop/last#1', action: 'closed' });
    await stopped(first);
    await world.serve();
    await closed(world, incident);
    expect(changes(world, incident)).toEqual(['closed']);
  });
});

describe.each(placesInTime('redis'))('`start` and signals at awkward moments, on $name', (place) => {
  it('it stops in time also while it waits for incident.io to start', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    world.incidentIo.misbehave({ fault: { kind: 'hang' }, times: 1_000_000 });
    const service = world.launch(['start']);
    const at = await service.url();
    await readyz(at, { status: 200, body: { problems: ['the worker is still starting'] } });
    await expect.poll(() => world.incidentIo.requests.length).toBeGreaterThan(0);
    await stopped(service);
  });

  it('stopped during the first sync, it goes on with that right after the restart', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const { incidentIo } = world;
    const incident = world.incident(['stop/first-sync#1']);
    incidentIo.misbehave({ route: 'GET /v3/follow_ups', fault: { kind: 'hang' }, times: 1_000_000 });
    const first = await world.serve();
    await first.github({ issue: 'stop/first-sync#1', action: 'closed' });
    await expect.poll(() => incidentIo.calls('GET /v3/follow_ups')).toBeGreaterThan(0);
    await stopped(first);
    expect(await leaseIsFree(world.env)).toBe(true);
    incidentIo.behave();
    await world.serve();
    await closed(world, incident);
  });

  it('as `npm start` it stops with npm, and leaves nobody behind who serves', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const service = startScript('start', world.env);
    test.onTestFinished(() => service.kill());
    const at = await service.url();
    await readyz(at, { status: 200, body: { problems: [] } });
    await stopped(service);
    await expect(get(`${at}/healthz`)).rejects.toThrow('ECONNREFUSED');
  });

  it('while incident.io hangs on every call it stops in time, takes nothing new meanwhile, and goes on after the restart', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const { incidentIo } = world;
    const incident = world.incident(['stop/hanging#1']);
    const first = await world.serve();
    await first.logged('first sync finished');
    incidentIo.misbehave({ fault: { kind: 'hang' }, times: 1_000_000 });
    await first.github({ issue: 'stop/hanging#1', action: 'closed' });
    const asked = () => incidentIo.requests.some(({ query }) => query.includes(incident.id));
    await expect.poll(asked).toBe(true);

    first.signal('SIGTERM');
    await first.logged('SIGTERM: stopping');
    await expect.poll(() => takesConnections(first.at)).toBe(false);
    expect(await first.ended()).toEqual({ code: 0, signal: null });

    incidentIo.behave();
    await world.serve();
    await closed(world, incident);
    expect(changes(world, incident)).toEqual(['closed']);
  });

  it('SIGINT stops it as well, and a second SIGTERM changes nothing', async (test) => {
    const world = await openProcessWorld(place, {}, {}, test);
    const service = await world.serve();
    service.signal('SIGINT');
    await service.logged('SIGINT: stopping');
    service.signal('SIGTERM');
    expect(await service.ended()).toEqual({ code: 0, signal: null });
  });
});

/** Whether a process that starts now may sync at once. */
async function leaseIsFree({ QUEUE_URL = '', QUEUE_PREFIX = '' }: Record<string, string>): Promise<boolean> {
  const backend = await openBackend(QUEUE_URL, { prefix: QUEUE_PREFIX, log: createLogger('silent') });
  try {
    return await new Store(backend.tables).takeLease('sync', 'a test', Date.now(), 0);
  } finally {
    await backend.close();
  }
}

async function takesConnections(at: string): Promise<boolean> {
  const { hostname, port } = new URL(at);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
