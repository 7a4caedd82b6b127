import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { sleep } from '../../src/sleep.ts';
import { PATIENCE } from './patience.ts';

/** Runs the program that was built, as its users do: another process, its own environment, signals. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/main.js');
/** Whatever `.env` a developer has. */
const NO_FILE = '--no-env-file';
/** Of V8, for what the tests start. */
const FLAGS = (process.env.TEST_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

export interface Ended {
  /** Absent where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Result extends Ended {
  stdout: string;
  stderr: string;
}

export interface TestProcess {
  readonly pid: number;
  /** Whole lines so far. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Where it serves HTTP, once it says so. */
  url(): Promise<string>;
  /** Waits for a line of the log whose message fits; answers the message. */
  logged(message: RegExp | string): Promise<string>;
  /** The messages of the log so far. */
  messages(): string[];
  signal(signal: NodeJS.Signals): void;
  /** Waits until it has ended by itself; throws where it has not within `ms`. */
  ended(ms?: number): Promise<Ended>;
  /** Ends it with SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const line = z.object({ msg: z.string() });
const children = new Set<ChildProcess>();
// Whatever a test forgot ends with the tests.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts `incident-closer …` with these variables and none that the tests run with. */
export function startProcess(args: readonly string[], env: Record<string, string>): TestProcess {
  if (!existsSync(PROGRAM))
    throw new Error('This test runs the program that is built. Run `npm run build` first, or `npm test`.');
  return launch(process.execPath, [...FLAGS, PROGRAM, NO_FILE, ...args], env);
}

/** Starts a script of package.json, without what npm runs before it. */
export function startScript(name: string, env: Record<string, string>): TestProcess {
  return launch('npm', ['run', '--ignore-scripts', '--silent', name], env);
}

/** Runs a command on a terminal, as a person does, whose lines hold all that it draws. */
export async function runOnTerminal(args: readonly string[], env: Record<string, string>): Promise<string> {
  const command = [process.execPath, PROGRAM, NO_FILE, ...args].map((part) => `'${part}'`).join(' ');
  const child = launch('script', ['--quiet', '--return', '--command', command, '/dev/null'], env);
  try {
    await child.ended();
    return child.stdout.join('\n');
  } finally {
    await child.kill();
  }
}

function launch(file: string, args: readonly string[], env: Record<string, string>): TestProcess {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
  });
  children.add(child);
  let over = false;
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => stdout.push(text));
  createInterface({ input: child.stderr }).on('line', (text) => stderr.push(text));
  // 'close' comes after all that it wrote was read.
  const end = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => {
      children.delete(child);
      over = true;
      resolve({ code, signal });
    }),
  );
  const messages = () => stdout.flatMap((text) => messageOf(text) ?? []);
  const told = () => [...stdout, ...stderr].slice(-30).join('\n');

  const started: TestProcess = {
    pid: child.pid ?? 0,
    stdout,
    stderr,
    messages,
    async logged(message) {
      const fits = (text: string) =>
        typeof message === 'string' ? text.includes(message) : message.test(text);
      const deadline = Date.now() + PATIENCE;
      for (;;) {
        // Asked before it is looked, so that nothing said last is missed.
        const last = over;
        const found = messages().find(fits);
        if (found !== undefined) return found;
        if (last || Date.now() > deadline)
          throw new Error(
            `It ${last ? 'ended without saying' : `did not say within ${PATIENCE} ms`} ${message}:\n${told()}`,
          );
        await sleep(20);
      }
    },
    async url() {
      const message = await started.logged(/^incident-closer listens on http/);
      return message.slice(message.indexOf('http'));
    },
    signal: (signal) => void child.kill(signal),
    async ended(ms = PATIENCE) {
      const timer = new AbortController();
      const late = sleep(ms, timer.signal).then(() => undefined);
      const ended = await Promise.race([end, late]);
      timer.abort();
      if (ended === undefined) throw new Error(`It had not ended after ${ms} ms:\n${told()}`);
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await end;
    },
  };
  return started;
}

/** Runs a command to its end. */
export async function runProcess(args: readonly string[], env: Record<string, string>): Promise<Result> {
  const child = startProcess(args, env);
  try {
    const ended = await child.ended();
    return { ...ended, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
  } finally {
    await child.kill();
  }
}

function messageOf(text: string): string | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data?.msg;
  } catch {
    return undefined;
  }
}
