import { z } from 'zod';
import { examine } from '../doctor/examine.ts';
import { finding } from '../doctor/finding.ts';
import { check, checkResult } from '../operations/check.ts';
import { checkAll, checkAllResult } from '../operations/check-all.ts';
import { failed, failedResult, retryFailed, retryResult } from '../operations/failed.ts';
import { history, historyResult } from '../operations/history.ts';
import { hold, holdResult } from '../operations/hold.ts';
import { findIncident } from '../operations/operation.ts';
import type { Progress } from '../operations/progress.ts';
import { release, releaseResult } from '../operations/release.ts';
import { offeredSecrets, secretsAsks, secretsResult } from '../operations/secrets.ts';
import { sweepNow, sweepResult } from '../operations/sweep.ts';
import type { Context, StoreContext } from '../service/context.ts';

/** What an operation may work with: the store at once, incident.io once it is asked for. */
export interface Opened {
  base: StoreContext;
  full(): Promise<Context>;
  /** Absent where nobody watches. */
  progress?: Progress;
}

/** One thing that commands ask for. Both sides are schemas, since it may be asked of another process. */
export interface Operation<A, R> {
  name: string;
  needsKey: boolean;
  asks: z.ZodType<A>;
  answers: z.ZodType<R>;
  run(asks: A, opened: Opened): Promise<R>;
  /** For another process, whose words are checked first. */
  runFor(asks: unknown, opened: Opened): Promise<unknown>;
}

type Parts<A, R> = Pick<Operation<A, R>, 'asks' | 'answers'>;

/** Asks incident.io, so the key has to be good. */
function asking<A, R>(
  name: string,
  { asks, answers }: Parts<A, R>,
  run: (asks: A, context: Context, progress: Progress) => Promise<R>,
): Operation<A, R> {
  const withKey = async (asked: A, { full, progress = () => {} }: Opened) =>
    run(asked, await full(), progress);
  const runFor = (asked: unknown, opened: Opened) => withKey(asks.parse(asked), opened);
  return { name, needsKey: true, asks, answers, run: withKey, runFor };
}

/** Asks the store alone, and so works also while the key does not. */
function remembering<A, R>(
  name: string,
  { asks, answers }: Parts<A, R>,
  run: (asks: A, context: StoreContext, progress: Progress) => Promise<R>,
): Operation<A, R> {
  const withStore = (asked: A, { base, progress = () => {} }: Opened) => run(asked, base, progress);
  const runFor = (asked: unknown, opened: Opened) => withStore(asks.parse(asked), opened);
  return { name, needsKey: false, asks, answers, run: withStore, runFor };
}

const named = z.object({ incident: z.string().min(1) });
const nothing = z.object({});

export const operations = {
  doctor: asking(
    'doctor',
    { asks: z.object({ service: z.string().optional() }), answers: z.array(finding) },
    ({ service }, context) => examine(context, service),
  ),
  check: asking('check', { asks: named, answers: checkResult }, ({ incident }, context) =>
    check(incident, context),
  ),
  checkAll: asking('check-all', { asks: nothing, answers: checkAllResult }, (_, context, progress) =>
    checkAll(context, progress),
  ),
  sweep: asking('sweep', { asks: z.object({ backlog: z.boolean() }), answers: sweepResult }, sweepNow),
  release: asking('release', { asks: named, answers: releaseResult }, ({ incident }, context) =>
    release(incident, context),
  ),
  hold: asking(
    'hold',
    { asks: named.extend({ why: z.string() }), answers: holdResult },
    async ({ incident, why }, context) => hold(await findIncident(incident, context), why, context),
  ),
  secrets: remembering('secrets', { asks: secretsAsks, answers: secretsResult }, offeredSecrets),
  history: remembering(
    'history',
    { asks: z.object({ limit: z.number().int().positive() }), answers: historyResult },
    history,
  ),
  failed: remembering('failed', { asks: nothing, answers: failedResult }, (_, context) => failed(context)),
  retry: remembering(
    'retry',
    { asks: z.object({ id: z.string().optional() }), answers: retryResult },
    ({ id }, context, progress) => retryFailed(id === undefined ? 'all' : { id }, context, progress),
  ),
};

/** Runs an operation for another process, which asked over loopback. `undefined`: there is none of that name. */
export async function operateFor(name: string, asks: unknown, context: Context): Promise<unknown> {
  const found = Object.values(operations).find((operation) => operation.name === name);
  return found?.runFor(asks, { base: context, full: async () => context });
}
