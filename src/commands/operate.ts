import type { Readable } from 'node:stream';
import { request } from 'undici';
import { z } from 'zod';
import {
  type Context,
  type ContextOptions,
  createContext,
  createStoreContext,
  type StoreContext,
} from '../context/context.ts';
import { otherPolicyInWords } from '../doctor/policy.ts';
import { createLogger } from '../log.ts';
import { OperationError } from '../operations/operation.ts';
import { NOBODY_WATCHES, type Watch } from '../operations/progress.ts';
import type { Policy } from '../policy/policy.ts';
import { PolicyError, readPolicy } from '../policy/read-policy.ts';
import type { Backend } from '../queue/backend.ts';
import { NoStoreError, noStore, withoutStore } from '../queue/no-store.ts';
import { openBackend } from '../queue/open-backend.ts';
import {
  type CommandEndpoint,
  FolderLockedError,
  readEndpoint,
  readFolderLock,
} from '../queue/sql/folder-lock.ts';
import { AS_LINES, operationLine } from '../service/operation-lines.ts';
import { ASKED_BY, askedBy } from '../service/operation-routes.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
import { isDryRun } from '../store/in-force.ts';
import { policiesOf, runningWorkers } from '../store/process-notes.ts';
import { warnLines } from '../terminal.ts';
import { checkOrganisation } from '../worker/key-watch.ts';
import { commandLineUser } from './command-line-user.ts';
import type { Operation } from './operations.ts';
import { progressBar } from './progress-bar.ts';

/**
 * Runs an operation: in this process, or through the one that has the embedded folder open. `quiet`: the caller tells what
 * is wrong with queue and store, and nothing is logged. `found` is called with each incident while others are looked at.
 */
export async function operate<A, R>(
  operation: Operation<A, R>,
  asks: A,
  { quiet = false, found }: { quiet?: boolean; found?: Watch['found'] } = {},
): Promise<R> {
  const read = readSettings(process.env, operation.needsKey ? ['apiKey'] : []);
  const settings: Settings = quiet ? { ...read, logLevel: 'silent' } : read;
  const bar = progressBar();
  const watch: Watch = {
    progress: bar.tell,
    ...(found && { found: (incident) => bar.above(() => found(incident)) }),
  };
  return withPlace(
    settings,
    async (base, open) => {
      if (operation.needsKey && !quiet) await warnOfOtherPolicy(base);
      const full = async () => {
        const context = open(readSettings(process.env, ['apiKey']).apiKey);
        await checkOrganisation(await context.reader.identity(), context.store);
        return context;
      };
      return operation.run(asks, { base, full, by: commandLineUser(), watch });
    },
    (running) => askRunning(running, operation, asks, watch),
    operation.worksWithoutStore,
  ).finally(bar.end);
}

/** What it would answer by another policy than the workers' is not what they do. */
async function warnOfOtherPolicy(base: StoreContext): Promise<void> {
  const { store, clock } = base;
  try {
    const workers = await runningWorkers(store, clock.now());
    const words = otherPolicyInWords(base.policy, policiesOf(workers));
    if (words !== undefined) warnLines(`warning: ${words}.`);
  } catch (error) {
    // What needs the policy fails by itself.
    if (!(error instanceof PolicyError)) throw error;
    warnLines(...`warning: ${error.message}`.split('\n'));
  }
}

/**
 * Works with what `QUEUE_URL` names: directly, or through the process that has the embedded folder open. `open` returns
 * a client of incident.io, which is closed at the end. Creates no store: if there is none, `mayLack` continues with an
 * empty one whose backend says that it is missing; otherwise a `NoStoreError` is thrown.
 */
