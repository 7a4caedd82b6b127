/** How long commands take against a running service, from the command until its answer, against a Node that does nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inTurns, row } from '../lib/stats.mjs';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const INCIDENTS = 300;
const COMMANDS = [
  ['check', 'INC-1'],
  ['check', '--all'],
  ['history'],
  ['deliveries'],
  ['failed'],
  ['hold', 'INC-1', '--why', 'measured'],
];

export async function run(lab) {
  const rounds = lab.quick ? 2 : 7;
  const rows = [];
  for (const [place, store] of [
    ['Redis', await lab.redis()],
    ['embedded', { url: lab.freshFolder(), close: async () => {} }],
  ]) {
    const simulator = await lab.simulator();
    await simulator.call('seed', { incidents: INCIDENTS, each: 3 });
    const env = {
      QUEUE_URL: store.url,
      INCIDENT_IO_API_URL: simulator.url,
      INCIDENT_IO_API_KEY: simulator.token,
    };
    const service = await lab.service('start', env);
    // It has read all of them once the command can tell of one.
    while ((await ask(['check', 'INC-1'], env)).code !== 0);
    const turns = Object.fromEntries(
      COMMANDS.map((args) => [args.slice(0, 2).join(' '), async () => (await ask(args, env)).took]),
    );
    const found = await inTurns(rounds, {
      ...turns,
      first: async () => (await ask(['check', '--all'], env)).first,
      nothing: async () => (await timed(['-e', '0'])).took,
    });
    const target = { under: 0.5 };
    const of = (name, work, ours, more) =>
      row({
        ...{ name: `command: ${name}, ${place}`, work, unit: 's', against: '`node -e 0`' },
        ...{ ours, baseline: found.nothing, ...more },
      });
    for (const args of COMMANDS) {
      const name = args.slice(0, 2).join(' ');
      const work =
        name === 'check --all'
          ? `all of ${INCIDENTS} incidents`
          : `a running \`start\`, ${INCIDENTS} incidents`;
      rows.push(of(name, work, found[name], name === 'check --all' ? {} : target));
    }
    rows.push(of('first line of check --all', `of ${INCIDENTS} incidents`, found.first, target));
    await service.end();
    await simulator.end();
    await store.close();
  }
  return rows;

  function ask(args, env) {
    return timed([PROGRAM, ...args], { ...env, HOME: lab.folder }, lab.folder);
  }
}

/** Runs Node with these arguments. How long it took until its end, and until the first that it printed, s. */
async function timed(args, env, cwd) {
  const from = performance.now();
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, ...env },
  });
  const since = () => (performance.now() - from) / 1000;
  let first;
  child.stdout.on('data', () => {
    first ??= since();
  });
  const [code] = await once(child, 'close');
  return { code, took: since(), first };
}
