import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createContext, createStoreContext } from '../../src/context/context.ts';
import { check } from '../../src/operations/check.ts';
import { checkAll } from '../../src/operations/check-all.ts';
import { holdIncident } from '../../src/operations/hold.ts';
import { release } from '../../src/operations/release.ts';
import { sweepNow } from '../../src/operations/sweep.ts';
import { noStore, withoutStore } from '../../src/queue/no-store.ts';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { type FakeTracker, startFakeTracker } from '../support/fake-tracker.ts';
import { OPERATOR } from '../support/make.ts';
import { closed, edits, followUpFor, openWorld, type TestWorld, verdict } from '../support/world.ts';

const DAY = 24 * 3_600_000;
const LONG_AGO = Date.now() - 60 * DAY;

/** As public reports of robots that close in bulk have it: an organisation whose tasks were done months ago. */
describe.each(onePlace('redis'))('the careful start, on $name', (place) => {
  let world: TestWorld;
  let tracker: FakeTracker;
  beforeAll(async () => {
    tracker = await startFakeTracker();
  });
  afterAll(() => tracker.close());
  afterEach(() => world?.close());

  const doneLongAgo = (issue: string, at = LONG_AGO) =>
    tracker.tasks.set(`github:github.com/${issue}`, { state: 'done', occurredAt: at });
  /** Incidents with one outstanding follow-up each, whose tasks were done long ago. */
  const incidents = (name: string, n: number) => (incidentIo: Simulator) => {
    for (let i = 1; i <= n; i++) {
      const { id } = incidentIo.createIncident({ name: `${name} ${i}` });
      followUpFor(incidentIo, id, `start/${name}#${i}`);
      doneLongAgo(`start/${name}#${i}`);
    }
  };
  const open = async (over: Record<string, string>, before: (incidentIo: Simulator) => void) => {
    world = await openWorld(freshPlaceLike(place), over, { tracker, before });
    return [...world.incidentIo.incidents()];
  };
  const sweep = () => sweepNow({ backlog: false }, world.context());
  const writes = () => world.incidentIo.requests.filter(({ method }) => method !== 'GET');
  const ofIncident = (id: string) => ({ id, reference: '', followUps: [] });

  it('is foretold by a check before the first start, and what no tracker told is said', async () => {
    const [first] = await open({}, incidents('before', 3));
    if (first === undefined) throw new Error('none there');
    await world.service.close(5_000);
    // A place where no service has synced yet.
    const memory = withoutStore(noStore('in this test'));
    const base = await createStoreContext(
      world.context().settings,
      () => world.context().policy,
      memory,
      world.context().log,
    );
    const context = createContext(base, world.incidentIo.token, { asked: [tracker.tracker] });
    try {
      const all = await checkAll(context);
      expect(all.incidents.map(({ reason }) => reason)).toEqual(Array(3).fill('backlog'));
      expect(await check(first.reference, context)).toMatchObject({ verdict: 'leave', reason: 'backlog' });
      tracker.tasks.delete('github:github.com/start/before#1');
      const unread = expect.stringContaining('1 task of outstanding follow-ups could not be read');
      expect((await checkAll(context)).unknown).toEqual(unread);
      expect(await check(first.reference, context)).toMatchObject({ verdict: 'wait', unknown: unread });
      expect(writes()).toEqual([]);
    } finally {
      await context.close();
    }
  });

  it('closes and writes nothing whose tasks were done before it, lists all of it, and closes what changes', async () => {
    const all = await open({}, incidents('old', 12));
    await sweep();
    for (const { id } of all) await verdict(world, ofIncident(id), { verdict: 'leave', reason: 'backlog' });
    // Also once more, when a sweep asked the trackers, and when old webhooks come again.
    await sweep();
    await world.github({ issue: 'start/old#1', action: 'closed', at: LONG_AGO });
    await sweep();
    expect(writes()).toEqual([]);
    const listed = await checkAll(world.context());
    expect(listed.incidents.map(({ reason }) => reason)).toEqual(Array(12).fill('backlog'));

    const [first, second, third] = all.map(({ id }) => ofIncident(id));
    if (first === undefined || second === undefined || third === undefined) throw new Error('none there');
    await world.github({ issue: 'start/old#1', action: 'reopened' });
    await verdict(world, first, { verdict: 'wait', reason: 'follow-ups' });
    const at = Date.now() + 1_000;
    doneLongAgo('start/old#1', at);
    await world.github({ issue: 'start/old#1', action: 'closed', at });
    await closed(world, first);
    await release(world.incidentIo.incident(second.id).reference, world.context(), OPERATOR);
    await closed(world, second);
    // A link that somebody adds is new work, however old its issue is.
    doneLongAgo('start/added#1');
    followUpFor(world.incidentIo, third.id, 'start/added#1');
    await world.github({ issue: 'start/added#1', action: 'closed', at: LONG_AGO });
    await closed(world, third);
    expect(all.filter(({ id }) => world.incidentIo.incident(id).status.category === 'closed')).toHaveLength(
      3,
    );

    expect((await sweepNow({ backlog: true }, world.context())).backlog).toBe(9);
    for (const { id } of all) await closed(world, ofIncident(id));
  });

  it('leaves what a token that is added later shows of the time before, and closes what webhooks tell then', async () => {
    let hasToken = false;
    world = await openWorld(freshPlaceLike(place), {}, { tracker, hasToken: () => hasToken });
    const missed = await world.incident(['start/missed#1']);
    const told = await world.incident(['start/told#1']);
    for (const issue of ['start/missed#1', 'start/told#1']) doneLongAgo(issue, Date.now() - 1);
    await world.service.close(5_000);
    hasToken = true;
    await world.restart();
    await sweep();
    await verdict(world, missed, {
      verdict: 'leave',
      reason: 'backlog',
      words: expect.stringContaining('when incident-closer was given github token'),
    });
    expect(world.incidentIo.followUp(missed.followUps[0] ?? '').status).toBe('outstanding');
    const at = Date.now() + 1_000;
    doneLongAgo('start/told#1', at);
    await world.github({ issue: 'start/told#1', action: 'closed', at });
    await closed(world, told);
    expect(edits(world, missed)).toBe(0);
  });

  it('writes no follow-ups because SYNC_FOLLOW_UPS was switched on, until their incident is closed', async () => {
    world = await openWorld(freshPlaceLike(place), { SYNC_FOLLOW_UPS: 'false' }, { tracker });
    const incident = await world.incident(['start/sync#1']);
    await holdIncident(incident, 'review first', world.context(), OPERATOR);
    const at = Date.now() - 1;
    doneLongAgo('start/sync#1', at);
    await world.github({ issue: 'start/sync#1', action: 'closed', at });
    await verdict(world, incident, { verdict: 'leave', reason: 'held' });
    // GitHub tells whole seconds: one of the second in which it is switched on may be later than that.
    await expect.poll(() => Date.now()).toBeGreaterThan(at + 1_000);
    await world.restart({ SYNC_FOLLOW_UPS: 'true' });
    await sweep();
    const before = (await world.store.outcomes.get(incident.id))?.at ?? 0;
    await world.context().backend.waker.wake([incident.id], 'looked at again');
    await expect.poll(async () => (await world.store.outcomes.get(incident.id))?.at).toBeGreaterThan(before);
    const status = () => world.incidentIo.followUp(incident.followUps[0] ?? '').status;
    expect(status()).toBe('outstanding');
    await release(incident.reference, world.context(), OPERATOR);
    await closed(world, incident);
    expect(status()).toBe('completed');
  });

  it('takes an incident that is resolved after it for what it is: a new end, whose follow-ups are written too', async () => {
    const [incident] = await open({}, (incidentIo) => {
      const { id } = incidentIo.createIncident({ name: 'Active', status: 'live' });
      followUpFor(incidentIo, id, 'start/active#1');
      doneLongAgo('start/active#1');
    });
    if (incident === undefined) throw new Error('none there');
    await sweep();
    expect(writes()).toEqual([]);
    world.incidentIo.moveIncident(incident.id, 'learning');
    await sweep();
    await closed(world, ofIncident(incident.id));
    expect(world.incidentIo.followUps(incident.id).map(({ status }) => status)).toEqual(['completed']);
  });
});
