/**
 * What many follow-ups cost: the first sync, an idle one, a sweep and a full sync, in calls, seconds and memory.
 * Run: npm run build && QUEUE_URL=redis://localhost node bench/sync.mjs 100000
 * (without QUEUE_URL: the embedded store in a temporary folder). The stand-in of incident.io shares this process and
 * has no limit; incident.io's own (20 a second) makes 400 pages take 20 s.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../dist/clock.js';
import { createClient } from '../dist/incident-io/client.js';
import { createLogger } from '../dist/log.js';
import { policyOf } from '../dist/policy/policy.js';
import { openBackend } from '../dist/queue/open-backend.js';
import { readSettings } from '../dist/settings.js';
import { startSimulator } from '../dist/simulator/simulator.js';
import { Store } from '../dist/store/store.js';
import { fullSync } from '../dist/sync/full-sync.js';
import { sweep } from '../dist/sync/sweep.js';
import { sync } from '../dist/sync/sync.js';
import { taskKeyOf } from '../dist/trackers/index.js';

const FOLLOW_UPS = Number(process.argv[2] ?? 100_000);
const OF_AN_INCIDENT = 10;

const folder = process.env.QUEUE_URL ? undefined : await mkdtemp(join(tmpdir(), 'incident-closer-bench-'));
const log = createLogger('silent', { pretty: false });
const incidentIo = await startSimulator({ rateLimit: false });
let incident = '';
for (let n = 0; n < FOLLOW_UPS; n++) {
  if (n % OF_AN_INCIDENT === 0) incident = incidentIo.createIncident().id;
  const permalink = `https://github.com/acme/api/issues/${n}`;
  incidentIo.createFollowUp({
    incident,
    reference: { provider: 'github', name: `acme/api#${n}`, permalink },
  });
}
const backend = await openBackend(process.env.QUEUE_URL || join(folder, 'data'), {
  prefix: `bench-${randomUUID().slice(0, 8)}`,
  log,
});
const unpaced = {
  take: async () => ({
    answered: async () => {},
    limited: async (ms) => Date.now() + ms,
    unanswered: async () => {},
  }),
};
const api = createClient({
  baseUrl: incidentIo.url,
  apiKey: incidentIo.token,
  pace: unpaced,
  log,
  notifyIncidentChannel: true,
});
const deps = {
  store: new Store(backend.tables),
  api,
  waker: backend.waker,
  clock: systemClock,
  log,
  policy: policyOf(readSettings({})),
  taskKeyOf,
  categories: ['learning'],
  clearStrayKeys: async () => [],
  readOutstanding: async () => 0,
  pause: async () => {},
};

async function measure(name, work) {
  const calls = incidentIo.requests.length;
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const memory = process.memoryUsage().rss / 1024 ** 2;
  console.log(
    `${name.padEnd(14)} ${String(incidentIo.requests.length - calls).padStart(5)} calls ${seconds.toFixed(1).padStart(7)} s   ${memory.toFixed(0)} MB`,
  );
}

console.log(`${FOLLOW_UPS} follow-ups of ${FOLLOW_UPS / OF_AN_INCIDENT} incidents, on ${backend.kind}`);
await measure('first sync', () => sync(deps));
await measure('idle sync', () => sync(deps));
await measure('sweep', () => sweep(deps, 0));
// As if the last one were a day ago.
await deps.store.meta.put('full-sync-finished', 0);
await measure('full sync', () => fullSync(deps));

await api.close();
await backend.close();
await incidentIo.close();
if (folder) await rm(folder, { recursive: true, force: true });
