// `npm run dev`: compiles on every change and restarts the service, until Ctrl-C. Arguments go to the service,
// in place of `start`: `npm run dev -- work`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const node = process.execPath;
const tsc = [node, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
const args = process.argv.length > 2 ? process.argv.slice(2) : ['start'];

// Type errors do not keep the service from starting: the watching compiler shows them.
spawnSync(tsc[0], tsc.slice(1), { stdio: 'ignore' });
if (!existsSync('dist/main.js')) {
  spawnSync(tsc[0], tsc.slice(1), { stdio: 'inherit' });
  process.exit(1);
}

const environment = existsSync('.env') ? ['--env-file=.env'] : [];
const children = [
  spawn(tsc[0], [...tsc.slice(1), '--watch', '--preserveWatchOutput'], { stdio: 'inherit' }),
  spawn(node, ['--watch', '--watch-preserve-output', ...environment, 'dist/main.js', ...args], {
    stdio: 'inherit',
  }),
];

let stopping = false;
function stop(signal) {
  if (stopping) return;
  stopping = true;
  // A terminal sends Ctrl-C to the children as well, and a second signal could cut the service's clean end short.
  if (signal === 'SIGINT' && process.stdin.isTTY) return;
  for (const child of children) child.kill(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

let running = children.length;
for (const child of children) {
  child.on('exit', () => {
    running -= 1;
    if (running === 0) process.exit(stopping ? 0 : 1);
    if (!stopping) stop('SIGTERM');
  });
}
