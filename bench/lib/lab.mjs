/** Starts what a benchmark needs: Redis, the service as it is shipped, the stand-in of incident.io, baselines; and ends it all. */
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { SECRET } from './payload.mjs';
import { startPostgres } from './postgres.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Ticks a second in /proc, on every Linux: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS = 100;

export async function openLab({ quick }) {
  const folder = await mkdtemp(join(tmpdir(), 'incident-closer-bench-'));
  // For PostgreSQL, which runs as another user where this is root.
  await chmod(folder, 0o711);
  const children = new Set();
  const clients = new Set();
  let folders = 0;
  const lab = { quick, folder, redis, postgres, service, program, simulator, end, close, freshFolder };
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', killAll);
  return lab;

  function freshFolder() {
    folders += 1;
    return join(folder, `place-${folders}`);
  }

  function keep(child) {
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  /** A Redis of its own, with its append-only file written every second. */
  async function redis(...more) {
    const [place, port] = [freshFolder(), await freePort()];
    await mkdir(place);
    const log = openSync(join(place, 'redis.log'), 'w');
    const start = () =>
      keep(
        spawn(
          'redis-server',
          [
            ...['--bind', '127.0.0.1', '--port', port, '--dir', place, '--save', ''],
            ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'],
            ...more,
          ].map(String),
          { stdio: ['ignore', log, log] },
        ),
      );
    let child = start();
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(`redis-server could not be started (${error.message}): install it`);
    });
    await Promise.race([failed, listening(port)]);
    failed.catch(() => {});
    const url = `redis://127.0.0.1:${port}`;
    const client = new Redis(url);
    // It may be killed.
    client.on('error', () => {});
    clients.add(client);
    return {
      url,
      client,
      pid: child.pid,
      empty: () => client.flushall(),
      /** Kills it, and answers what starts it again at its place. */
      async kill() {
        await end(child, 'SIGKILL');
        return async () => {
          child = start();
          await listening(port);
        };
      },
      async close() {
        client.disconnect();
        await end(child, 'SIGKILL');
      },
    };
  }

  /** A PostgreSQL of its own; undefined if none is installed. */
  async function postgres() {
    return startPostgres(freshFolder(), await freePort(), { keep, listening });
  }

  /** `start`, `receive` or `work` of what was built, once it is ready. Its log goes to a file, as it would in production. */
  async function service(command, env, { ready = true } = {}) {
    const port = await freePort();
    const log = openSync(`${freshFolder()}.log`, 'w');
    const started = performance.now();
    const child = keep(
      spawn(process.execPath, [...nodeOptions(), join(ROOT, 'dist/main.js'), command], {
        cwd: folder,
        stdio: ['ignore', log, log],
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          PORT: String(port),
          GITHUB_WEBHOOK_SECRET: SECRET,
          SETTLE_TIME: '0s',
          SWEEP_EVERY: '1h',
          MAX_CLOSES_PER_HOUR: '0',
          ...env,
        },
      }),
    );
    const url = `http://127.0.0.1:${port}`;
    if (ready) await isReady(url, child);
    const startedIn = performance.now() - started;
    return { url, pid: child.pid, startedIn, end: (signal = 'SIGTERM') => end(child, signal) };
  }

  /** A program of `bench/programs`, or at an address, which says by its first message what it offers; each method is a call of it. */
  async function program(name, options = {}) {
    const child = keep(
      fork(
        name instanceof URL ? name : join(ROOT, 'bench/programs', `${name}.mjs`),
        [JSON.stringify(options)],
        {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          execArgv: nodeOptions(),
        },
      ),
    );
    const [offers] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error(`the program ${name} ended at once`);
      }),
    ]);
    let calls = 0;
    const call = (method, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        const onMessage = (answer) => {
          if (answer.id !== id) return;
          child.off('message', onMessage);
          if (answer.error === undefined) resolve(answer.result);
          else reject(new Error(answer.error));
        };
        child.on('message', onMessage);
        child.send({ id, method, args });
      });
    return { ...offers, pid: child.pid, call, end: () => end(child, 'SIGKILL') };
  }

  /** The stand-in of incident.io, each of whose answers takes `latency` ms more, with a limit that nobody reaches. */
  function simulator({ latency = 0 } = {}) {
    return program('simulator', { latency });
  }

  async function end(child, signal = 'SIGTERM') {
    if (!children.has(child)) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async function close() {
    for (const client of clients) client.disconnect();
    await Promise.all([...children].map((child) => end(child, 'SIGKILL')));
    await rm(folder, { recursive: true, force: true });
    process.off('exit', killAll);
  }
}

/** `BENCH_PROFILE=/tmp/profiles` writes a CPU profile of every process that ends by itself. */
function nodeOptions() {
  const to = process.env.BENCH_PROFILE;
  return to ? ['--cpu-prof', `--cpu-prof-dir=${to}`] : [];
}

async function isReady(url, child) {
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`the service ended with ${child.exitCode} before it was ready`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await answer?.body?.cancel();
    await sleep(5);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port) {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const open = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
    ]);
    socket.destroy();
    if (open) return;
    await sleep(10);
  }
}

/** Seconds of CPU that a process has used, the MB that it holds, and how often its main thread has gone to sleep. */
export async function usage(pid) {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpu = (Number(fields[11]) + Number(fields[12])) / TICKS;
  const number = (pattern) => Number(pattern.exec(status)?.[1]);
  return {
    cpu,
    memory: number(/VmRSS:\s+(\d+)/) / 1024,
    sleeps: number(/^voluntary_ctxt_switches:\s+(\d+)/m),
  };
}

export function redisVersion() {
  try {
    return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}
