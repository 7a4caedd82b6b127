// `npm run dev`: compiles on every change and restarts the service, until Ctrl-C. Arguments go to the service,
// in place of `start`: `npm run dev -- work`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const node = process.execPath;
const tsc = [node, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
const args = process.argv.length > 2 ? process.argv.slice(2) : ['start'];

// Type errors do not keep the service from starting: the watching compiler shows them.
spawnSync(tsc[0], tsc.slice(1), { stdio: 'ignore' });
if (!existsSync('build/main.js')) {
  spawnSync(tsc[0], tsc.slice(1), { stdio: 'inherit' });
  process.exit(1);
}

// A process group of its own: the compiler is a program started by a script, and a signal would reach only that.
const compiler = spawn(tsc[0], [...tsc.slice(1), '--watch', '--preserveWatchOutput'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  detached: true,
});
const service = spawn(node, ['--watch', '--watch-preserve-output', 'build/main.js', ...args], {
  stdio: 'inherit',
});

let stopping = false;
let code = 0;
function stop(signal) {
  if (stopping) return;
  stopping = true;
  if (compiler.exitCode === null && compiler.signalCode === null) process.kill(-compiler.pid, 'SIGTERM');
  // A terminal sends Ctrl-C to the service as well, and a second signal could cut its clean end short.
  if (signal !== 'SIGINT' || !process.stdin.isTTY) service.kill('SIGTERM');
}
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);

let running = 2;
for (const child of [compiler, service]) {
  child.on('exit', () => {
    running -= 1;
    if (!stopping) code = 1;
    if (running === 0) process.exit(code);
    stop('SIGTERM');
  });
}
