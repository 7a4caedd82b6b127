/** How fast one worker process closes incidents, against the same calls by bare undici with the same concurrency. */
import { EACH, LATENCY, openClosing } from '../lib/closing.mjs';
import { inTurns, row } from '../lib/stats.mjs';

const CONCURRENCY = 20;

export async function run(lab) {
  const [rounds, count] = lab.quick ? [2, 100] : [5, 1_000];
  const warmUp = lab.quick ? 40 : 200;
  const closing = await openClosing(lab, { concurrency: CONCURRENCY, incidents: rounds * count + warmUp });
  const twin = await lab.simulator({ latency: LATENCY });
  const incidents = await twin.call('seed', { incidents: rounds * count + warmUp, each: EACH });
  const statusId = await twin.call('statusId', 'closed');
  const bare = await lab.program('bare-calls', {
    ...{ url: twin.url, token: twin.token },
    ...{ concurrency: CONCURRENCY, statusId },
  });
  await closing.close(warmUp);
  await bare.call('closeAll', incidents.splice(0, warmUp));
  const before = await closing.simulator.call('calls');
  const found = await inTurns(rounds, {
    service: async () => count / (await closing.close(count)),
    bare: async () => count / (await bare.call('closeAll', incidents.splice(0, count))),
  });
  const { all } = await closing.simulator.call('calls');
  const each = ((all - before.all) / (rounds * count)).toFixed(1);
  await closing.end();
  return [
    row({
      name: 'review throughput',
      work: `${rounds * count} incidents, ${EACH} follow-ups each, ${LATENCY} ms a call, ${CONCURRENCY} at once`,
      unit: 'closings/s',
      against: 'the same calls by bare undici',
      ours: found.service,
      baseline: found.bare,
      atLeast: 0.95,
      note: `${each} calls for each closing here, 10 by bare undici`,
    }),
  ];
}