export async function withPlace<T>(
  settings: Settings,
  byItself: (base: StoreContext, open: (apiKey: string, options?: ContextOptions) => Context) => Promise<T>,
  through: (running: CommandEndpoint) => Promise<T>,
  mayLack = false,
): Promise<T> {
  // Piped output contains only what was requested.
  const log = createLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, {
    pretty: true,
    destination: process.stderr,
  });
  // Once, and only where it matters: a file with a mistake keeps nobody from holding an incident.
  let read: Policy | undefined;
  const policy = () => {
    read ??= readPolicy(settings);
    return read;
  };
  if (!settings.queueUrl.includes('://')) {
    // Without loading what would only find the folder in use.
    const endpoint = await readEndpoint(settings.queueUrl);
    if (endpoint !== undefined) return through(endpoint);
  }
  let backend: Backend;
  try {
    backend = await openBackend(settings.queueUrl, { prefix: settings.queuePrefix, log, existing: true });
  } catch (error) {
    const running = error instanceof FolderLockedError && (await readFolderLock(settings.queueUrl));
    if (running && running.announcement !== undefined) return through(running.announcement);
    if (!(error instanceof NoStoreError && mayLack)) throw error;
    backend = withoutStore(error);
  }
  const opened: Context[] = [];
  try {
    let base = await openContext(settings, policy, backend, log);
    if (backend.missing === undefined && !(await base.store.isUsed())) {
      const missing = noStore(
        `that a service has used (${await backend.describe()}, QUEUE_PREFIX ${settings.queuePrefix})`,
      );
      if (!mayLack) throw missing;
      base = await openContext(settings, policy, withoutStore(missing, backend), log);
    }
    // Nothing is stored for which a first sync would have to come before.
    if (base.backend.missing !== undefined)
      await base.store.meta.put('first-sync-finished', base.clock.now());
    const ofService = await asService(base);
    return await byItself(ofService, (apiKey, options) => {
      const context = createContext(ofService, apiKey, options);
      opened.push(context);
      return context;
    });
  } finally {
    for (const context of opened) await context.close();
    await backend.close();
  }
}

/** In the mode of the service that has the store, whatever this shell's `DRY_RUN` is. */
async function asService(base: StoreContext): Promise<StoreContext> {
  const { backend, store, clock, log } = base;
  const dryRun = await isDryRun(store, base.settings.dryRun);
  return {
    ...{ backend, store, clock, log, settings: { ...base.settings, dryRun } },
    get policy() {
      return base.policy;
    },
  };
}

/** Unlike the service, a command does not wait for a store that is down. */
async function openContext(...args: Parameters<typeof createStoreContext>): Promise<StoreContext> {
  const [, , backend] = args;
  try {
    if (backend.missing === undefined) await backend.ping();
    return await createStoreContext(...args);
  } catch (error) {
    throw new OperationError(error instanceof Error ? error.message : String(error));
  }
}

/** Over loopback, with the token that only the folder's owner can read. */
export async function askRunning<A, R>(
  { address, token }: CommandEndpoint,
  { name, answers }: Operation<A, R>,
  asks: A,
  watch: Watch = NOBODY_WATCHES,
): Promise<R> {
  const answer = await request(`${address}/operations/${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: AS_LINES,
      [ASKED_BY]: askedBy(commandLineUser()),
    },
    body: JSON.stringify(asks),
  });
  // A release before this one tells no more than the answer.
  if (answer.headers['content-type'] === AS_LINES) return answers.parse(await inLines(answer.body, watch));
  const body = await answer.body.json();
  if (answer.statusCode === 200) return answers.parse(body);
  throw new OperationError(
    failure.safeParse(body).data?.error ?? `The running incident-closer answered ${answer.statusCode}.`,
  );
}

/** Tells what comes while the command is at work. Returns the answer, the last line. */
async function inLines(body: Readable, { progress, found }: Watch): Promise<unknown> {
  for await (const text of linesOf(body)) {
    const line = operationLine.parse(JSON.parse(text));
    switch (line.kind) {
      case 'progress':
        progress(line.what, line.done, line.of);
        break;
      case 'found':
        found?.(line.incident);
        break;
      case 'error':
        throw new OperationError(line.error);
      case 'answer':
        return line.answer;
    }
  }
  throw new OperationError(ENDED);
}

const ENDED =
  'The running incident-closer ended before it had answered: see whether it runs again, and ask once more.';

/** `readline` would not tell that a connection was cut: https://nodejs.org/api/readline.html#rlsymbolasynciterator */
async function* linesOf(body: Readable): AsyncGenerator<string> {
  const chunks = body.setEncoding('utf8')[Symbol.asyncIterator]();
  let rest = '';
  for (;;) {
    const { value, done } = await chunks.next().catch((cause: unknown) => {
      throw new OperationError(ENDED, { cause });
    });
    if (done) return;
    const lines = `${rest}${value}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

const failure = z.object({ error: z.string() });
