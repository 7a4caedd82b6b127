import { request } from 'undici';
import { z } from 'zod';
import { createLogger } from '../log.ts';
import { OperationError } from '../operations/operation.ts';
import { readPolicy } from '../policy/read-policy.ts';
import type { Backend } from '../queue/backend.ts';
import { type Announcement, FolderLockedError, readFolderLock } from '../queue/folder-lock.ts';
import { openBackend } from '../queue/open-backend.ts';
import { type Context, createContext, createStoreContext, type StoreContext } from '../service/context.ts';
import { readSettings, type Settings } from '../settings.ts';
import { claimStore } from '../worker/key-watch.ts';
import type { Operation } from './operations.ts';
import { progressBar } from './progress-bar.ts';

/** Runs an operation: by ourselves, or through the process that has the embedded folder open. */
export async function operate<A, R>(operation: Operation<A, R>, asks: A): Promise<R> {
  const settings = readSettings(process.env, operation.needsKey ? ['apiKey'] : []);
  const bar = progressBar();
  return withPlace(
    settings,
    (base, open) => {
      const full = async () => {
        const context = open(readSettings(process.env, ['apiKey']).apiKey);
        await claimStore(await context.reader.identity(), context.store);
        return context;
      };
      return operation.run(asks, { base, full, progress: bar.tell });
    },
    (running) => askRunning(running, operation, asks),
  ).finally(bar.end);
}

/**
 * Works with what `QUEUE_URL` names: itself, or through the process that has the embedded folder open. `open` gives
 * a client of incident.io, which is closed in the end.
 */
export async function withPlace<T>(
  settings: Settings,
  byItself: (base: StoreContext, open: (apiKey: string) => Context) => Promise<T>,
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
  const opened: Context[] = [];
  try {
    const base = await reach(settings, policy, backend, log);
    return await byItself(base, (apiKey) => {
      const context = createContext(base, apiKey);
      opened.push(context);
      return context;
    });
  } finally {
    for (const context of opened) await context.close();
    await backend.close();
  }
}

/** A command does not wait for a store that is down, as the service does. */
async function reach(...args: Parameters<typeof createStoreContext>): Promise<StoreContext> {
  const [, , backend] = args;
  try {
    await backend.ping();
    return await createStoreContext(...args);
  } catch (error) {
    throw new OperationError(error instanceof Error ? error.message : String(error));
  }
}

/** Over loopback, with the token that only the folder's owner can read. */
export async function askRunning<A, R>(
  { address, token }: Announcement,
  { name, answers }: Operation<A, R>,
  asks: A,
): Promise<R> {
  const answer = await request(`${address}/operations/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(asks),
  });
  const body = await answer.body.json();
  if (answer.statusCode === 200) return answers.parse(body);
  throw new OperationError(
    failure.safeParse(body).data?.error ?? `The running incident-closer answered ${answer.statusCode}.`,
  );
}

const failure = z.object({ error: z.string() });
