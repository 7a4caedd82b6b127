/** Receiving and latency on the embedded store, against the same on Redis. */
import { openLatency } from '../lib/latency.mjs';
import { load } from '../lib/load.mjs';
import { closedIssue, signed } from '../lib/payload.mjs';
import { inTurns, row } from '../lib/stats.mjs';

const LATENCY = 20;

export async function run(lab) {
  const redis = await lab.redis();
  return [await receive(lab, redis), await latency(lab, redis)];
}

async function receive(lab, redis) {
  const [rounds, seconds] = lab.quick ? [2, 2] : [5, 4];
  const simulator = await lab.simulator();
  const env = { INCIDENT_IO_API_URL: simulator.url, INCIDENT_IO_API_KEY: simulator.token };
  const embedded = await lab.service('start', { ...env, QUEUE_URL: lab.freshFolder() });
  const onRedis = await lab.service('start', { ...env, QUEUE_URL: redis.url });
  const closed = signed(closedIssue(12));
  const measure = (service) => () => load(`${service.url}/webhooks/github`, closed, { seconds, expect: 202 });
  const turns = { embedded: measure(embedded), redis: measure(onRedis) };
  await inTurns(1, turns);
  const found = await inTurns(rounds, turns);
  await Promise.all([embedded.end(), onRedis.end(), simulator.end()]);
  await redis.empty();
  return row({
    name: 'embedded: receive',
    work: '12 kB, signed, queued and worked on by one `start`',
    unit: 'deliveries/s',
    against: 'the same on Redis',
    ours: found.embedded.map(({ rate }) => rate),
    baseline: found.redis.map(({ rate }) => rate),
    p99: {
      ours: found.embedded.map(({ p99 }) => p99),
      baseline: found.redis.map(({ p99 }) => p99),
    },
    atLeast: 0.3,
  });
}

async function latency(lab, redis) {
  const [rounds, samples] = lab.quick ? [2, 3] : [4, 6];
  const options = { latency: LATENCY, count: rounds * samples + 2 };
  const embedded = await openLatency(lab, lab.freshFolder(), options);
  const onRedis = await openLatency(lab, redis.url, options);
  const times = { embedded: [], redis: [] };
  const measure = (place, into) => async () => {
    for (let n = 0; n < samples; n++) into.push(await place.one());
  };
  for (const place of [embedded, onRedis]) for (let n = 0; n < 2; n++) await place.one();
  await inTurns(rounds, {
    embedded: measure(embedded, times.embedded),
    redis: measure(onRedis, times.redis),
  });
  await Promise.all([embedded.end(), onRedis.end()]);
  return row({
    name: 'embedded: latency',
    work: `last webhook to the closing request, ${LATENCY} ms a call`,
    unit: 'ms',
    against: 'the same on Redis',
    ours: times.embedded,
    baseline: times.redis,
  });
}
