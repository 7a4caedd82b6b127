/** After an outage, how long it takes until the last of what was due by then is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { closedIssue, signed } from '../lib/payload.mjs';
import { openPlace } from '../lib/place.mjs';
import { row } from '../lib/stats.mjs';

/** How many incidents are due, and how long the outage lasts, s. */
const INCIDENTS = 20;

export async function run(lab) {
  const outage = lab.quick ? 8 : 45;
  const target = { under: 15 };
  const rows = [];
  for (const [name, work, play, more] of [
    ['Redis', `Redis is killed, and back after ${outage} s`, redisDown, target],
    ['incident.io', `incident.io resets every connection for ${outage} s`, incidentIoDown, target],
    ['killed worker', 'a worker is killed while it reviews; another one runs', workerKilled, { under: 20 }],
  ])
    rows.push(row({ name: `recovery: ${name}`, work, unit: 's', ours: [await play(lab, outage)], ...more }));
  return rows;
}

/** A service, and incidents whose follow-ups are all but told as done. */
async function open(lab, { latency = 0, workers = 0 } = {}) {
  const redis = await lab.redis();
  const simulator = await lab.simulator({ latency });
  const incidents = await simulator.call('seed', { incidents: INCIDENTS, each: 1 });
  const env = {
    QUEUE_URL: redis.url,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
  };
  const service = await lab.service(workers > 0 ? 'receive' : 'start', env);
  const work = [];
  for (let n = 0; n < workers; n++) work.push(await lab.service('work', env));
  const place = await openPlace(redis.url);
  await place.synced();
  await place.close();
  const tell = async ({ followUps }) => {
    const { body, headers } = signed(closedIssue(followUps[0].number));
    for (;;) {
      const answer = await request(`${service.url}/webhooks/github`, { method: 'POST', body, headers }).catch(
        () => undefined,
      );
      await answer?.body.dump();
      if (answer?.statusCode === 202) return;
      await sleep(1_000);
    }
  };
  const end = async () => {
    await Promise.all([service, ...work].map((one) => one.end('SIGKILL')));
    await simulator.end();
    await redis.close();
  };
  return { redis, simulator, incidents, work, tell, end };
}

/** Half of it is under way when Redis dies, and senders go on trying with the rest. */
async function redisDown(lab, outage) {
  const { redis, simulator, incidents, tell, end } = await open(lab, { latency: 200 });
  const told = incidents.slice(0, INCIDENTS / 2).map(tell);
  await Promise.all(told);
  const again = await redis.kill();
  const rest = incidents.slice(INCIDENTS / 2).map(tell);
  await sleep(outage * 1_000);
  await again();
  return last(simulator, rest, end);
}

async function incidentIoDown(lab, outage) {
  const { simulator, incidents, tell, end } = await open(lab);
  await simulator.call('down');
  const told = incidents.map(tell);
  await sleep(outage * 1_000);
  await simulator.call('up');
  return last(simulator, told, end);
}

async function workerKilled(lab) {
  const { simulator, incidents, work, tell, end } = await open(lab, { latency: 500, workers: 2 });
  const told = incidents.map(tell);
  await sleep(1_500);
  await work[0].end('SIGKILL');
  return last(simulator, told, end);
}

/** From now until the last closing, s. */
async function last(simulator, told, end) {
  const from = Date.now();
  await Promise.all(told);
  const at = await simulator.call('whenClosed', INCIDENTS);
  await end();
  return Math.max(0, at - from) / 1_000;
}
