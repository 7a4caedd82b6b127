/**
 * How long a view of the board takes with many incidents that are watched, on the backend that QUEUE_URL names (a
 * fresh embedded folder where it is not set). Run: npm run build && node bench/board.mjs
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { createLogger } from '../dist/log.js';
import { regroup } from '../dist/review/groups.js';
import { startService } from '../dist/service/service.js';
import { readSettings } from '../dist/settings.js';
import { startSimulator } from '../dist/simulator/simulator.js';
import { sleep } from '../dist/sleep.js';

const INCIDENTS = Number(process.env.INCIDENTS ?? 2_000);
const VIEWS = 300;
const folder = await mkdtemp(join(tmpdir(), 'incident-closer-bench-'));
const incidentIo = await startSimulator({ rateLimit: false });
for (let n = 0; n < INCIDENTS; n++) {
  const { id } = incidentIo.createIncident({ name: `Incident ${n}` });
  for (let i = 0; i < 3; i++)
    incidentIo.createFollowUp({
      incident: id,
      title: `Follow-up ${i}`,
      status: i === 0 ? 'completed' : 'outstanding',
    });
}
const service = await startService({
  settings: readSettings({
    INCIDENT_IO_API_KEY: incidentIo.token,
    INCIDENT_IO_API_URL: incidentIo.url,
    QUEUE_URL: process.env.QUEUE_URL ?? join(folder, 'data'),
    QUEUE_PREFIX: `bench-${process.pid}`,
    PORT: '0',
  }),
  receive: true,
  work: true,
  log: createLogger('warn', { pretty: true }),
});
let shown = 0;
while (shown < INCIDENTS) {
  await sleep(500);
  const answer = await fetch(`${service.url}/api/board`);
  if (answer.ok) shown = (await answer.json()).groups.waiting.all;
}
const { store } = service.context();
const pool = new Pool(service.url, { connections: 1 });
// Half were reviewed, half are known by the index alone, which costs more.
let n = 0;
for await (const page of store.groups.all(INCIDENTS))
  for (const { id } of page)
    if (n++ % 2 === 0) {
      await store.outcomes.put(id, {
        incident: id,
        verdict: 'wait',
        reason: 'follow-ups',
        words: 'waits for PROJ-1 and PROJ-2',
        blockers: [],
        at: Date.now(),
        wokenBy: 'sweep',
        done: 1,
        all: 3,
      });
      await regroup([id], store);
    }
const calls = incidentIo.requests.length;
for (const path of ['/api/board', '/metrics']) {
  const times = [];
  for (let view = 0; view < VIEWS; view++) {
    // Another query each time, so that none is answered from what was read a moment ago.
    const from = performance.now();
    const answer = await pool.request({ path: `${path}?closed=${view + 20}`, method: 'GET' });
    await answer.body.text();
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (share) => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(1)} ms`;
  console.log(`${path}: ${INCIDENTS} incidents, ${VIEWS} views: median ${at(0.5)}, p99 ${at(0.99)}`);
}
console.log(`calls of incident.io for it: ${incidentIo.requests.length - calls}`);
await pool.close();
await service.close(5_000);
await incidentIo.close();
await rm(folder, { recursive: true, force: true });
