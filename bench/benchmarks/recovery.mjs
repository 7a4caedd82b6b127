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
    ['PostgreSQL', `PostgreSQL is killed, and back after ${outage} s`, postgresDown, target],
    ['incident.io', `incident.io resets every connection for ${outage} s`, incidentIoDown, target],
    ['killed worker', 'a worker is killed while it reviews; another one runs', workerKilled, { under: 20 }],
  ]) {
    const took = await play(lab, outage);
    if (took === undefined) console.error(`Not measured, since it is not installed: ${name}`);
    else rows.push(row({ name: `recovery: ${name}`, work, unit: 's', ours: [took], ...more }));
  }
  return rows;
}

/** A service, and incidents whose follow-ups are all but told as done. */
async function open(lab, { latency = 0, workers = 0, store } = {}) {
  const place = store ?? (await lab.redis());
  const simulator = await lab.simulator({ latency });
  const incidents = await simulator.call('seed', { incidents: INCIDENTS, each: 1 });
  const env = {
    QUEUE_URL: place.url,
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
  };
  const service = await lab.service(workers > 0 ? 'receive' : 'start', env);
  const work = [];
  for (let n = 0; n < workers; n++) work.push(await lab.service('work', env));
  const inside = await openPlace(place.url);
  await inside.synced();
  await inside.close();
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
    await place.close();
  };
  return { place, simulator, incidents, work, tell, end };
}

async function redisDown(lab, outage) {
  return storeDown(lab, outage, await lab.redis());
}

async function postgresDown(lab, outage) {
  const store = await lab.postgres();
  return store && storeDown(lab, outage, store);
}

/** Half of it is under way when the store dies, and senders go on trying with the rest. */
async function storeDown(lab, outage, store) {
  const { place, simulator, incidents, tell, end } = await open(lab, { latency: 200, store });
  const told = incidents.slice(0, INCIDENTS / 2).map(tell);
  await Promise.all(told);
  const again = await place.kill();
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
