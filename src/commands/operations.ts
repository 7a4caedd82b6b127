import { z } from 'zod';
import type { Context, StoreContext } from '../context/context.ts';
import { finding } from '../doctor/finding.ts';
import { arrivals, arrivalsAsks, arrivalsResult } from '../operations/arrivals.ts';
import { check, checkResult } from '../operations/check.ts';
import { checkAll, checkAllResult } from '../operations/check-all.ts';
import { deliveries, deliveriesAsks, deliveriesResult } from '../operations/deliveries.ts';
import { erasePerson, eraseResult } from '../operations/erase.ts';
import { failed, failedResult, retryFailed, retryResult } from '../operations/failed.ts';
import { auditRecord, auditResult } from '../operations/history.ts';
import { holdIncident, holdResult } from '../operations/hold.ts';
import { linked, linkedAsks, linkedResult } from '../operations/linked.ts';
import { findIncident } from '../operations/operation.ts';
import { explainPolicy, explainResult } from '../operations/policy/explain.ts';
import { NOBODY_WATCHES, type Watch } from '../operations/progress.ts';
import { release, releaseResult } from '../operations/release.ts';
import { offeredSecrets, secretsAsks, secretsResult } from '../operations/secrets.ts';
import { readStory, storyResult } from '../operations/story.ts';
import { sweepNow, sweepResult } from '../operations/sweep.ts';
import type { Operator } from '../store/history/operator.ts';

/** What an operation may use: the store at once, incident.io once it is needed. */
export interface Opened {
  base: StoreContext;
  full(): Promise<Context>;
  /** Who asks for it. */
  by: Operator;
  /** Absent if nobody watches. */
  watch?: Watch;
}

/** One operation that commands call. Both sides are schemas, since it may be called in another process. */
export interface Operation<A, R> {
  name: string;
  needsKey: boolean;
  /** It can be answered before any service has run. */
  worksWithoutStore: boolean;
  asks: z.ZodType<A>;
  answers: z.ZodType<R>;
  run(asks: A, opened: Opened): Promise<R>;
  /** For another process, whose input is validated first. */
  runFor(asks: unknown, opened: Opened): Promise<unknown>;
}

type Parts<A, R> = Pick<Operation<A, R>, 'asks' | 'answers'> &
  Partial<Pick<Operation<A, R>, 'worksWithoutStore'>>;

/** Calls incident.io, so the key has to work. */
function asking<A, R>(
  name: string,
  { asks, answers, worksWithoutStore = false }: Parts<A, R>,
  run: (asks: A, context: Context, by: Operator, watch: Watch) => Promise<R>,
): Operation<A, R> {
  const withKey = async (asked: A, { full, by, watch = NOBODY_WATCHES }: Opened) =>
    run(asked, await full(), by, watch);
  const runFor = (asked: unknown, opened: Opened) => withKey(asks.parse(asked), opened);
  return { name, needsKey: true, worksWithoutStore, asks, answers, run: withKey, runFor };
}

/** Uses only the store, and so works even while the key does not. */
function remembering<A, R>(
  name: string,
  { asks, answers, worksWithoutStore = false }: Parts<A, R>,
  run: (asks: A, context: StoreContext, by: Operator, watch: Watch) => Promise<R>,
): Operation<A, R> {
  const withStore = (asked: A, { base, by, watch = NOBODY_WATCHES }: Opened) => run(asked, base, by, watch);
  const runFor = (asked: unknown, opened: Opened) => withStore(asks.parse(asked), opened);
  return { name, needsKey: false, worksWithoutStore, asks, answers, run: withStore, runFor };
}

/** What every answer begins with if the service of the store is a dry run. */
export const DRY_RUN = 'This is a dry run: nothing is written to incident.io.';

const named = z.object({ incident: z.string().min(1) });
const nothing = z.object({});

export const operations = {
  doctor: asking(
    'doctor',
    {
      asks: z.object({ service: z.string().optional() }),
      answers: z.array(finding),
      worksWithoutStore: true,
    },
    // All that it examines is loaded for no other command.
    async ({ service }, context) => (await import('../doctor/examine.ts')).examine(context, service),
  ),
  check: asking(
    'check',
    { asks: named, answers: checkResult, worksWithoutStore: true },
    ({ incident }, context) => check(incident, context),
  ),
  explainPolicy: asking(
    'policy-explain',
    { asks: named, answers: explainResult, worksWithoutStore: true },
    ({ incident }, context) => explainPolicy(incident, context),
  ),
  checkAll: asking(
    'check-all',
    { asks: nothing, answers: checkAllResult, worksWithoutStore: true },
    (_, context, _by, watch) => checkAll(context, watch),
  ),
  sweep: asking(
    'sweep',
    { asks: z.object({ backlog: z.boolean() }), answers: sweepResult },
    (asks, context, by, { progress }) => sweepNow(asks, context, progress, by),
  ),
  release: asking('release', { asks: named, answers: releaseResult }, ({ incident }, context, by) =>
    release(incident, context, by),
  ),
  hold: asking(
    'hold',
    { asks: named.extend({ why: z.string() }), answers: holdResult },
    async ({ incident, why }, context, by) =>
      holdIncident(await findIncident(incident, context), why, context, by),
  ),
  secrets: remembering('secrets', { asks: secretsAsks, answers: secretsResult }, offeredSecrets),
  history: remembering(
    'history',
    { asks: z.object({ limit: z.number().int().positive() }), answers: auditResult },
    auditRecord,
  ),
  story: remembering('story', { asks: named, answers: storyResult }, ({ incident }, context) =>
    readStory(incident, context),
  ),
  erase: remembering(
    'erase',
    { asks: z.object({ person: z.string() }), answers: eraseResult },
    ({ person }, context, by) => erasePerson(person, context, by),
  ),
  deliveries: remembering('deliveries', { asks: deliveriesAsks, answers: deliveriesResult }, deliveries),
  arrivals: remembering('arrivals', { asks: arrivalsAsks, answers: arrivalsResult }, arrivals),
  linked: remembering('linked', { asks: linkedAsks, answers: linkedResult, worksWithoutStore: true }, linked),
  failed: remembering('failed', { asks: nothing, answers: failedResult }, (_, context) => failed(context)),
  retry: remembering(
    'retry',
    { asks: z.object({ id: z.string().optional() }), answers: retryResult },
    ({ id }, context, by, { progress }) =>
      retryFailed(id === undefined ? 'all' : { id }, context, by, progress),
  ),
};

/** Runs an operation for another process, which called over loopback. `undefined`: there is none with that name. */
export async function operateFor(
  name: string,
  asks: unknown,
  context: Context,
  by: Operator,
  watch: Watch,
): Promise<unknown> {
  const found = Object.values(operations).find((operation) => operation.name === name);
  return found?.runFor(asks, { base: context, full: async () => context, by, watch });
}
