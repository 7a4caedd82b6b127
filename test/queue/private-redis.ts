import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { freePort } from '../support/free-port.ts';

/** A Redis server of one test, which it may kill and start again on the same port and data. */
export interface PrivateRedis {
  url: string;
  port: number;
  start(...extra: string[]): Promise<void>;
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
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
      const said: string[] = [];
      let ready = false;
      for await (const line of createInterface({ input: started.stdout })) {
        said.push(line);
        ready = /ready to accept connections/i.test(line);
        if (ready) break;
      }
      if (!ready) throw new Error(`Redis did not start:\n${said.join('\n')}`);
      // Unread, its output would fill up and stop it.
      started.stdout.resume();
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
    signal: (signal) => void child?.kill(signal),
  };
}
