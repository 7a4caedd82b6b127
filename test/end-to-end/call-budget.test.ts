import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/running-simulator.ts';
import { freshId } from '../queue/support.ts';
import { onePlace } from '../support/backends.ts';
import { type IssueWebhook, sendGithub } from '../support/github.ts';
import { closed, openWorld, type TestIncident, type TestWorld, verdict } from '../support/world.ts';

/** So many deliveries are under way at once. */
const SENDERS = 250;
const FOLLOW_UPS = 'GET /v3/follow_ups';
const WRITE = 'PUT /v3/follow_ups/{id}';
const INCIDENT = 'GET /v2/incidents/{id}';
const UPDATES = 'GET /v2/incident_updates';
const EDIT = 'POST /v2/incidents/{id}/actions/edit';
const STATUSES = 'GET /v1/incident_statuses';

/** What each thing that happens costs in calls to incident.io, counted there. */
describe.each(onePlace('redis'))('the calls that it costs, on $name', (place) => {
  let world: TestWorld;
  beforeAll(async () => {
    world = await openWorld(place);
  });
  afterAll(() => world?.close());

  it('the statuses of the organisation are read once, at the start', async () => {
    const first = await incidentWith(['budget/first#1']);
    await world.github({ issue: 'budget/first#1', action: 'closed' });
    await lookedAfter(world, first.id);
    expect(world.incidentIo.calls(STATUSES)).toBe(1);
  });

  /** An incident whose follow-ups have been found, and which has been looked at for that. */
  async function incidentWith(issues: string[]): Promise<TestIncident> {
    const incident = await world.incident(issues);
    await verdict(world, incident, { verdict: 'wait' });
    return incident;
  }

  it('an event that is not the last: one page of follow-ups, one written, and that page again', async () => {
    const incident = await incidentWith(['budget/two#1', 'budget/two#2']);
    const count = counting(world.incidentIo);
    await world.github({ issue: 'budget/two#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', words: 'waits for budget/two#2' });
    expect(count()).toEqual({ [FOLLOW_UPS]: 2, [WRITE]: 1 });
    expect(count.order()).toEqual([FOLLOW_UPS, WRITE, FOLLOW_UPS]);
  });

  it('from the last event to the closed incident: three pages, one follow-up written, the incident, its updates, one edit', async () => {
    const incident = await incidentWith(['budget/one#1']);
    const count = counting(world.incidentIo);
    await world.github({ issue: 'budget/one#1', action: 'closed' });
    await lookedAfter(world, incident.id);
    expect(sorted(count.order(), 2, 4)).toEqual([
      ...[FOLLOW_UPS, WRITE, INCIDENT, FOLLOW_UPS],
      ...[UPDATES, EDIT, FOLLOW_UPS],
    ]);
    expect(world.incidentIo.incident(incident.id).status.category).toBe('closed');
  });

  it('what is due to several follow-ups is written at once, and the incident is read along with the page after it', async () => {
    const issues = [1, 2, 3].map((n) => `${freshId('budget/at-once')}#${n}`);
    // Told before there is a follow-up, so that one review finds all of them done.
    for (const issue of issues) await world.github({ issue, action: 'closed' });
    // Long enough to tell what waits for an answer from what does not.
    const slow = { kind: 'delay', ms: 2_000 } as const;
    world.incidentIo.misbehave({ fault: slow, route: WRITE, times: issues.length });
    const soonAgain = world.incidentIo.misbehave({ fault: slow, route: FOLLOW_UPS, chance: 1 });
    const count = counting(world.incidentIo);
    const from = world.incidentIo.requests.length;
    const incident = await world.incident(issues);
    await expect.poll(() => count()[INCIDENT]).toBe(1);
    soonAgain();
    await lookedAfter(world, incident.id);
    const order = count.order();
    expect(order.slice(0, 4)).toEqual([FOLLOW_UPS, WRITE, WRITE, WRITE]);
    expect(order.slice(4, 6).sort()).toEqual([INCIDENT, FOLLOW_UPS]);
    // Where the page took so long that the incident was old, it is read again.
    expect(order.slice(6).filter((route) => route !== INCIDENT)).toEqual([UPDATES, EDIT, FOLLOW_UPS]);
    const asked = world.incidentIo.requests.slice(from);
    const arrivals = asked.filter(({ route }) => route === WRITE).map(({ at }) => at);
    expect(Math.max(...arrivals) - Math.min(...arrivals)).toBeLessThan(slow.ms);
    const read = asked.find(({ route }) => route === INCIDENT)?.at ?? 0;
    const page =
      asked.find(
        ({ route, query, at }) =>
          route === FOLLOW_UPS && query.includes(incident.id) && at > Math.max(...arrivals),
      )?.at ?? 0;
    expect(Math.abs(read - page)).toBeLessThan(slow.ms);
  });

  it('a thousand deliveries of twenty events for one incident within a second cost twelve reads at most', async () => {
    const issues = Array.from({ length: 20 }, (_, n) => `budget/burst#${n + 1}`);
    const incident = await incidentWith(issues);
    const count = counting(world.incidentIo);
    const at = Date.now();
    const distinct = issues.map((issue): IssueWebhook => ({ issue, action: 'closed', at, delivery: issue }));
    const deliveries = Array.from({ length: 50 }, () => distinct).flat();
    const began = Date.now();
    // The copies of an event come over the whole second, as far as this machine is fast enough.
    const sender = async (first: number) => {
      for (let n = first; n < deliveries.length; n += SENDERS) {
        const [webhook] = deliveries.slice(n);
        if (webhook !== undefined) await sendGithub(world.service.url, webhook);
        await until(began + n);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, (_, first) => sender(first)));
    await closed(world, incident);
    const took = Date.now() - began;
    await lookedAfter(world, incident.id);
    // Whatever was woken meanwhile has been looked at once another incident, woken later, was closed.
    const other = await incidentWith(['budget/after#1']);
    await world.github({ issue: 'budget/after#1', action: 'closed' });
    await closed(world, other);
    const mine = count.about(incident.id);
    // Where the machine is slower: one look more, of two reads, in each three quarters of a second.
    const most = Math.max(12, 6 + 2 * Math.ceil(took / 750));
    expect(mine.filter((route) => route.startsWith('GET ')).length).toBeLessThanOrEqual(most);
    expect(mine.filter((route) => route === EDIT)).toHaveLength(1);
    expect(count.order().filter((route) => route === WRITE)).toHaveLength(20 + 1);
  });

  it('settling adds one page, one read, and one look into the history', async () => {
    const statuses = world.incidentIo.calls(STATUSES);
    await world.restart({ SETTLE_TIME: '1s' });
    const incident = await incidentWith(['budget/settle#1']);
    const count = counting(world.incidentIo);
    await world.github({ issue: 'budget/settle#1', action: 'closed' });
    await lookedAfter(world, incident.id);
    // A process that has just started reads the organisation's statuses once.
    expect(world.incidentIo.calls(STATUSES)).toBe(statuses + 1);
    const order = count.order();
    expect(sorted(order, 2, 4)).toEqual([
      ...[FOLLOW_UPS, WRITE, INCIDENT, FOLLOW_UPS, UPDATES],
      ...[FOLLOW_UPS, INCIDENT, UPDATES, EDIT, FOLLOW_UPS],
    ]);
  });

  it('nothing of version 2 of the follow-ups was ever called', () => {
    const old = world.incidentIo.requests.filter(({ path }) => path.startsWith('/v2/follow_ups'));
    expect(old).toEqual([]);
    expect(world.incidentIo.calls(FOLLOW_UPS)).toBeGreaterThan(0);
  });
});

