import { afterEach, describe, expect, it } from 'vitest';
import { createGauges } from '../../src/gauges/gauges.ts';
import { createMetrics } from '../../src/metrics/counters.ts';
import { metric, readBoard } from '../board/ask.ts';
import { gate, post, running, signed } from '../receiver/support.ts';
import { freshPlaceLike, placesInTime } from '../support/backends.ts';
import { closed, openWorld, type TestWorld, verdict } from '../support/world.ts';
import { other } from '../trackers/github/payloads.ts';

describe.each(placesInTime('postgres'))('/metrics, on $name', (place) => {
  let world: TestWorld;
  afterEach(() => world?.close());
  const value = (name: string) => metric(world.service.url, name);

  it('counts deliveries, events, reviews, calls and one closing, and how long it took', async () => {
    world = await openWorld(freshPlaceLike(place));
    expect(await value('deliveries_total{source="github",outcome="accepted"}')).toBe(0);
    expect(await value('closures_total{to="closed"}')).toBe(0);
    const incident = await world.incident(['metrics/api#1', 'metrics/api#2']);
    await world.github({ issue: 'metrics/api#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'wait', words: 'waits for metrics/api#2' });
    await world.github({ issue: 'metrics/api#2', action: 'closed', at: Date.now() - 60_000 });
    await world.github({ issue: 'metrics/api#2', action: 'closed', at: Date.now() - 60_000 });
    await closed(world, incident);

    await expect.poll(() => value('closures_total{to="closed"}')).toBe(1);
    expect(await value('deliveries_total{source="github",outcome="accepted"}')).toBe(3);
    await expect.poll(() => value('events_total{kind="task"}')).toBe(3);
    await expect.poll(() => value('reviews_total{verdict="close"}')).toBe(1);
    expect(await value('done_to_closed_seconds_count')).toBe(1);
    const edits = 'api_requests_total{method="POST",route="/v2/incidents/{id}/actions/edit",status="200"}';
    expect(await value(edits)).toBe(1);
    expect(await value('api_key_works')).toBe(1);
    await expect.poll(() => value('oldest_due_seconds')).toBe(0);
    await expect.poll(() => value('open_intents')).toBe(0);
    expect(await value('rate_limit_room')).toBeGreaterThan(0);
  });

  it('tells how long an incident has been due that cannot be closed, until it is', async () => {
    world = await openWorld(freshPlaceLike(place));
    const incident = await world.incident(['metrics/due#1']);
    const { incidentIo } = world;
    incidentIo.misbehave({
      route: 'POST /v2/incidents/{id}/actions/edit',
      fault: { kind: 'status', status: 503 },
      // For every call until it is told to behave.
      chance: 1,
    });
    await world.github({ issue: 'metrics/due#1', action: 'closed' });
    await expect.poll(() => value('oldest_due_seconds')).toBeGreaterThan(1);
    expect(await value('due_incidents')).toBe(1);
    await expect.poll(() => value('review_errors_total')).toBeGreaterThan(0);
    incidentIo.behave();
    await world.context().backend.waker.wake([incident.id], 'a test');
    await closed(world, incident);
    await expect.poll(() => value('oldest_due_seconds')).toBe(0);
    expect(await value('closures_total{to="closed"}')).toBe(1);
  });

  it('says what waits, and tells the same of store and queues after a restart', async () => {
    world = await openWorld(freshPlaceLike(place), { SETTLE_TIME: '1h' });
    const incident = await world.incident(['metrics/soon#1']);
    await world.github({ issue: 'metrics/soon#1', action: 'closed' });
    await verdict(world, incident, { reason: 'settling' });
    await expect.poll(() => value('incidents{group="soon"}')).toBe(1);
    expect(await value('due_incidents')).toBe(0);
    expect(await value('queue_jobs{queue="timers",state="delayed"}')).toBe(1);
    await world.restart();
    expect(await value('incidents{group="soon"}')).toBe(1);
    expect(await value('queue_jobs{queue="timers",state="delayed"}')).toBe(1);
    expect(await value('store_up')).toBe(1);
  });

  it('tells, as the board does, of a source that is silent for unusually long and of webhooks that are off', async () => {
    world = await openWorld(freshPlaceLike(place));
    await world.github({ issue: 'metrics/silent#1', action: 'closed' });
    // What was heard is written at the stop at the latest.
    await world.restart();
    const at = Date.now() / 1_000;
    expect((await value('last_delivery_timestamp_seconds{source="github"}')) ?? 0).toBeGreaterThan(at - 60);
    expect(await value('longest_usual_silence_seconds{source="github"}')).toBeUndefined();
    expect(await value('webhooks_off{source="github"}')).toBeUndefined();
    const sources = async () => (await readBoard(world.service.url)).sources;
    expect((await sources()).find(({ name }) => name === 'github')?.alarms).toBeUndefined();

    const { store } = world.context();
    const DAY = 24 * 3_600_000;
    const today = Math.floor(Date.now() / DAY);
    const silent = (today - 5) * DAY;
    const days = Array.from({ length: 10 }, (_, n) => ({
      day: today - 15 + n,
      count: 24,
      silence: DAY / 24,
    }));
    await store.paces.put('github', { at: silent, since: silent - 10 * DAY, days });
    const about = { place: 'the repository acme/api', since: silent };
    const hooks = [
      { ...about, id: '1', state: 'on' as const },
      { ...about, id: '2', state: 'off' as const, words: 'switch it on' },
    ];
    await store.hooks.put('github', { at: Date.now(), hooks, hidden: [] });
    await expect.poll(() => value('webhooks_off{source="github"}')).toBe(1);
    expect(await value('longest_usual_silence_seconds{source="github"}')).toBe(DAY / 1_000);
    expect(await value('last_delivery_timestamp_seconds{source="github"}')).toBe(silent / 1_000);
    await expect
      .poll(async () => (await sources()).find(({ name }) => name === 'github')?.alarms)
      .toEqual([
        expect.stringMatching(/^no delivery from GitHub for [56] days \(usually every/),
        'the webhook in the repository acme/api: switch it on',
      ]);
  });
});

describe('numbers', () => {
  it('of the store are left out while it does not answer: an old one would be taken for a new one', async () => {
    const { registry } = createMetrics({ sources: ['github'], work: true });
    const gauges = createGauges(registry);
    await gauges.read(undefined);
    const text = await registry.metrics();
    expect(text).toContain('incident_closer_store_up 0');
    for (const name of ['incidents', 'oldest_due_seconds', 'queue_jobs', 'rate_limit_room', 'due_incidents'])
      expect(text).not.toMatch(new RegExp(`^incident_closer_${name}[ {]`, 'm'));
    expect(text).toMatch(/^incident_closer_closures_total\{to="closed"\} 0$/m);
  });

  it('of a process that only receives are those of deliveries', async () => {
    const text = await createMetrics({ sources: ['github'], work: false }).registry.metrics();
    expect(text).toMatch(/^incident_closer_deliveries_total\{source="github",outcome="refused"\} 0$/m);
    expect(text).not.toMatch(/^incident_closer_(api_key_works|reviews_total\{)/m);
  });

  it('tell deliveries apart by what became of them', async () => {
    const told: string[] = [];
    const onDelivery = (source: string, outcome: string) => void told.push(`${source} ${outcome}`);
    const { url } = await running({ onDelivery });
    await post(url);
    await post(url, { headers: { 'x-hub-signature-256': 'sha256=00' } });
    await post(url, { payload: other('labeled') });
    const nonsense = signed('no issue');
    await fetch(`${url}/webhooks/github`, {
      method: 'POST',
      headers: nonsense.headers,
      body: new Uint8Array(nonsense.body),
    });
    const hanging = await running({ onDelivery, queueDeadline: 50 });
    hanging.intake.behave = () => gate().opened;
    await post(hanging.url);
    expect(told).toEqual([
      'github accepted',
      'github refused',
      'github ignored',
      'github malformed',
      'github unavailable',
    ]);
  });
});
