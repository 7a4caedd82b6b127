import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that runs a script of `fixtures/` on the compiled modules in `build/`, and what it has said so far. */
export interface Child {
  process: ChildProcess;
  lines: string[];
  ended: Promise<void>;
  kill(): Promise<void>;
}

export function runFixture(script: string, ...args: string[]): Child {
  if (!existsSync(new URL('../../build/queue/open-backend.js', import.meta.url))) {
    throw new Error('This test runs what is built. Run `npm run build` first.');
  }
  const file = fileURLToPath(new URL(`./fixtures/${script}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    process: child,
    lines,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
