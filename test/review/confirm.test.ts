import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient, type IncidentIoClient } from '../../src/incident-io/client.ts';
import { createPace } from '../../src/incident-io/pace/pace.ts';
import { StatusCache } from '../../src/incident-io/status-cache.ts';
import { inspect, type ReviewDeps, review } from '../../src/review/review.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { taskKeyOf } from '../../src/trackers/index.ts';
import { keyOf, openReader, type ReadBackWorld } from '../read-back/support.ts';
import { checkExchange } from '../support/contract.ts';
import { permalinkOf } from '../support/github.ts';
import { minutes, rule } from '../support/make.ts';

describe('the confirmation before a closing', () => {
  let world: ReadBackWorld;
  let incidentIo: Simulator;
  let client: IncidentIoClient;
  let deps: ReviewDeps;
  let timers: number[];
  let woken: string[];
  let id: string;
  beforeEach(async () => {
    world = await openReader();
    const { clock, log, store } = world;
    incidentIo = await startSimulator({ clock, rateLimit: false, onExchange: checkExchange });
    client = createClient({
      baseUrl: incidentIo.url,
      apiKey: incidentIo.token,
      // The pace has a clock of its own that moves, since the test's stands still.
      pace: createPace(createMemoryTables(), { now: () => Date.now() }),
      log,
      notifyIncidentChannel: true,
    });
    timers = [];
    woken = [];
    deps = {
      ...world,
      api: client,
      writer: client,
      taskKeyOf,
      waker: {
        wake: async (ids) => void woken.push(...ids),
        wakeAt: async (_id, at) => void timers.push(at),
      },
      policy: { activeIncidents: 'leave', rules: [rule({ settleTime: 0 })] },
      syncFollowUps: true,
      maxClosesPerHour: 60,
      statuses: new StatusCache(client, clock),
      tasks: world.reader,
      keyStillWorks: async () => true,
      keyDigest: 'digest',
      key: await client.identity(),
    };
    await store.meta.put('first-sync-finished', clock.now());
    const incident = incidentIo.createIncident();
    id = incident.id;
    for (const n of [1, 2]) {
      const issue = `a/b#${n}`;
      const reference = { provider: 'github', name: issue, permalink: permalinkOf(issue) } as const;
      incidentIo.createFollowUp({ incident: id, reference, status: 'completed' });
    }
  });
  afterEach(async () => {
    await client.close();
    await incidentIo.close();
    await world.close();
  });

  const says = (n: number, told: Parameters<typeof world.fake.tasks.set>[1]) =>
    world.fake.tasks.set(keyOf(`a/b#${n}`), told);
  const look = () => review(id, { why: 'a test', signal: new AbortController().signal }, deps);
  const isClosed = () => incidentIo.incident(id).status.category === 'closed';

  it('costs one call for all tasks of the incident, and none before nothing else stands against closing', async () => {
    for (const n of [1, 2]) says(n, { state: 'done' });
    deps.policy = { ...deps.policy, rules: [rule({ settleTime: minutes(1) })] };
    expect(await look()).toMatchObject({ reason: 'settling' });
    expect(world.fake.calls).toEqual([]);
    world.clock.time += minutes(1);
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(world.fake.calls).toEqual([[keyOf('a/b#1'), keyOf('a/b#2')]]);
    expect(isClosed()).toBe(true);
  });

  it('asks nobody where no token is set, and closes as ever', async () => {
    deps.tasks = { ...world.reader, canRead: () => false };
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(world.fake.calls).toEqual([]);
  });

  it('an inspection asks and says what a review would, and keeps nothing of it', async () => {
    says(1, { state: 'open', reopened: true, occurredAt: world.clock.time + 1 });
    says(2, { state: 'done' });
    const { decision } = await inspect(id, deps);
    expect(decision).toMatchObject({ verdict: 'wait', reason: 'follow-ups' });
    expect(world.fake.calls).toHaveLength(1);
    expect(await world.store.tasks.getMany([keyOf('a/b#1'), keyOf('a/b#2')])).toEqual(new Map());
    expect(woken).toEqual([]);
    expect(incidentIo.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('news of a tracker is kept, and the review that writes it is woken at once', async () => {
    says(1, { state: 'open', reopened: true, occurredAt: world.clock.time + 1 });
    says(2, { state: 'done' });
    expect(await look()).toMatchObject({ verdict: 'wait', words: 'waits for a/b#1' });
    expect(woken).toEqual([id]);
    expect(await world.store.tasks.get(keyOf('a/b#1'))).toMatchObject({
      state: 'open',
      delivery: 'read-back',
    });
    await look();
    expect(incidentIo.effects).toMatchObject([{ what: 'follow-up', to: 'outstanding' }]);
    expect(world.fake.calls).toHaveLength(1);
    expect(isClosed()).toBe(false);
  });

  it('an answer that stands already wakes nobody', async () => {
    for (const n of [1, 2]) says(n, { state: 'done', occurredAt: world.clock.time });
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(woken).toEqual([]);
  });

  it('keeps the settle time that has passed while a tracker is down, and looks again when that may be asked', async () => {
    world.fake.trouble = { kind: 'down' };
    const since = world.clock.time;
    expect(await look()).toMatchObject({ reason: 'confirming', until: since + 2_000 });
    world.clock.time += 2_000;
    expect(await look()).toMatchObject({ reason: 'confirming', until: since + 6_000 });
    expect(timers).toEqual([since + 2_000, since + 6_000]);
    expect(await world.store.ready.get(id)).toMatchObject({ since, confirmingSince: since });
    world.fake.trouble = undefined;
    for (const n of [1, 2]) says(n, { state: 'done' });
    world.clock.time += 4_000;
    expect(await look()).toMatchObject({ verdict: 'close' });
    expect(isClosed()).toBe(true);
  });

  it('a duplicate waits for the task that it repeats, found out in the same look', async () => {
    says(1, { state: 'declined', canonical: keyOf('a/b#9') });
    says(2, { state: 'done' });
    says(9, { state: 'open' });
    expect(await look()).toMatchObject({ verdict: 'wait', reason: 'follow-ups', words: 'waits for a/b#1' });
    expect(isClosed()).toBe(false);
  });

  it('a review that is stopped while it asks does nothing more', async () => {
    const stop = AbortSignal.abort();
    await expect(review(id, { why: 'a test', signal: stop }, deps)).rejects.toThrow('broken off');
    expect(isClosed()).toBe(false);
    expect(await world.store.trackerStatus.get('github')).toBeUndefined();
  });
});
