import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { describe, expect, it, type TestContext } from 'vitest';
import { openProcessWorld, post, readyz } from '../processes/world.ts';
import { freshFolder, onePlace } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { deliverGithub } from '../support/github.ts';
import { PATIENCE } from '../support/patience.ts';
import { bears, closesOne, isMissing } from './support.ts';

const ISSUE = 'environments/log#1';
const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** `start` with its log on `stdout`, and what it says on stderr in a file. */
async function startWith(
  test: Pick<TestContext, 'onTestFinished'>,
  env: Record<string, string>,
  stdout: number | 'pipe',
) {
  const port = await freePort();
  const errors = join(freshFolder('log-'), 'stderr');
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: { PATH: process.env.PATH ?? '', ...env, PORT: String(port), LOG_LEVEL: 'trace' },
    stdio: ['ignore', stdout, openSync(errors, 'w')],
  });
  test.onTestFinished(() => void child.kill('SIGKILL'));
  const at = `http://127.0.0.1:${port}`;
  const service = {
    pid: child.pid ?? 0,
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    ended: (ms = PATIENCE) => endOf(child, ms),
  };
  return { at, child, service, stderr: () => readFileSync(errors, 'utf8') };
}

async function endOf(
  child: ChildProcess,
  ms: number,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve, reject) => {
      child.once('exit', resolve);
      setTimeout(() => reject(new Error(`it had not ended after ${ms} ms`)), ms).unref();
    });
  return { code: child.exitCode, signal: child.signalCode };
}

async function droppedAt(at: string): Promise<number> {
  const text = await (await request(`${at}/metrics`)).body.text();
  return Number(/^incident_closer_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
}

const linux = process.platform === 'linux';
describe.skipIf(isMissing('/dev/full (Linux)', linux)).each(onePlace('redis'))(
  'a log that cannot be written, on $name',
  (place) => {
    it('a disk that is full: it works, counts what it drops, says so once, and stops in time', async (test) => {
      const world = await openProcessWorld(place, {}, {}, test);
      const incident = world.incident([ISSUE]);
      const { at, service, stderr } = await startWith(test, world.env, openSync('/dev/full', 'w'));
      await expect
        .poll(() =>
          readyz(at, { status: 200, body: { problems: [] } }).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      await closesOne(world, incident, (webhook) => deliverGithub(at, webhook), ISSUE);
      expect(await droppedAt(at)).toBeGreaterThan(3);
      expect(stderr().match(/the log cannot be written \(ENOSPC\)/g)).toHaveLength(1);
      await bears(service, at);
    });

    it.for(['that takes nothing', 'that is gone'] as const)(
      'a reader %s: it works, counts what it drops, says so once, and stops in time',
      async (reader, test) => {
        const world = await openProcessWorld(place, {}, {}, test);
        const incident = world.incident([ISSUE]);
        const { at, child, service, stderr } = await startWith(test, world.env, 'pipe');
        if (reader === 'that is gone') child.stdout?.destroy();
        await expect
          .poll(() =>
            readyz(at, { status: 200, body: { problems: [] } }).then(
              () => true,
              () => false,
            ),
          )
          .toBe(true);
        // More than a pipe holds and is kept besides; whoever takes a delivery says so in a line or more.
        for (let n = 0; (await droppedAt(at)) === 0 && n < 200; n++)
          await Promise.all(Array.from({ length: 50 }, () => post(at)));
        await closesOne(world, incident, (webhook) => deliverGithub(at, webhook), ISSUE);
        expect(await droppedAt(at)).toBeGreaterThan(0);
        expect(stderr().match(/the log cannot be written/g)).toHaveLength(1);
        await bears(service, at);
      },
    );
  },
);
