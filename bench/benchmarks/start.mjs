/** From the start of the process until it is ready, against a Node that does nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inTurns, row } from '../lib/stats.mjs';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

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
    help: () => timed([PROGRAM, '--help']),
    nothing: () => timed(['-e', '0']),
  });
  await simulator.end();
  await redis.close();
  const against = (name, work, atMost) =>
    row({
      name: `start: ${name}`,
      ...{ work, unit: 's', against: '`node -e 0`', ours: found[name], baseline: found.nothing, atMost },
    });
  return [
    against('first', 'embedded, with its database to set up', 25),
    against('second', 'embedded, set up before', 20),
    against('redis', 'on Redis', 9),
    against('help', '`incident-closer --help`', 3),
  ];
}

/** How long Node takes with these arguments, s. */
async function timed(args) {
  const from = performance.now();
  await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
  return (performance.now() - from) / 1000;
}
