/** What many follow-ups cost a sync: the first one, one without news, a sweep, and one of all follow-ups. */
import { systemClock } from '../../build/clock.js';
import { createClient } from '../../build/incident-io/client.js';
import { policyOf } from '../../build/policy/policy.js';
import { readSettings } from '../../build/settings/settings.js';
import { fullSync } from '../../build/sync/full-sync.js';
import { sweep } from '../../build/sync/sweep.js';
import { sync } from '../../build/sync/sync.js';
import { taskKeyOf } from '../../build/trackers/index.js';
import { log, openPlace } from '../lib/place.mjs';
import { row } from '../lib/stats.mjs';

const EACH = 10;

export async function run(lab) {
  const followUps = lab.quick ? 2_000 : 100_000;
  const redis = await lab.redis();
  const simulator = await lab.simulator();
  await simulator.call('seed', { incidents: followUps / EACH, each: EACH });
  const place = await openPlace(redis.url);
  const api = createClient({
    baseUrl: simulator.url,
    apiKey: simulator.token,
    pace: unpaced,
    log,
    notifyIncidentChannel: true,
  });
  const deps = {
    store: place.store,
    api,
    waker: place.backend.waker,
    clock: systemClock,
    log,
    policy: policyOf(readSettings({})),
    taskKeyOf,
    categories: ['learning'],
    clearStrayKeys: async () => [],
    readOutstanding: async () => 0,
    pause: async () => {},
  };
  const rows = [];
  const measure = async (name, work) => {
    const { all } = await simulator.call('calls');
    const started = performance.now();
    await work();
    const ours = [(performance.now() - started) / 1000];
    const calls = (await simulator.call('calls')).all - all;
    rows.push(
      row({
        name: `sync: ${name}`,
        work: `${followUps.toLocaleString('en-US')} follow-ups of ${(followUps / EACH).toLocaleString('en-US')} incidents, ${calls} calls`,
        ...{ unit: 's', ours },
      }),
    );
  };
  await measure('first', () => sync(deps));
  await measure('no news', () => sync(deps));
  await measure('sweep', () => sweep(deps, 0));
  // As if the last one were a day ago.
  await place.store.meta.put('full-sync-finished', 0);
  await measure('all', () => fullSync(deps));
  await api.close();
  await place.close();
  await simulator.end();
  await redis.close();
  return rows;
}

/** incident.io's limit (20 calls a second) would be all that is measured. */
const unpaced = {
  take: async () => ({
    answered: async () => {},
    limited: async (ms) => Date.now() + ms,
    unanswered: async () => {},
  }),
};
