import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { queuePlaces } from '../support/backends.ts';
import { INCIDENT_IO_SECRET, sendIncidentIo } from '../support/incident-io.ts';
import { PATIENCE } from '../support/patience.ts';
import { untilTaken } from '../support/until-taken.ts';
import { openProcessWorld } from './world.ts';

/**
 * incident.io allows 20 requests a second and 60 at once. So that nobody waits for minutes, here it allows half
 * as many again with the same bucket, announces that, and fewer reviews are made; `PACE=literal` takes the literal
 * figures, which takes about ten minutes.
 */
const LITERAL = process.env.PACE === 'literal';
const REVIEWS = LITERAL ? 2_000 : 120;
const LIMIT = { capacity: 60, perSecond: LITERAL ? 20 : 30 };
const TIMEOUT = LITERAL ? 30 * 60_000 : 5 * PATIENCE;
const WORKERS = 5;
/** A review that closes: two pages of follow-ups, the incident, its updates, the edit. */
const CALLS = 5;

const redis = queuePlaces().find(({ name }) => name === 'redis');

describe.runIf(redis !== undefined)('five workers in processes of their own, on one Redis', () => {
  it(`keep one pace: ${REVIEWS} reviews end, none is lost, none closes twice, hardly a request is answered 429`, {
    timeout: TIMEOUT,
  }, async (test) => {
    if (redis === undefined) throw new Error('this run covers no Redis');
    const over = {
      INCIDENT_IO_WEBHOOK_SECRET: INCIDENT_IO_SECRET,
      MAX_CLOSES_PER_HOUR: '0',
      LOG_LEVEL: 'info',
    };
    const world = await openProcessWorld(
      redis,
      over,
      { rateLimit: LIMIT, onExchange: () => undefined },
      test,
    );
    const { incidentIo, env } = world;
    const [receiver, ...workers] = await Promise.all([
      world.serve('receive'),
      ...Array.from({ length: WORKERS }, () => world.serve('work')),
    ]);
    await Promise.any(workers.map((worker) => worker.logged('first sync finished')));

    const incidents = Array.from({ length: REVIEWS }, () => incidentIo.createIncident());
    for (const { id } of incidents) incidentIo.createFollowUp({ incident: id, status: 'completed' });
    const began = Date.now();
    let next = 0;
    const sender = async () => {
      for (let incident = incidents[next++]; incident; incident = incidents[next++]) {
        const about = { id: incident.id };
        await untilTaken(() => sendIncidentIo(receiver.at, 'public_incident.incident_updated_v2', about));
      }
    };
    await Promise.all(Array.from({ length: 16 }, sender));

    const closed = () => incidentIo.effects.filter(({ toCategory }) => toCategory === 'closed').length;
    await expect.poll(closed, { timeout: TIMEOUT, interval: 250 }).toBe(REVIEWS);
    const seconds = (Date.now() - began) / 1000;
    expect(new Set(incidentIo.effects.map(({ id }) => id)).size).toBe(REVIEWS);
    const { requests } = incidentIo;
    const limited = requests.filter(({ status }) => status === 429).length;
    const edits = requests.filter(({ method }) => method === 'POST').length;
    console.log(
      `${REVIEWS} reviews in ${seconds.toFixed(0)} s, ${requests.length} requests (${(requests.length / seconds).toFixed(1)} a second), ${limited} answered 429`,
    );
    expect(limited).toBeLessThan(requests.length / 100);
    // A 429 on an edit was not processed, so that it may be sent again.
    expect(edits).toBeLessThanOrEqual(REVIEWS + limited);
    expect(requests.length).toBeGreaterThanOrEqual(REVIEWS * (CALLS - 1));

    const backend = await openBackend(env.QUEUE_URL ?? '', {
      prefix: env.QUEUE_PREFIX ?? '',
      log: createLogger('silent'),
    });
    test.onTestFinished(() => backend.close());
    const left = async () => {
      const { reviews, events } = await backend.counts();
      const { failed: failedReviews = 0, waiting = 0, active = 0, delayed = 0, prioritized = 0 } = reviews;
      return { failed: failedReviews + (events.failed ?? 0), open: waiting + active + delayed + prioritized };
    };
    await expect.poll(left).toEqual({ failed: 0, open: 0 });
  });
});