/** With those from `start` to before `end` in the order of their names: they are asked for at the same time. */
function sorted(order: (string | undefined)[], start: number, end: number): (string | undefined)[] {
  return [...order.slice(0, start), ...order.slice(start, end).sort(), ...order.slice(end)];
}

async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));
}

/** Waits until the follow-ups were read once more after the closing. */
async function lookedAfter({ incidentIo }: TestWorld, incident: string): Promise<void> {
  const edited = () =>
    incidentIo.requests.findIndex(({ route, path }) => route === EDIT && path.includes(incident));
  const after = () =>
    incidentIo.requests
      .slice(edited())
      .some(({ route, query, status }) => route === FOLLOW_UPS && query.includes(incident) && status === 200);
  await expect.poll(() => edited() >= 0 && after(), { interval: 20 }).toBe(true);
}

/** What is called from now on, but for the sync of all follow-ups, which has its own pace. */
function counting(incidentIo: Simulator) {
  const from = incidentIo.requests.length;
  const since = () =>
    incidentIo.requests
      .slice(from)
      .filter(({ route, query }) => route !== FOLLOW_UPS || query.includes('incident_id='));
  const count = () => {
    const byRoute: Record<string, number> = {};
    for (const { route = 'none' } of since()) byRoute[route] = (byRoute[route] ?? 0) + 1;
    return byRoute;
  };
  return Object.assign(count, {
    order: () => since().map(({ route }) => route),
    about: (id: string) =>
      since()
        .filter(({ path, query }) => path.includes(id) || query.includes(id))
        .map(({ route = '' }) => route),
  });
}
