/** How fast worker processes close incidents whose tasks are all done. */
import { eventOf, openPlace } from './place.mjs';

export const EACH = 4;
export const LATENCY = 20;

/** Worker processes on a fresh Redis and stand-in, which holds `incidents` incidents with outstanding follow-ups. */
export async function openClosing(lab, { workers = 1, concurrency, incidents }) {
  const redis = await lab.redis();
  const simulator = await lab.simulator({ latency: LATENCY });
  const left = await simulator.call('seed', { incidents, each: EACH });
  const env = {
    QUEUE_URL: redis.url,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
    REVIEW_CONCURRENCY: String(concurrency),
  };
  const services = await Promise.all(Array.from({ length: workers }, () => lab.service('work', env)));
  const place = await openPlace(redis.url);
  await place.synced();
  let closed = 0;
  return {
    services,
    simulator,
    redis,
    /** All follow-ups of the next `count` incidents are done at once: how long it takes until all are closed, s. */
    async close(count) {
      const incidents = left.splice(0, count);
      const events = incidents.flatMap(({ followUps }) => followUps.map(({ number }) => eventOf(number)));
      const started = Date.now();
      await place.tell(events);
      closed += count;
      return ((await simulator.call('whenClosed', closed)) - started) / 1000;
    },
    async end() {
      await place.close();
      await Promise.all(services.map((service) => service.end()));
      await simulator.end();
      await redis.close();
    },
  };
}
