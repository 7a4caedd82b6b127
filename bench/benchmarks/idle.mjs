/** What a service costs that has nothing to do: CPU and memory over a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../lib/lab.mjs';
import { median, row } from '../lib/stats.mjs';

export async function run(lab) {
  const [settle, seconds] = lab.quick ? [4, 8] : [15, 60];
  const redis = await lab.redis();
  const simulator = await lab.simulator();
  await simulator.call('seed', { incidents: 50, each: 4 });
  const env = {
    INCIDENT_IO_API_URL: simulator.url,
    INCIDENT_IO_API_KEY: simulator.token,
    SWEEP_EVERY: '10m',
  };
  const services = {
    Redis: await lab.service('start', { ...env, QUEUE_URL: redis.url }),
    embedded: await lab.service('start', { ...env, QUEUE_URL: lab.freshFolder() }),
  };
  await sleep(settle * 1_000);
  const rows = await Promise.all(
    Object.entries(services).map(async ([place, { pid }]) => {
      const before = await usage(pid);
      const memory = [];
      for (let n = 0; n < seconds; n++) {
        await sleep(1_000);
        memory.push((await usage(pid)).memory);
      }
      const share = (100 * ((await usage(pid)).cpu - before.cpu)) / seconds;
      const work = `\`start\` on ${place}, ${seconds} s`;
      const onRedis = place === 'Redis';
      return [
        row({ name: `idle: CPU, ${place}`, work, unit: '% of a core', ours: [share], under: 1 }),
        row({
          name: `idle: memory, ${place}`,
          ...{ work, unit: 'MB', ours: [median(memory)] },
          ...(onRedis && { under: 120 }),
          note: `at most ${Math.max(...memory).toFixed(0)} MB`,
        }),
      ];
    }),
  );
  await Promise.all(Object.values(services).map((service) => service.end()));
  await redis.close();
  return rows.flat();
}
