/**
 * `npm run bench:peers [-- --quick]`: the receiver beside what else people would take, in turns: Probot and the official
 * middleware of `@octokit/webhooks`, each with one `queue.add` of BullMQ a delivery, and Node-RED with a flow that queues
 * nothing. Each is installed into a folder of its own in `bench/.peers`, from the registry.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openLab, usage } from './lib/lab.mjs';
import { load } from './lib/load.mjs';
import { machine } from './lib/machine.mjs';
import { closedIssue, signed } from './lib/payload.mjs';
import { inTurns, median } from './lib/stats.mjs';
import { figure } from './lib/table.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PLACES = join(HERE, '.peers');

/** With the packages that each needs, and the status of an answer that is right. */
const PEERS = {
  probot: { packages: ['probot@14.3.2', 'bullmq@6.7.0', 'ioredis@5.11.1'], expect: 200 },
  octokit: { packages: ['@octokit/webhooks@14.2.0', 'bullmq@6.7.0', 'ioredis@5.11.1'], expect: 200 },
  'node-red': { packages: ['node-red@4.1.15', 'express@4.22.2'], expect: 202 },
};

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const [rounds, seconds] = values.quick ? [2, 2] : [7, 4];
const lab = await openLab({ quick: values.quick });
try {
  const redis = await lab.redis();
  const service = await lab.service('receive', { QUEUE_URL: redis.url });
  const subjects = {
    'incident-closer': { url: `${service.url}/webhooks/github`, pid: service.pid, expect: 202 },
  };
  for (const [name, { packages, expect }] of Object.entries(PEERS)) {
    const place = await installed(name, packages);
    const peer = await lab.program(pathToFileURL(join(place, `${name}.mjs`)), { queueUrl: redis.url });
    subjects[name] = { url: peer.url, pid: peer.pid, expect };
  }
  const delivery = signed(closedIssue(12));
  const turns = Object.fromEntries(
    Object.entries(subjects).map(([name, { url, pid, expect }]) => [
      name,
      async () => {
        await redis.empty();
        const before = await usage(pid);
        const found = await load(url, delivery, { seconds, expect });
        await sleep(200);
        return { ...found, cpu: ((await usage(pid)).cpu - before.cpu) / found.count };
      },
    ]),
  );
  // Once unmeasured, so that all are compiled.
  await inTurns(1, turns);
  const found = await inTurns(rounds, turns);
  const of = (name, what) => median(found[name].map((one) => one[what]));
  const ours = of('incident-closer', 'rate');
  console.log('| | deliveries/s | here / it | p99 | CPU a delivery |\n|---|---:|---:|---:|---:|');
  for (const name of Object.keys(subjects))
    console.log(
      `| ${name} ${versionsOf(name)} | ${figure(of(name, 'rate'))} | ${(ours / of(name, 'rate')).toFixed(2)} | ${figure(of(name, 'p99'))} ms | ${figure(of(name, 'cpu') * 1e6)} µs |`,
    );
  const { cpu, cores, system } = machine().machine;
  console.log(
    `\n${cpu}, ${cores} cores, ${system}, Node.js ${process.version}, ${rounds} rounds of ${seconds} s.`,
  );
} finally {
  await lab.close();
}

function versionsOf(name) {
  return (PEERS[name]?.packages ?? []).filter((one) => !one.startsWith('ioredis')).join(', ');
}

/** A folder with these packages and the peer's program. */
async function installed(name, packages) {
  const place = join(PLACES, name);
  await mkdir(place, { recursive: true });
  const wanted = JSON.stringify(packages);
  const done = join(place, 'installed');
  if (!existsSync(done) || (await readFile(done, 'utf8')) !== wanted) {
    console.error(`${name}: npm install ${packages.join(' ')}`);
    await writeFile(join(place, 'package.json'), '{"private":true,"type":"module"}\n');
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '-E', ...packages], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await writeFile(done, wanted);
  }
  for (const file of await readdir(join(HERE, 'peers')))
    await cp(join(HERE, 'peers', file), join(place, file));
  for (const file of ['offer.mjs', 'payload.mjs']) await cp(join(HERE, 'lib', file), join(place, file));
  return place;
}
