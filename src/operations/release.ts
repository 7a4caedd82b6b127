import { z } from 'zod';
import type { Context, StoreContext } from '../context/context.ts';
import { ruleFor } from '../policy/rule.ts';
import { isInBacklog } from '../review/backlog.ts';
import { countFollowUps, storedRule, UNKNOWN } from '../review/gather.ts';
import { isMovedBack, updateSections } from '../review/sections.ts';
import { followUpName, joinNames, operatorInWords } from '../review/sentences.ts';
import type { Operator } from '../store/history/operator.ts';
import { followUpsOf, indexedTaskKey } from '../sync/indexed-rows.ts';
import { recordAction } from './acted.ts';
import { asDryRun, findIncident } from './operation.ts';

export const releaseResult = z.object({
  incident: z.string(),
  id: z.string(),
  /** What held it, as far as is known here, each in words; empty: nothing did. */
  lifted: z.array(z.string()),
  /** What the last review said of it; absent: there was none. */
  words: z.string().optional(),
  /** The service is a dry run: nothing was lifted, `lifted` would be. */
  dryRun: z.boolean().optional(),
});
export type ReleaseResult = z.infer<typeof releaseResult>;

/**
 * Lifts whatever holds an incident now, and has it reviewed: held, moved back, backlog, refused, not confirmed, and what
 * is known about its follow-ups so far: set back, closed by automation, declined. Does nothing in a dry run, after which
 * it would count.
 */
export async function release(name: string, context: Context, by: Operator): Promise<ReleaseResult> {
  return lift(await findIncident(name, context), context, by);
}

/** Like `release`, for an incident that is known already: makes no call. */
export async function lift(
  { id, reference }: { id: string; reference: string },
  context: StoreContext,
  by: Operator,
): Promise<ReleaseResult> {
  const { store, backend, clock, log, settings } = context;
  const now = clock.now();
  const lifted = await whatIsLifted(id, now, context);
  const outcome = await store.outcomes.get(id);
  const dry = await asDryRun(store, settings);
  const result = { incident: reference, id, lifted, ...(outcome && { words: outcome.words }), ...dry };
  if (dry.dryRun) return result;
  // A command that ends in between has lifted it, and loses no wake.
  await store.addPendingWakes([id], now);
  await recordAction({ action: 'release', at: now, by, incident: id }, [id], context, [
    store.released.change(id, now),
    store.holds.change(id, undefined),
    store.backlog.change(id, undefined),
    store.refusals.change(id, undefined),
  ]);
  // This particular move back, whatever incident.io's clock says: a later one is a different one.
  await store.movedBack.update([id], (known) => known && { ...known, liftedAt: now });
  await backend.waker.wake([id], 'released by hand');
  await store.removePendingWakes([id]);
  await updateSections([id], store);
  log.info(
    { incident: id, reference, by },
    lifted.length === 0
      ? `${reference} was released by ${operatorInWords(by)}, and nothing is known to have held it`
      : `${reference} was released by ${operatorInWords(by)}`,
  );
  return result;
}

/** What a release at `now` (ms) lifts, by what store and index know. */
async function whatIsLifted(id: string, now: number, context: StoreContext): Promise<string[]> {
  const { store } = context;
  const [hold, backlog, movedBack, refusal, outcome, followUps] = await Promise.all([
    store.holds.get(id),
    store.backlog.get(id),
    store.movedBack.get(id),
    store.refusals.get(id),
    store.outcomes.get(id),
    liftedFollowUps(id, now, context),
  ]);
  const said = (reason: string) => outcome?.reason === reason;
  const back = isMovedBack(movedBack);
  return [
    ...(hold === undefined ? [] : [`it was held: ${hold.why}`]),
    ...(back && movedBack?.resolvedByUs ? ['incident-closer had resolved it'] : []),
    ...(back && !movedBack?.resolvedByUs ? ['it had been moved back'] : []),
    ...(isInBacklog(backlog) || said('backlog') ? ['it was backlog'] : []),
    ...(refusal === undefined ? [] : ['incident.io had refused to close it']),
    ...(said('confirming') ? ['its trackers had not confirmed all of its tasks'] : []),
    ...followUps,
  ];
}

/** Follow-ups that count as something else after a release. */
async function liftedFollowUps(
  id: string,
  now: number,
  { store, clock, policy }: StoreContext,
): Promise<string[]> {
  const [rows, releasedAt, incident] = await Promise.all([
    followUpsOf([id], store),
    store.released.get(id),
    store.incidents.get(id),
  ]);
  const rule = storedRule(incident, policy) ?? ruleFor(policy.rules, UNKNOWN);
  const count = (released: number | undefined) =>
    countFollowUps(rows, () => ({ rule, releasedAt: released }), { store, clock, taskKeyOf: indexedTaskKey });
  const [before, after] = await Promise.all([count(releasedAt), count(now)]);
  const lifted = before.followUps.filter(
    ({ effective }, i) =>
      effective.countsAs === 'blocks' && after.followUps[i]?.effective.countsAs !== 'blocks',
  );
  if (lifted.length === 0) return [];
  return [`${joinNames(lifted.map(followUpName))} did not count as done`];
}
