import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { announceBlocked } from '../../src/announcements/blocked.ts';
import { announceEvent } from '../../src/announcements/event.ts';
import { announceFailedReviews } from '../../src/announcements/failed-reviews.ts';
import { history } from '../../src/operations/history.ts';
import type { FailedJob } from '../../src/queue/backend.ts';
import { DUE } from '../../src/review/sections.ts';
import { ANNOUNCEMENTS_DUE } from '../../src/store/announcements-due.ts';
import { newSecret } from '../../src/trackers/standard-webhooks.ts';
import { freshPlaceLike, onePlace } from '../support/backends.ts';
import { PATIENCE } from '../support/patience.ts';
import { type Received, startReceiver } from '../support/receiver.ts';
import { closed, openWorld, verdict } from '../support/world.ts';

describe.each(onePlace('redis'))('what happened is told on $name', (place) => {
  it('in the incident once and to webhooks until they take it, whatever one of them does', async (test) => {
    const secrets = [newSecret(), newSecret()];
    const hanging = await startReceiver(() => undefined);
    const elsewhere = await startReceiver((_, response) => response.end());
    const good = await startReceiver((nth, response) =>
      nth === 1
        ? response.writeHead(500).end('canary of the receiver')
        : nth === 2
          ? response.writeHead(307, { location: elsewhere.url }).end()
          : response.end(),
    );
    const gone = await startReceiver((_, response) => response.writeHead(410).end());
    const world = await openWorld(place, {
      OUTGOING_WEBHOOK_URL: [hanging, good, gone].map(({ url }) => url).join(','),
      OUTGOING_WEBHOOK_SECRET: secrets.join(','),
      ANNOUNCE_IN_INCIDENT: 'true',
    });
    test.onTestFinished(async () => {
      await world.close();
      for (const one of [hanging, elsewhere, good, gone]) await one.close();
    });
    const { incidentIo, store } = world;
    const incident = await world.incident(['acme/told#1', 'acme/told#2']);
    await world.github({ issue: 'acme/told#1', action: 'closed' });
    await world.github({ issue: 'acme/told#2', action: 'closed', reason: 'not_planned' });
    await closed(world, incident);

    // The closing and the others are done while the first receiver still hangs.
    await expect.poll(() => good.received.length, { timeout: PATIENCE }).toBe(3);
    const ids = good.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set([...ids, ...hanging.received.map(({ headers }) => headers['webhook-id'])]).size).toBe(1);
    expect(new Set(good.received.map(({ body }) => body)).size).toBe(1);
    expect(elsewhere.received).toEqual([]);
    for (const secret of secrets)
      for (const one of good.received) expect(verified(one, secret)).toMatchObject(told(incident));

    const messages = () => incidentIo.updates(incident.id).flatMap(({ message }) => message ?? []);
    await expect
      .poll(messages, { timeout: PATIENCE })
      .toEqual([
        expect.stringMatching(
          /^INC-\d+ “About .*” was closed: all 2 follow-ups are done\.\nDropped: .*told.*2.*\n\nincident-closer, closing /,
        ),
      ]);

    await expect
      .poll(async () => (await history({ limit: 1 }, world.context())).closures[0]?.announced, {
        timeout: PATIENCE,
      })
      .toEqual([
        expect.objectContaining({ place: 'incident-io', state: 'made' }),
        expect.objectContaining({ place: 'webhook', state: 'due' }),
        expect.objectContaining({ place: 'webhook', state: 'made', tries: 3 }),
        expect.objectContaining({ place: 'webhook', state: 'given-up', why: expect.stringContaining('410') }),
      ]);
    expect(gone.received).toHaveLength(1);
    for (const canary of [...secrets, 'canary of the receiver', '/hook'])
      expect(world.logged.join('\n')).not.toContain(canary);

    // Incidents that somebody else closed are theirs to tell of.
    const other = incidentIo.createIncident({ name: 'By hand', status: 'learning' });
    incidentIo.moveIncident(other.id, 'closed');
    expect(await store.tables.ranked(ANNOUNCEMENTS_DUE, { min: -Infinity, max: Infinity, limit: 9 })).toEqual(
      [{ member: expect.stringContaining(incident.id), score: expect.any(Number) }],
    );
  });

  it('of incidents that are due for too long once each time, and of reviews that failed permanently', async (test) => {
    const receiver = await startReceiver((_, response) => response.end());
    const world = await openWorld(place, {
      QUEUE_PREFIX: `${place.prefix}-b`,
      ...(place.name === 'embedded' && { QUEUE_URL: `${place.url}-b` }),
      OUTGOING_WEBHOOK_URL: receiver.url,
      OUTGOING_WEBHOOK_SECRET: newSecret(),
      BLOCKED_AFTER: '20d',
    });
    test.onTestFinished(async () => {
      await world.close();
      await receiver.close();
    });
    const { store, clock, settings } = world.context();
    const deps = { store, clock, settings, blockedAfter: 60_000 };
    const stuck = world.incidentIo.createIncident({ name: 'Stuck' }).id;
    const broken = world.incidentIo.createIncident({ name: 'Broken' }).id;
    const due = (ago: number) => store.tables.rank(DUE, [{ member: stuck, score: clock.now() - ago }]);
    await due(59_000);
    await announceBlocked(deps);
    await store.tables.unrank(DUE, [stuck]);
    await announceBlocked(deps);
    await due(61_000);
    await announceBlocked(deps);
    await announceBlocked(deps);
    await store.tables.unrank(DUE, [stuck]);
    await announceBlocked(deps);
    await due(120_000);
    await announceBlocked(deps);
    const job: FailedJob = {
      id: 'reviews/7',
      queue: 'reviews',
      incident: broken,
      tasks: [],
      why: 'it broke',
      tries: 100,
      at: clock.now() - 1_000,
    };
    const same = { failed: async () => [job] };
    await announceFailedReviews({ ...deps, backend: same });
    await announceFailedReviews({ ...deps, backend: same });

    await expect.poll(() => receiver.received.length, { timeout: PATIENCE }).toBe(3);
    await expect.poll(() => store.tables.rankSize(ANNOUNCEMENTS_DUE), { timeout: PATIENCE }).toBe(0);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ type, data }) => `${type} ${data.incident.id}`).sort()).toEqual([
      `incident.blocked ${stuck}`,
      `incident.blocked ${stuck}`,
      `review.failed ${broken}`,
    ]);
  });

  it('in a dry run nobody is told, and what no receiver took for three days is given up', async (test) => {
    const refusing = await startReceiver((_, response) => response.writeHead(500).end());
    const world = await openWorld(freshPlaceLike(place), {
      OUTGOING_WEBHOOK_URL: refusing.url,
      OUTGOING_WEBHOOK_SECRET: newSecret(),
      DRY_RUN: 'true',
    });
    test.onTestFinished(async () => {
      await world.close();
      await refusing.close();
    });
    const incident = await world.incident(['acme/dry#1']);
    await world.github({ issue: 'acme/dry#1', action: 'closed' });
    await verdict(world, incident, { verdict: 'close', words: expect.stringContaining('dry run') });
    expect(await world.store.tables.rankSize(ANNOUNCEMENTS_DUE)).toBe(0);

    await world.restart({ DRY_RUN: 'false' });
    const { store, clock, settings } = world.context();
    const old = {
      type: 'review.failed',
      incident: incident.id,
      at: clock.now() - 4 * DAY,
      body: '{}',
    } as const;
    await announceEvent('review.failed/old', old, { store, clock, settings });
    await expect
      .poll(async () => (await store.announcements.get('review.failed/old'))?.places, { timeout: PATIENCE })
      .toEqual([expect.objectContaining({ kind: 'webhook', state: 'given-up', tries: 1 })]);
    // It is logged after it is kept.
    await expect.poll(() => world.logged.join('\n')).toContain('gave up telling review.failed');
    // One try of the old event; the dry run's closing was none.
    expect(refusing.received.filter(({ body }) => body === '{}')).toHaveLength(1);
  });
});

const DAY = 86_400_000;

function verified({ headers, body }: Received, secret: string): unknown {
  return new Webhook(secret).verify(body, {
    'webhook-id': String(headers['webhook-id']),
    'webhook-timestamp': String(headers['webhook-timestamp']),
    'webhook-signature': String(headers['webhook-signature']),
  });
}

function told({ id, reference }: { id: string; reference: string }) {
  return {
    type: 'incident.closed',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    data: {
      incident: { id, reference },
      follow_ups: expect.arrayContaining([
        expect.objectContaining({ dropped: false, task: expect.objectContaining({ state: 'done' }) }),
        expect.objectContaining({ dropped: true, task: expect.objectContaining({ state: 'declined' }) }),
      ]),
    },
  };
}
