/** Many events about one incident: how many reviews and calls they cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { closedIssue, signed } from '../lib/payload.mjs';
import { row } from '../lib/stats.mjs';

const EACH = 4;

export async function run(lab) {
  const events = lab.quick ? 1_000 : 10_000;
  const redis = await lab.redis();
  const simulator = await lab.simulator({ latency: 20 });
  const [incident] = await simulator.call('seed', { incidents: 1, each: EACH + 1 });
  const service = await lab.service('start', {
    QUEUE_URL: redis.url,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
  });
  await sleep(3_000);
  const { all: before } = await simulator.call('calls');
  const pool = new Pool(service.url, { connections: 64 });
  let sent = 0;
  const started = performance.now();
  // One follow-up stays open; the others' issues are closed and opened again all the time.
  const send = async () => {
    while (sent < events) {
      const n = sent++;
      const { number } = incident.followUps[n % EACH];
      const action = Math.floor(n / EACH) % 2 === 0 ? 'closed' : 'reopened';
      const { body, headers } = signed(closedIssue(number, { action, at: Date.now() + n }));
      const answer = await pool.request({ method: 'POST', path: '/webhooks/github', body, headers });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`answered ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: 64 }, send));
  const seconds = (performance.now() - started) / 1000;
  let calls = await simulator.call('calls', before);
  for (let last = -1; last !== calls.all; ) {
    last = calls.all;
    await sleep(2_000);
    calls = await simulator.call('calls', before);
  }
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  const reviews = [...metrics.matchAll(/^incident_closer_reviews_total\{[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  await pool.close();
  await service.end();
  await redis.close();
  const work = `${events.toLocaleString('en-US')} events about one incident in ${seconds.toFixed(1)} s, 20 ms a call`;
  return [
    row({ name: 'burst: reviews', work, unit: 'reviews', ours: [reviews] }),
    row({ name: 'burst: calls', work, unit: 'API calls', ours: [calls.all - before] }),
  ];
}
