import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { freePort } from './free-port.ts';
import { PATIENCE } from './patience.ts';
import { clusterOptions, formCluster } from './redis-cluster.ts';

/**
 * Starts the servers that the tests run on, in a temporary folder and on free ports of this machine, and says
 * which backends are covered. `TEST_REDIS_URL` and `TEST_POSTGRES_URL` name servers that run already;
 * `TEST_BACKENDS=embedded,redis` runs the tests on these only.
 */
declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the tests run on the embedded backend. */
    embedded: boolean;
    /** Empty where the tests do not run on Redis. */
    redisUrl: string;
    /** Three masters of Redis; empty where the tests do not run on a cluster. */
    clusterUrl: string;
    /** Empty where the tests do not run on PostgreSQL. */
    postgresUrl: string;
    /** A folder for whatever the tests write; removed after the run. */
    scratch: string;
  }
}

const BACKENDS = ['embedded', 'redis', 'cluster', 'postgres'] as const;
type BackendName = (typeof BACKENDS)[number];

const LABEL: Record<BackendName, string> = {
  embedded: 'embedded',
  redis: 'Redis',
  cluster: 'Redis Cluster',
  postgres: 'PostgreSQL',
};
const URL_VARIABLE = {
  redis: 'TEST_REDIS_URL',
  cluster: 'TEST_CLUSTER_URL',
  postgres: 'TEST_POSTGRES_URL',
} as const;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const wanted = wantedBackends();
  const folder = mkdtempSync(join(tmpdir(), 'incident-closer-test-'));
  chmodSync(folder, 0o711);
  const keeper = startKeeper(folder);
  const running: Server[] = [];
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    keeper.dismiss();
  };
  try {
    const place = async (name: keyof typeof URL_VARIABLE, start: Starter): Promise<Place> => {
      if (!wanted.names.has(name)) return { leftOut: 'not in TEST_BACKENDS' };
      const url = process.env[URL_VARIABLE[name]];
      if (url) return { url, origin: URL_VARIABLE[name] };
      const server = await start(join(folder, name), keeper);
      if (!server) return { leftOut: 'not found' };
      running.push(server);
      return { url: server.url, origin: server.version };
    };
    // All starts are over before a failure is acted on, so that none is left running.
    const starts = await Promise.allSettled([
      place('redis', startRedis),
      place('cluster', startCluster),
      place('postgres', startPostgres),
    ]);
    const [redis, cluster, postgres] = starts.map((start) => {
      if (start.status === 'rejected') throw start.reason;
      return start.value;
    }) as [Place, Place, Place];
    const embedded: Place = wanted.names.has('embedded')
      ? { url: 'embedded', origin: 'in a temporary folder' }
      : { leftOut: 'not in TEST_BACKENDS' };

    console.log(report({ embedded, redis, cluster, postgres }));
    for (const [name, found] of [
      ['redis', redis] as const,
      ['cluster', cluster] as const,
      ['postgres', postgres] as const,
    ]) {
      if (found.leftOut === 'not found' && (wanted.strict || process.env.CI === 'true')) {
        throw new Error(
          `${LABEL[name]} was not found. Install it, set ${URL_VARIABLE[name]}, or leave it out with TEST_BACKENDS.`,
        );
      }
    }

    const scratch = join(folder, 'scratch');
    mkdirSync(scratch);
    project.provide('embedded', !embedded.leftOut);
    project.provide('redisUrl', redis.url ?? '');
    project.provide('clusterUrl', cluster.url ?? '');
    project.provide('postgresUrl', postgres.url ?? '');
    project.provide('scratch', scratch);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function wantedBackends(): { names: Set<BackendName>; strict: boolean } {
  const listed = (process.env.TEST_BACKENDS ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (listed.length === 0) return { names: new Set(BACKENDS), strict: false };
  for (const name of listed) {
    if (!(BACKENDS as readonly string[]).includes(name)) {
      throw new Error(`TEST_BACKENDS: ${JSON.stringify(name)} is none of ${BACKENDS.join(', ')}.`);
    }
  }
  return { names: new Set(listed as BackendName[]), strict: true };
}

interface Place {
  url?: string;
  origin?: string;
  leftOut?: 'not found' | 'not in TEST_BACKENDS';
}

/** `Backends under test: embedded (in a temporary folder), Redis (7.0.15). PostgreSQL not found: its tests are left out.` */
function report(places: Record<BackendName, Place>): string {
  const covered = BACKENDS.filter((name) => !places[name].leftOut).map(
    (name) => `${LABEL[name]} (${places[name].origin})`,
  );
  const missing = BACKENDS.filter((name) => places[name].leftOut).map(
    (name) => ` ${LABEL[name]} ${places[name].leftOut}: its tests are left out.`,
  );
  return `Backends under test: ${covered.join(', ') || 'none'}.${missing.join('')}`;
}

interface Server {
  url: string;
  version: string;
  stop(): Promise<void>;
}

type Starter = (folder: string, keeper: Keeper) => Promise<Server | undefined>;

async function startRedis(folder: string, keeper: Keeper): Promise<Server | undefined> {
  const binary = findBinary(['redis-server', 'valkey-server'], searchPath());
  if (!binary) return undefined;
  const version = /v=(\S+)/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  const { child, port } = await startRedisServer(binary, folder, keeper);
  return { url: `redis://127.0.0.1:${port}`, version, stop: () => end(child, 'SIGTERM') };
}

async function startCluster(folder: string, keeper: Keeper): Promise<Server | undefined> {
  const binary = findBinary(['redis-server', 'valkey-server'], searchPath());
  if (!binary) return undefined;
  mkdirSync(folder);
  const starts = await Promise.allSettled(
    ['a', 'b', 'c'].map(async (name) =>
      startRedisServer(binary, join(folder, name), keeper, await clusterOptions()),
    ),
  );
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const stop = async () => void (await Promise.all(nodes.map(({ child }) => end(child, 'SIGTERM'))));
  try {
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
    return { url: await formCluster(nodes.map(({ port }) => port)), version: 'three masters', stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startRedisServer(binary: string, folder: string, keeper: Keeper, more: string[] = []) {
  mkdirSync(folder);
  return startOnFreePort('Redis', folder, keeper, (port) =>
    spawnServer(binary, folder, {}, [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', '--daemonize', 'no', ...more],
    ]),
  );
}

async function startPostgres(folder: string, keeper: Keeper): Promise<Server | undefined> {
  const postgres = postgresProgram('postgres');
  const initdb = postgresProgram('initdb');
  if (!postgres || !initdb) return undefined;
  mkdirSync(folder);
  const owner = serverOwner();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const version =
    /(\d+(\.\d+)*)/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
  execFileSync(
    initdb,
    ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } },
  );
  const { child, port } = await startOnFreePort('PostgreSQL', folder, keeper, (port) =>
    spawnServer(postgres, folder, owner, [
      ...[
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
      ],
      ...['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
      ...['-c', 'max_connections=500', '-c', 'lc_messages=C'],
    ]),
  );
  // SIGQUIT is PostgreSQL's immediate shutdown: nothing of the data is needed any more.
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    version,
    stop: () => end(child, 'SIGQUIT'),
  };
}

/** A program of PostgreSQL's server, wherever it is installed. */
export function postgresProgram(name: string): string | undefined {
  return findBinary([name], [...searchPath(), ...debianFolders()]);
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
export function serverOwner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(user[2] ?? 65534), gid: Number(user[3] ?? 65534) };
}

function searchPath(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** Where Debian keeps the server programs, outside PATH; the newest version first. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

function findBinary(names: string[], folders: string[]): string | undefined {
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Its own session, so that Ctrl-C ends the tests first and the server after them. */
function spawnServer(
  binary: string,
  folder: string,
  owner: { uid?: number; gid?: number },
  args: string[],
): ChildProcess {
  const log = openSync(join(folder, 'server.log'), 'w');
  const child = spawn(binary, args, {
    ...owner,
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child;
}

const PORT_TRIES = 3;

/** Another process may take the port between the look and the start: then it is tried with another one. */
async function startOnFreePort(
  name: string,
  folder: string,
  keeper: Keeper,
  start: (port: number) => ChildProcess,
): Promise<{ child: ChildProcess; port: number }> {
  const log = () => readFileSync(join(folder, 'server.log'), 'utf8');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = start(port);
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    if (child.pid !== undefined) keeper.watch(child.pid);
    const deadline = Date.now() + PATIENCE;
    while (!failure && child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      // Both servers say this once they serve.
      if (/ready to accept connections/i.test(log())) return { child, port };
      await sleep(20);
    }
    await end(child, 'SIGKILL');
    if (attempt === PORT_TRIES) {
      throw new Error(
        `${name} did not start: ${failure?.message ?? log().trim().split('\n').slice(-5).join('\n')}`,
      );
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (!ended()) child.kill(signal);
  for (let waited = 0; !ended() && waited < 5000; waited += 20) await sleep(20);
  if (!ended()) child.kill('SIGKILL');
}

interface Keeper {
  watch(pid: number): void;
  dismiss(): void;
}

/**
 * A shell that waits for its standard input to end, which it does however the tests end (also by SIGKILL), and
 * then ends the servers and removes the folder. An orderly end dismisses it before.
 */
function startKeeper(folder: string): Keeper {
  if (process.platform === 'win32') return { watch() {}, dismiss() {} };
  const script = [
    'trap "" INT TERM HUP',
    'pids=',
    'while read -r pid; do pids="$pids $pid"; done',
    'if [ -n "$pids" ]; then kill -QUIT $pids; sleep 1; kill -KILL $pids; fi 2>/dev/null',
    'rm -rf "$1"',
  ].join('\n');
  const child = spawn('sh', ['-c', script, 'keeper', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    watch: (pid) => {
      child.stdin.write(`${pid}\n`);
    },
    dismiss: () => {
      child.kill('SIGKILL');
    },
  };
}
