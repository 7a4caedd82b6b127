/** How long a view of the board, and a scrape of the metrics, takes with many incidents that are watched. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { quantile, row } from '../lib/stats.mjs';

export async function run(lab) {
  const [incidents, views] = lab.quick ? [200, 50] : [2_000, 300];
  const redis = await lab.redis();
  const simulator = await lab.simulator();
  await simulator.call('seed', { incidents, each: 3, done: 1 });
  const service = await lab.service('start', {
    QUEUE_URL: redis.url,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
  });
  for (let shown = 0; shown < incidents; ) {
    await sleep(200);
    const answer = await fetch(`${service.url}/api/board`);
    if (answer.ok) shown = (await answer.json()).groups.waiting.all;
  }
  const { all: before } = await simulator.call('calls');
  const pool = new Pool(service.url, { connections: 1 });
  const rows = [];
  for (const path of ['/api/board', '/metrics']) {
    const times = [];
    for (let view = 0; view < views; view++) {
      // Another query each time, so that none is answered from what was read a moment ago.
      const from = performance.now();
      const answer = await pool.request({ path: `${path}?closed=${view + 20}`, method: 'GET' });
      await answer.body.text();
      times.push(performance.now() - from);
    }
    rows.push(
      row({
        name: `board: ${path}`,
        work: `${incidents.toLocaleString('en-US')} incidents watched`,
        unit: 'ms',
        ours: times,
        p99: { ours: [quantile(times, 0.99)] },
      }),
    );
  }
  const { all } = await simulator.call('calls');
  rows[0].note = `${all - before} calls of incident.io for all of it`;
  await pool.close();
  await service.end();
  await redis.close();
  // What the rounds of a row keep would be 300 figures that nobody reads.
  return rows.map(({ rounds: _, ...rest }) => rest);
}
