/** What a service costs that has nothing to do: wakes and commands, CPU and memory over a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { usage } from '../lib/lab.mjs';
import { median, row } from '../lib/stats.mjs';

export async function run(lab) {
  const [settle, seconds] = lab.quick ? [4, 8] : [40, 60];
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
  // Redis tells which of them scripts ran.
  const monitor = await redis.client.monitor();
  const asked = { sent: 0, within: 0 };
  monitor.on('monitor', (_time, _args, source) => {
    asked[source === 'lua' ? 'within' : 'sent'] += 1;
  });
  const rows = await Promise.all(
    Object.entries(services).map(async ([place, { pid }]) => {
      const before = await usage(pid);
      const memory = [];
      for (let n = 0; n < seconds; n++) {
        await sleep(1_000);
        memory.push((await usage(pid)).memory);
      }
      const after = await usage(pid);
      const work = `\`start\` on ${place}, ${seconds} s`;
      const each = (name, unit, ours, more) =>
        row({ name: `idle: ${name}, ${place}`, work, unit, ours: [ours], ...more });
      return [
        each('wakes', 'a second', (after.sleeps - before.sleeps) / seconds, { under: 4 }),
        each('CPU', '% of a core', (100 * (after.cpu - before.cpu)) / seconds),
        each('memory', 'MB', median(memory), {
          under: place === 'Redis' ? 100 : 250,
          note: `at most ${Math.max(...memory).toFixed(0)} MB`,
        }),
      ];
    }),
  );
  monitor.disconnect();
  const sent = row({
    ...{ name: 'idle: commands, Redis', work: `\`start\` on Redis, ${seconds} s`, unit: 'a second' },
    ...{ ours: [asked.sent / seconds], under: 2 },
    note: `and ${(asked.within / seconds).toFixed(1)} a second that scripts run`,
  });
  await Promise.all(Object.values(services).map((service) => service.end()));
  await redis.close();
  return [...rows.flat(), sent];
}
