import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Backtest, backtest, type Policies, SHARE } from '../../backtest/backtest.ts';
import { backtestInWords } from '../../backtest/in-words.ts';
import { DOUBTS } from '../../backtest/past.ts';
import { NoProgressFileError } from '../../backtest/progress-file.ts';
import { type Context, createContext, createStoreContext } from '../../context/context.ts';
import { IncidentIoError } from '../../incident-io/errors.ts';
import { createLogger } from '../../log.ts';
import { OperationError } from '../../operations/operation.ts';
import { readPolicy, STANDARD_FILE } from '../../policy/read-policy.ts';
import { noStore, withoutStore } from '../../queue/no-store.ts';
import { duration, NotAllowed } from '../../settings/kinds.ts';
import { readSettings, type Settings } from '../../settings/settings.ts';
import { printJson, printLines } from '../../terminal.ts';
import { checkOrganisation } from '../../worker/key-watch.ts';
import { MisusedError } from '../misused-error.ts';
import { withPlace } from '../operate.ts';
import { progressBar } from '../progress-bar.ts';

export interface BacktestOptions {
  since: string;
  policy?: string | undefined;
  against?: string | undefined;
  progressFile?: string | undefined;
  json?: boolean | undefined;
}

const DAY = 86_400_000;
const FILE = 'incident-closer-backtest.jsonl';

/** `backtest [--since 90d] [--policy file] [--against file] [--progress-file file] [--json]` */
export async function backtestCommand(options: BacktestOptions): Promise<number> {
  const since = sinceOf(options.since);
  const settings = readSettings(process.env, ['apiKey']);
  const policies = policiesOf(settings, options);
  const progressFile = resolve(options.progressFile ?? defaultFile(settings));
  const bar = progressBar();
  const run = async (context: Context): Promise<Backtest> => {
    await checkOrganisation(await context.reader.identity(), context.store);
    return backtest({ since, progressFile, policies }, context, bar.tell);
  };
  const result = await withPlace(
    settings,
    (_, open) => run(open(settings.apiKey, { share: SHARE })),
    () => withoutPlace(settings, run),
    true,
  )
    .catch((error: unknown) => {
      throw forPeople(error, progressFile);
    })
    .finally(bar.end);
  if (options.json) printJson(asJson(result));
  else printLines(...backtestInWords(result));
  return 0;
}

/** A running service has the folder: its holds are not known here, and it keeps the other half of the rate limit. */
async function withoutPlace<T>(
  settings: Settings & { apiKey: string },
  run: (context: Context) => Promise<T>,
): Promise<T> {
  const backend = withoutStore(noStore('that no other process has open'));
  const log = createLogger('warn', { pretty: true, destination: process.stderr });
  const policy = readPolicy(settings);
  const base = await createStoreContext(settings, () => policy, backend, log);
  const context = createContext(base, settings.apiKey, { share: SHARE });
  try {
    return await run(context);
  } finally {
    await context.close();
  }
}

function sinceOf(text: string): number {
  try {
    return duration(DAY, 1_000 * DAY).parse(text);
  } catch (error) {
    if (error instanceof NotAllowed) throw new MisusedError(`--since is "${text}": give ${error.message}.`);
    throw error;
  }
}

/** The policy in force, or the one that is named, and the one that it is compared with. */
function policiesOf(settings: Settings, { policy, against }: BacktestOptions): Policies {
  const own = settings.policyFile ?? (existsSync(STANDARD_FILE) ? STANDARD_FILE : undefined);
  const named = (file: string) => ({ name: file, policy: readPolicy({ ...settings, policyFile: file }) });
  const first =
    policy === undefined ? { name: own ?? 'the settings', policy: readPolicy(settings) } : named(policy);
  return against === undefined ? [first] : [first, named(against)];
}

/** In the data folder where there is one, else in the working folder. */
function defaultFile({ queueUrl }: Settings): string {
  const isFolder =
    !/^[a-z-]+:\/\//i.test(queueUrl) && existsSync(queueUrl) && statSync(queueUrl).isDirectory();
  return isFolder ? join(queueUrl, FILE) : FILE;
}

function forPeople(error: unknown, file: string): unknown {
  if (error instanceof NoProgressFileError) return new OperationError(error.message);
  if (error instanceof IncidentIoError)
    return new OperationError(
      `${error.message} What was read until then is in ${file}: the same command goes on from there.`,
    );
  const isFile = error instanceof Error && 'syscall' in error && 'path' in error && 'code' in error;
  if (!isFile) return error;
  return new OperationError(
    `The progress cannot be kept in ${file} (${error.code}): name another file with --progress-file.`,
  );
}

/** For programs and for the board's page, which shows it: times as text, and what each doubt means. */
export function asJson({ from, to, notAsked, reports }: Backtest) {
  const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    ...{ from: time(from), to: time(to), notAsked, doubts: DOUBTS },
    policies: reports.map(({ rows, ...report }) => ({
      ...report,
      rows: rows.map(({ at, peopleAt, between, wentOn, ...row }) => ({
        ...row,
        ...{ at: time(at), peopleAt: time(peopleAt) },
        wentOn: wentOn?.map((one) => ({ ...one, at: time(one.at) })),
        between: between && { from: time(between.from), to: time(between.to) },
      })),
    })),
  };
}
