import { request } from 'undici';
import { z } from 'zod';
import { examine } from '../doctor/examine.ts';
import { type Finding, finding } from '../doctor/finding.ts';
import { createLogger } from '../log.ts';
import { readPolicy } from '../policy/read-policy.ts';
import type { Backend } from '../queue/backend.ts';
import { type Announcement, FolderLockedError, readFolderLock } from '../queue/folder-lock.ts';
import { openBackend } from '../queue/open-backend.ts';
import { type Context, createContext } from '../service/context.ts';
import { readSettings, type Settings } from '../settings.ts';
import { claimStore } from '../worker/key-watch.ts';
import {
  type CheckResult,
  check,
  checkResult,
  OperationError,
  offeredSecrets,
  type ReleaseResult,
  release,
  releaseResult,
  type SecretsAsks,
  type SecretsResult,
  type SweepResult,
  secretsAsks,
  secretsResult,
  sweepNow,
  sweepResult,
} from './operations.ts';

/** What each operation takes and answers. */
export interface Operations {
  doctor: { asks: { service?: string }; answers: Finding[] };
  check: { asks: { incident: string }; answers: CheckResult };
  sweep: { asks: { backlog: boolean }; answers: SweepResult };
  release: { asks: { incident: string }; answers: ReleaseResult };
  secrets: { asks: SecretsAsks; answers: SecretsResult };
}

type Run = {
  [K in keyof Operations]: (
    asks: Operations[K]['asks'],
    context: Context,
  ) => Promise<Operations[K]['answers']>;
};

const operations: Run = {
  doctor: ({ service }, context) => examine(context, service),
  check: ({ incident }, context) => check(incident, context),
  sweep: (asks, context) => sweepNow(asks, context),
  release: ({ incident }, context) => release(incident, context),
  secrets: (asks, context) => offeredSecrets(asks, context),
};

const examined = z.object({ service: z.string().optional() });
const named = z.object({ incident: z.string().min(1) });
const swept = z.object({ backlog: z.boolean() });

/** Runs an operation for another process, which asked over loopback. `undefined`: there is none of that name. */
export async function operateFor(name: string, asks: unknown, context: Context): Promise<unknown> {
  switch (name) {
    case 'doctor':
      return operations.doctor(examined.parse(asks), context);
    case 'check':
      return operations.check(named.parse(asks), context);
    case 'sweep':
      return operations.sweep(swept.parse(asks), context);
    case 'release':
      return operations.release(named.parse(asks), context);
    case 'secrets':
      return operations.secrets(secretsAsks.parse(asks), context);
    default:
      return undefined;
  }
}

/** What each answers, for the process that asks over loopback. */
const answers: { [K in keyof Operations]: z.ZodType<Operations[K]['answers']> } = {
  doctor: z.array(finding),
  check: checkResult,
  sweep: sweepResult,
  release: releaseResult,
  secrets: secretsResult,
};

/** Runs an operation: by ourselves, or through the process that has the embedded folder open. */
export async function operate<K extends keyof Operations>(
  name: K,
  asks: Operations[K]['asks'],
): Promise<Operations[K]['answers']> {
  const settings = readSettings(process.env, ['apiKey']);
  return withPlace(
    settings,
    async (context) => {
      await claimStore(await context.reader.identity(), context.store);
      return operations[name](asks, context);
    },
    (running) => askRunning(running, name, asks),
  );
}

/** Works with what `QUEUE_URL` names: itself, or through the process that has the embedded folder open. */
export async function withPlace<T>(
  settings: Settings & { apiKey: string },
  byItself: (context: Context) => Promise<T>,
  through: (running: Announcement) => Promise<T>,
): Promise<T> {
  // What is piped holds what was asked for alone.
  const log = createLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, {
    pretty: true,
    destination: process.stderr,
  });
  const policy = readPolicy(settings);
  let backend: Backend;
  try {
    backend = await openBackend(settings.queueUrl, { prefix: settings.queuePrefix, log });
  } catch (error) {
    const running = error instanceof FolderLockedError && (await readFolderLock(settings.queueUrl));
    if (!running || running.announcement === undefined) throw error;
    return through(running.announcement);
  }
  try {
    const context = await reach(settings, policy, backend, log);
    try {
      return await byItself(context);
    } finally {
      await context.close();
    }
  } finally {
    await backend.close();
  }
}

/** A command does not wait for a store that is down, as the service does. */
async function reach(...args: Parameters<typeof createContext>): Promise<Context> {
  const [, , backend] = args;
  try {
    await backend.ping();
    return await createContext(...args);
  } catch (error) {
    throw new OperationError(error instanceof Error ? error.message : String(error));
  }
}

/** Over loopback, with the token that only the folder's owner can read. */
export async function askRunning<K extends keyof Operations>(
  { address, token }: Announcement,
  name: K,
  asks: Operations[K]['asks'],
): Promise<Operations[K]['answers']> {
  const answer = await request(`${address}/operations/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(asks),
  });
  const body = await answer.body.json();
  if (answer.statusCode === 200) return answers[name].parse(body);
  throw new OperationError(
    failed.safeParse(body).data?.error ?? `The running incident-closer answered ${answer.statusCode}.`,
  );
}

const failed = z.object({ error: z.string() });
