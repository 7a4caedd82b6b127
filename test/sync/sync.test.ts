import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { recordEvents } from '../../src/events/record.ts';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { createPace } from '../../src/incident-io/pacing.ts';
import { policyOf } from '../../src/policy/policy.ts';
import { asBatch } from '../../src/queue/event-batch.ts';
import { readSettings } from '../../src/settings.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { Store } from '../../src/store/store.ts';
import { FULL_SYNC_EVERY, fullSync } from '../../src/sync/full-sync.ts';
import { type SyncDeps, sync, syncIfDue } from '../../src/sync/sync.ts';
import { taskKeyOf } from '../../src/trackers/index.ts';
import { checkExchange } from '../support/contract.ts';
import { permalinkOf } from '../support/github.ts';
import { minutes, taskEvent } from '../support/make.ts';
import { createMemoryTables } from '../support/memory-tables.ts';

const log = pino({ level: 'silent' });

describe('the sync of links', () => {
  const clock = { time: Date.parse('2026-03-01T12:00:00Z'), now: () => clock.time };
  let incidentIo: Simulator;
  let client: IncidentIoClient;
  afterEach(async () => {
    await client.close();
    await incidentIo.close();
  });

  async function open(): Promise<SyncDeps & { woken: string[] }> {
    incidentIo = await startSimulator({ clock, rateLimit: false, onExchange: checkExchange });
    const tables = createMemoryTables(clock);
    // The pace has a clock of its own that moves, since the test's stands still.
    const pace = createPace(createMemoryTables(), { now: () => Date.now() });
    client = createClient({
      baseUrl: incidentIo.url,
      apiKey: incidentIo.token,
      pace,
      log,
      notifyIncidentChannel: true,
    });
    const woken: string[] = [];
    const waker = {
      wake: async (ids: readonly string[]) => void woken.push(...ids),
      wakeAt: async () => {},
    };
    return {
      store: new Store(tables),
      api: client,
      waker,
      clock,
      log,
      taskKeyOf,
      policy: policyOf(readSettings({})),
      categories: ['learning'],
      woken,
    };
  }

  const later = (ms: number) => {
    clock.time += ms;
  };
  const add = (incident: string, issue: string) =>
    incidentIo.createFollowUp({
      incident,
      reference: { provider: 'github', name: issue, permalink: permalinkOf(issue) },
    }).id;
  const record = (deps: Awaited<ReturnType<typeof open>>, event: Parameters<typeof taskEvent>[0]) =>
    recordEvents(
      asBatch({ tasks: [taskEvent({ receivedAt: clock.time, ...event })] }),
      { begunBefore: false },
      { ...deps, findIncident: async () => undefined, readTasks: async () => [] },
    );
  const keyOf = (issue: string) => `github:github.com/${issue}`;

  it('reads ten thousand follow-ups in forty calls, and then only what is new', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    for (let n = 0; n < 10_000; n++) add(incident.id, `acme/api#${n}`);
    later(minutes(10));
    expect(await sync(deps)).toMatchObject({ followUps: 10_000 });
    expect(incidentIo.calls('GET /v3/follow_ups')).toBe(40);
    expect(await deps.store.links.get(keyOf('acme/api#9999'))).toHaveLength(1);

    later(minutes(10));
    add(incident.id, 'acme/api#10000');
    deps.woken.length = 0;
    await sync(deps);
    await sync(deps);
    expect(incidentIo.calls('GET /v3/follow_ups')).toBe(42);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('reads nothing twice while nobody asks for it within a minute, and soon when somebody does', async () => {
    const deps = await open();
    await syncIfDue(deps);
    const calls = () => incidentIo.calls('GET /v3/follow_ups');
    expect(calls()).toBe(1);
    later(59_000);
    await syncIfDue(deps);
    expect(calls()).toBe(1);
    await record(deps, { task: keyOf('acme/unknown#1') });
    await syncIfDue(deps);
    expect(calls()).toBe(2);
    await syncIfDue(deps);
    expect(calls()).toBe(2);
    later(61_000);
    await syncIfDue(deps);
    expect(calls()).toBe(3);
  });

  it('lets one process at a time read', async () => {
    const deps = await open();
    incidentIo.misbehave({ fault: { kind: 'delay', ms: 50 }, route: 'GET /v3/follow_ups', times: 5 });
    const all = await Promise.all([sync(deps), sync(deps), sync(deps)]);
    expect(all.filter((synced) => synced !== undefined)).toHaveLength(1);
    expect(incidentIo.calls('GET /v3/follow_ups')).toBe(1);
  });

  it('wakes the incident of a task that was closed before its follow-up could be seen', async () => {
    const deps = await open();
    await sync(deps);
    await record(deps, { task: keyOf('acme/api#1') });
    expect(deps.woken).toEqual([]);
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/api#1');
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
    expect(await deps.store.tasks.get(keyOf('acme/api#1'))).toMatchObject({ state: 'done' });
  });

  it('keeps what it owes when it dies before it woke anybody', async () => {
    const deps = await open();
    await sync(deps);
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/api#1');
    const dying = { ...deps, waker: { ...deps.waker, wake: () => Promise.reject(new Error('killed')) } };
    await expect(sync(dying)).rejects.toThrow('killed');
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('a page that cannot be read moves nothing on: the next sync reads it', async () => {
    const deps = await open();
    await sync(deps);
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/api#1');
    const heal = incidentIo.misbehave({
      route: 'GET /v3/follow_ups',
      fault: { kind: 'status', status: 500 },
      times: 99,
    });
    await expect(sync(deps)).rejects.toThrow();
    heal();
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('follows a reference that was replaced, and forgets the former one', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    const id = add(incident.id, 'acme/api#1');
    await sync(deps);
    later(minutes(1));
    incidentIo.connectIssue(id, {
      provider: 'github',
      name: 'acme/api#2',
      permalink: permalinkOf('acme/api#2'),
    });
    await sync(deps);
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toBeUndefined();
    expect(await deps.store.links.get(keyOf('acme/api#2'))).toEqual([[id, incident.id]]);
  });

  it('a slow full sync forgets follow-ups that were deleted, and looks at their incidents', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    const id = add(incident.id, 'acme/api#1');
    add(incident.id, 'acme/api#2');
    await sync(deps);
    incidentIo.deleteFollowUp(id);
    deps.woken.length = 0;
    const pause = async () => {};
    expect(await fullSync({ ...deps, pause })).toBeUndefined();
    later(FULL_SYNC_EVERY);
    expect(await fullSync({ ...deps, pause })).toEqual({ followUps: 1, forgotten: 1 });
    expect(await deps.store.followUps.get(id)).toBeUndefined();
    expect(await deps.store.links.get(keyOf('acme/api#1'))).toBeUndefined();
    expect(deps.woken).toEqual([incident.id]);
  });

  it('a row that appears late with an older time is read', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/api#1');
    await sync(deps);
    deps.woken.length = 0;
    later(-minutes(4));
    add(incident.id, 'acme/api#2');
    later(minutes(4));
    await sync(deps);
    expect(deps.woken).toEqual([incident.id]);
  });

  it('a task that moved wakes the incidents that know it by its former place', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/old#1');
    await sync(deps);
    deps.woken.length = 0;
    await record(deps, { task: keyOf('acme/new#7'), aliases: [keyOf('acme/old#1')], state: 'open' });
    expect(deps.woken).toEqual([incident.id]);
    await record(deps, { task: keyOf('acme/new#7'), occurredAt: clock.time + 1 });
    expect(deps.woken).toEqual([incident.id, incident.id]);
    expect((await deps.store.placesOf([keyOf('acme/old#1')])).get(keyOf('acme/old#1'))).toBe(
      keyOf('acme/new#7'),
    );
  });

  it('a task whose repository was renamed is known by its id', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/old#1');
    await sync(deps);
    const id = 'github:id:github.com/99#1';
    await record(deps, { task: keyOf('acme/old#1'), aliases: [id], state: 'open' });
    deps.woken.length = 0;
    await record(deps, { task: keyOf('acme/renamed#1'), aliases: [id], occurredAt: clock.time + 1 });
    expect(deps.woken).toEqual([incident.id]);
  });

  it('an event that is no news wakes nobody, unless its job was begun before', async () => {
    const deps = await open();
    const incident = incidentIo.createIncident();
    add(incident.id, 'acme/api#1');
    await sync(deps);
    await record(deps, { task: keyOf('acme/api#1') });
    deps.woken.length = 0;
    await record(deps, { task: keyOf('acme/api#1') });
    expect(deps.woken).toEqual([]);
    const again = asBatch({ tasks: [taskEvent({ task: keyOf('acme/api#1') })] });
    await recordEvents(
      again,
      { begunBefore: true },
      { ...deps, findIncident: async () => undefined, readTasks: async () => [] },
    );
    expect(deps.woken).toEqual([incident.id]);
  });
});
