import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** A Redis server of one test, which it may kill and start again on the same port and data. */
export interface PrivateRedis {
  url: string;
  port: number;
  start(...extra: string[]): Promise<void>;
  kill(): Promise<void>;
}

/** The program that serves Redis here; undefined where there is none. */
export function redisProgram(): string | undefined {
  return ['redis-server', 'valkey-server'].find((program) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Not started yet. */
export async function privateRedis(program: string, folder: string): Promise<PrivateRedis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start(...extra) {
      const started = spawn(
        program,
        [
          ...['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', ''],
          ...['--appendonly', 'yes', ...extra],
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      child = started;
      for await (const line of createInterface({ input: started.stdout })) {
        if (/ready to accept connections/i.test(line)) break;
      }
      // Unread, its output would fill up and stop it.
      started.stdout.resume();
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
