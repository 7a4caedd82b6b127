/** From the start of the process until it is ready, against a Node that does nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { inTurns, median, row } from '../lib/stats.mjs';

export async function run(lab) {
  const rounds = lab.quick ? 2 : 7;
  const redis = await lab.redis();
  const simulator = await lab.simulator();
  const env = { INCIDENT_IO_API_URL: simulator.url, INCIDENT_IO_API_KEY: simulator.token };
  const start = async (queueUrl) => {
    const service = await lab.service('start', { ...env, QUEUE_URL: queueUrl });
    await service.end();
    return service.startedIn / 1000;
  };
  const known = lab.freshFolder();
  await start(known);
  const found = await inTurns(rounds, {
    first: () => start(lab.freshFolder()),
    async second() {
      const copy = lab.freshFolder();
      await cp(known, copy, { recursive: true });
      return start(copy);
    },
    redis: () => start(redis.url),
    nothing,
  });
  await simulator.end();
  await redis.close();
  const against = (name, work, more) =>
    row({
      ...{
        name,
        work,
        unit: 's',
        against: '`node -e 0`',
        ours: found[name.split(': ')[1]],
        baseline: found.nothing,
      },
      target: `under ${more} s more`,
      met: median(found[name.split(': ')[1]]) - median(found.nothing) < more,
    });
  return [
    against('start: first', 'embedded, with its database to set up', 3),
    against('start: second', 'embedded, set up before', 1),
    against('start: redis', 'on Redis', 1),
  ];
}

async function nothing() {
  const from = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return (performance.now() - from) / 1000;
}
