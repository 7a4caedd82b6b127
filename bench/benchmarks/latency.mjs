/** One webhook on an idle service, against the sum of its parts: two hops through a queue, and the calls. */
import { openLatency } from '../lib/latency.mjs';
import { inTurns, median, quantile, row } from '../lib/stats.mjs';

const LATENCY = 20;

export async function run(lab) {
  const [rounds, samples] = lab.quick ? [3, 3] : [7, 8];
  const redis = await lab.redis();
  const service = await openLatency(lab, redis.url, { latency: LATENCY, count: rounds * samples + 2 });
  const hop = await lab.program('bare-hop', { queueUrl: redis.url });
  const { url, token } = service.simulator;
  const bare = await lab.program('bare-calls', { url, token, concurrency: 1 });
  for (let n = 0; n < 2; n++) {
    await service.one();
    await hop.call('hop');
    await bare.call('oneCall');
  }
  const before = await service.simulator.call('calls');
  await service.one();
  const after = await service.simulator.call('calls', before.all);
  // The edit itself counts until it arrives, and the look after it not at all.
  const calls = after.all - before.all - 2;

  const times = { service: [], parts: [] };
  await inTurns(rounds, {
    async service() {
      for (let n = 0; n < samples && times.service.length < rounds * samples - 1; n++)
        times.service.push(await service.one());
    },
    async parts() {
      for (let n = 0; n < samples; n++) {
        let sum = (await hop.call('hop')) + (await hop.call('hop'));
        for (let i = 0; i < calls; i++) sum += await bare.call('oneCall');
        times.parts.push(sum);
      }
    },
  });
  await service.end();
  await redis.close();
  return [
    row({
      name: 'latency',
      work: `last webhook to the closing request, ${LATENCY} ms a call, settle time 0`,
      unit: 'ms',
      against: `2 queue hops and ${calls} calls`,
      ours: times.service,
      baseline: times.parts,
      p99: { ours: [quantile(times.service, 0.99)], baseline: [quantile(times.parts, 0.99)] },
      atMost: 1.05,
      note: `without the calls: ${(median(times.service) - calls * LATENCY).toFixed(1)} ms`,
    }),
  ];
}
