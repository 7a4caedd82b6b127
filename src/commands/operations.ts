import { z } from 'zod';
import { NotFoundError } from '../incident-io/errors.ts';
import { rememberIncidents } from '../review/gather.ts';
import { inspect } from '../review/review.ts';
import type { Context } from '../service/context.ts';
import { reviewDeps, sweepDeps } from '../service/wiring.ts';
import { sleep } from '../sleep.ts';
import { blocker } from '../store/records.ts';
import { WebhookSecrets } from '../store/webhook-secrets.ts';
import { type Swept, sweep } from '../sync/sweep.ts';

/**
 * What the commands do, apart from how they are asked: on the command line by a process of their own, or over
 * loopback by the process that has the embedded folder open.
 */

/** Thrown where the person who asked has to ask for something else. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}

export const checkResult = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  status: z.string(),
  verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
  reason: z.string(),
  words: z.string(),
  /** The rule that decided. */
  rule: z.string().optional(),
  blockers: z.array(blocker),
  /** RFC 3339; when it is looked at again by itself. */
  until: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** What a review would decide of an incident now, and why. Changes nothing. */
export async function check(name: string, context: Context): Promise<CheckResult> {
  const incident = await find(name, context);
  const { facts, decision } = await inspect(
    incident.id,
    reviewDeps(context, await context.reader.identity()),
  );
  return {
    incident: incident.reference,
    id: incident.id,
    name: incident.name,
    status: incident.status.name,
    verdict: decision.verdict,
    reason: decision.reason,
    words: decision.words,
    ...(facts && { rule: facts.rule.name }),
    blockers: decision.verdict === 'wait' ? decision.blockers : [],
    ...(decision.verdict === 'wait' &&
      decision.until !== undefined && { until: new Date(decision.until).toISOString() }),
  };
}

export const sweepResult = z.object({
  incidents: z.number(),
  woken: z.number(),
  /** Incidents of the backlog that were set free, where that was asked for. */
  backlog: z.number(),
});
export type SweepResult = z.infer<typeof sweepResult>;

/** Looks at every incident that might be ready, now; with `backlog` also at those that were ready before we came. */
export async function sweepNow({ backlog }: { backlog: boolean }, context: Context): Promise<SweepResult> {
  const { store, backend } = context;
  let freed = 0;
  const swept = await sweepAfterOthers(context);
  if (backlog)
    for await (const page of store.backlog.all()) {
      const ids = page.map(({ id }) => id);
      // Without its last verdict no sweep thinks that it is to be left.
      await store.tables.put(
        ids.flatMap((id) => [store.backlog.change(id, undefined), store.outcomes.change(id, undefined)]),
      );
      await backend.waker.wake(ids, 'sweep --backlog');
      freed += ids.length;
    }
  return { incidents: swept.incidents, woken: swept.woken.length + freed, backlog: freed };
}

/** How long a sweep that is under way elsewhere is waited for, and how often it is looked whether it has ended, ms. */
const OTHERS_SWEEP = 60_000;
const LOOK_EVERY = 250;

async function sweepAfterOthers(context: Context): Promise<Swept> {
  for (let waited = 0; ; waited += LOOK_EVERY) {
    const swept = await sweep(sweepDeps(context, { notAgainWithin: 0 }), 0);
    if (swept !== undefined) return swept;
    if (waited >= OTHERS_SWEEP)
      throw new OperationError(
        'Another process has been sweeping for a minute. Try again when it has ended.',
      );
    await sleep(LOOK_EVERY);
  }
}

export const releaseResult = z.object({ incident: z.string(), id: z.string() });
export type ReleaseResult = z.infer<typeof releaseResult>;

/** Lifts whatever holds an incident now (held, moved back, backlog, closed by automation, not confirmed, refused), and has it reviewed. */
export async function release(name: string, context: Context): Promise<ReleaseResult> {
  const { store, backend, clock } = context;
  const { id, reference } = await find(name, context);
  await store.released.put(id, clock.now());
  await store.tables.put([
    store.holds.change(id, undefined),
    store.backlog.change(id, undefined),
    store.movedBack.change(id, undefined),
    store.refusals.change(id, undefined),
  ]);
  await backend.waker.wake([id], 'released by hand');
  return { incident: reference, id };
}

export const secretsResult = z.object({
  /** The secrets that are kept now. */
  secrets: z.array(z.string()),
  /** One more is taken until then, RFC 3339. */
  openUntil: z.string().optional(),
  /** How many were forgotten. */
  forgotten: z.number().optional(),
});
export type SecretsResult = z.infer<typeof secretsResult>;
export const secretsAsks = z.object({ source: z.string(), act: z.enum(['show', 'another', 'forget']) });
export type SecretsAsks = z.infer<typeof secretsAsks>;

/** Shows, or makes room among, the secrets that a source offered in handshakes. */
export async function offeredSecrets(
  { source, act }: SecretsAsks,
  { backend }: Context,
): Promise<SecretsResult> {
  const kept = new WebhookSecrets(backend.tables);
  switch (act) {
    case 'show':
      return { secrets: [...(await kept.of(source))] };
    case 'another':
      return { openUntil: new Date(await kept.openDoor(source)).toISOString(), secrets: [] };
    case 'forget':
      return { forgotten: await kept.forget(source), secrets: [] };
  }
}

async function find(name: string, { reader, store }: Context) {
  try {
    const incident = await reader.incident(name);
    await rememberIncidents([incident], store);
    return incident;
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new OperationError(`There is no incident ${name} in incident.io, or the API key may not see it.`);
    throw error;
  }
}
