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
    if (!answer.ok) continue;
    const { groups, health } = await answer.json();
    // The first sweep reads all of them once more.
    const isSwept = health.every(({ name, is }) => !name.startsWith('Sync') || is === 'well');
    if (isSwept) shown = groups.waiting.all;
  }
  const { all: before } = await simulator.call('calls');
  const pool = new Pool(service.url, { connections: 1 });
  const ask = async (path, headers = {}) => {
    const answer = await pool.request({ path, method: 'GET', headers });
    return { answer, text: await answer.body.text() };
  };
  // The list is read bit by bit, once, and then stays as it is.
  let since = '';
  for (let before; before === undefined || since !== before; ) {
    before = since;
    await sleep(500);
    const told = JSON.parse((await ask(`/api/list${since}`)).text);
    since = `?since=${told.version}`;
    if (told.missing > 0) before = undefined;
  }
  const rows = [];
  const measured = async (name, look, rest) => {
    const times = [];
    for (let view = 0; view < views; view++) {
      const from = performance.now();
      await look(view);
      times.push(performance.now() - from);
    }
    const p99 = quantile(times, 0.99);
    rows.push(
      row({
        name: `board: ${name}`,
        work: `${incidents.toLocaleString('en-US')} incidents watched`,
        unit: 'ms',
        ours: times,
        p99: { ours: [p99] },
        ...rest(p99),
      }),
    );
  };
  const p99Under20 = (p99) => ({ target: 'p99 under 20 ms', met: p99 < 20 });
  // Another query each time, so that none is answered from what was read a moment ago.
  await measured('/api/board', (view) => ask(`/api/board?closed=${view + 20}`), p99Under20);
  let tag;
  const again = async () => {
    const { answer } = await ask('/api/board', tag === undefined ? {} : { 'if-none-match': tag });
    tag = answer.headers.etag;
  };
  await measured('/api/board, again', again, p99Under20);
  await measured('/api/list, what changed', () => ask(`/api/list${since}`), p99Under20);
  await measured(
    '/metrics',
    (view) => ask(`/metrics?closed=${view}`),
    () => ({}),
  );
  const { all } = await simulator.call('calls');
  rows[0].note = `${all - before} calls of incident.io for all of it`;
  await pool.close();
  await service.end();
  await redis.close();
  // What the rounds of a row keep would be 300 figures that nobody reads.
  return rows.map(({ rounds: _, ...rest }) => rest);
}
