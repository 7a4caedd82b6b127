import { z } from 'zod';
import type { Context, StoreContext } from '../context/context.ts';
import { reviewDeps } from '../context/deps.ts';
import { formatTime } from '../format-time.ts';
import { TransientError } from '../incident-io/errors.ts';
import { describeOutage, readOutage } from '../incident-io/outage.ts';
import { isPastBacklog } from '../review/careful-writes.ts';
import type { Verdict } from '../review/evaluate.ts';
import { inspect } from '../review/review.ts';
import { type CountedFollowUp, explain, failingInWords } from '../review/sentences.ts';
import { blocker, evidenceRow } from '../store/records.ts';
import { isPrivate } from '../visibility.ts';
import { inspectBeforeStart, isBeforeStart } from './before-start.ts';
import { catchUp } from './catch-up.ts';
import { asDryRun, findIncident, knownIncident, OperationError } from './operation.ts';

export const checkedFollowUp = evidenceRow.omit({ confirmedAt: true }).extend({
  title: z.string(),
  counts: z.enum(['done', 'exempt', 'blocks']),
  /** As a sentence. */
  why: z.string(),
  /** Since when the tracker's state holds, RFC 3339. */
  since: z.string().optional(),
  /** If its task is a duplicate: the chain from that task to the end; without a state if nothing is known. */
  duplicates: z
    .array(z.object({ task: z.string(), state: z.string().optional(), since: z.string().optional() }))
    .optional(),
});
export type CheckedFollowUp = z.infer<typeof checkedFollowUp>;

/** What every answer about an incident has. */
export const checkedIncident = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  /** It is not mentioned anywhere outside incident.io. */
  private: z.boolean().optional(),
  status: z.string(),
  verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
  reason: z.string(),
  words: z.string(),
  /** RFC 3339; when it is next reviewed in any case. */
  until: z.string().optional(),
  /** What else keeps it open. */
  also: z.array(z.object({ reason: z.string(), words: z.string() })).optional(),
  /** That the service's own reviews of it have failed since the last that did not, and when the next try is. */
  failing: z.string().optional(),
});

export const checkResult = checkedIncident.extend({
  /** The policy rule that applied. */
  rule: z.string().optional(),
  blockers: z.array(blocker),
  followUps: z.array(checkedFollowUp),
  /** Follow-ups of the incident's streams, which count for nothing. */
  ofStreams: z.array(z.object({ followUp: z.string(), title: z.string(), status: z.string() })).optional(),
  /** The service is a dry run: nothing is closed. */
  dryRun: z.boolean().optional(),
  /** Whether a review was woken, since the service did not know all that was read here. */
  woken: z.boolean().optional(),
  /** What keeps the service from reading incident.io; absent: nothing that it knows of. */
  trouble: z.string().optional(),
  /** What could not be known, and why; absent if nothing is missing. */
  unknown: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResult>;

/**
 * What a review would decide about an incident now, and why. Changes nothing in incident.io. What it read that the
 * service does not know is given to the service, and a review is woken.
 */
export async function check(name: string, context: Context): Promise<CheckResult> {
  try {
    return await inspected(name, context);
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new OperationError(`${error.message} ${await lastSaid(name, context)}`, { cause: error });
  }
}

/** What is known of an incident that cannot be read now. */
async function lastSaid(name: string, context: Context): Promise<string> {
  const known = await knownIncident(name, context);
  const outcome = known && (await context.store.outcomes.get(known.id));
  if (outcome === undefined) return 'Nothing is known of it here.';
  return `Its last review, at ${formatTime(outcome.at)}, said: ${outcome.verdict}, ${outcome.words}.`;
}

/** What keeps the workers from reading incident.io, as they say. */
export async function troubleOf({ store, clock }: StoreContext): Promise<{ trouble?: string }> {
  const trouble = await readOutage(store, clock.now());
  return trouble === undefined ? {} : { trouble: describeOutage(trouble) };
}

async function inspected(name: string, context: Context): Promise<CheckResult> {
  const incident = await findIncident(name, context);
  const deps = reviewDeps(context, await context.reader.identity());
  const early = await isBeforeStart(context);
  const found: Awaited<ReturnType<typeof inspectBeforeStart>> = early
    ? await inspectBeforeStart(incident, deps, context)
    : await inspect(incident.id, deps);
  const { facts } = found;
  const failing = await context.store.failing.get(incident.id);
  const decision = asKnown(found.decision, context, !early);
  const followUps = (facts?.followUps ?? []).map(({ followUp }) => followUp);
  const foretold = facts === undefined ? [] : [{ incident: incident.id, followUps, decision }];
  const woken = await catchUp(foretold, () => true, context);
  const known = new Set(followUps.map(({ id }) => id));
  const ofStreams = (await context.reader.followUpsOf(incident.id, 'stream'))
    .filter(({ id, status }) => !known.has(id) && status !== 'deleted')
    .map(({ id, title, status }) => ({ followUp: id, title, status }));
  return {
    ...unknownOf(context, found.unreadNotice),
    incident: incident.reference,
    id: incident.id,
    name: incident.name,
    private: isPrivate(incident.visibility),
    status: incident.status.name,
    ...verdictOf(decision),
    ...(found.also?.length && { also: found.also }),
    ...(failing && { failing: failingInWords(failing) }),
    ...(await troubleOf(context)),
    ...(facts && { rule: facts.rule.name }),
    followUps: (facts?.followUps ?? []).flatMap(checkedOf),
    ...(ofStreams.length > 0 && { ofStreams }),
    ...(woken?.size && { woken: true }),
    ...(await asDryRun(context.store, context.settings)),
  };
}

/** What cannot be known without the store of a service, and what trackers did not tell. */
export function unknownOf(
  { backend: { missing } }: StoreContext,
  unreadNotice: string | undefined,
): { unknown?: string } {
  const words = [
    ...(missing === undefined
      ? []
      : [
          `${missing} Until then holds, releases, the backlog and what webhooks told are not known, and no service was told of what was read.`,
        ]),
    ...(unreadNotice === undefined ? [] : [unreadNotice]),
  ];
  return words.length === 0 ? {} : { unknown: words.join(' ') };
}

/** The verdict, unless it would act although no service has run: what was ready before one started is unknown then. */
export function asKnown(decision: Verdict, { backend: { missing } }: StoreContext, synced = true): Verdict {
  return isPastBacklog(decision) && (missing !== undefined || !synced) ? WILL_BE_BACKLOG : decision;
}

const WILL_BE_BACKLOG: Verdict = {
  verdict: 'leave',
  reason: 'backlog',
  words:
    'it is ready before the first start, which will list it as backlog and not close it: `sweep --backlog` closes it then',
};

/** A decision as results show it. */
export function verdictOf(
  decision: Verdict,
): Pick<CheckResult, 'verdict' | 'reason' | 'words' | 'blockers' | 'until'> {
  const wait = decision.verdict === 'wait' ? decision : undefined;
  const { verdict, reason, words } = decision;
  return {
    verdict,
    reason,
    words,
    blockers: wait?.blockers ?? [],
    ...(wait?.until !== undefined && { until: new Date(wait.until).toISOString() }),
  };
}

/** None for a follow-up that no longer exists. */
export function checkedOf(counted: CountedFollowUp): CheckedFollowUp[] {
  const { followUp, effective, task, taskState, chain } = counted;
  if (effective.countsAs === 'deleted') return [];
  const known = taskState === undefined || taskState.state === 'unknown-duplicate' ? undefined : taskState;
  return [
    {
      followUp: followUp.id,
      title: followUp.title,
      name: followUp.reference?.name,
      url: followUp.reference?.permalink,
      status: followUp.status,
      counts: effective.countsAs,
      why: explain(counted),
      task,
      state: known?.state,
      by: known?.by,
      actor: known?.actor,
      ...(known && { since: new Date(known.since).toISOString() }),
      delivery: known?.delivery,
      duplicates: chain?.links.map(({ task, record }) => ({
        task,
        state: record?.state,
        since: record && new Date(record.since).toISOString(),
      })),
    },
  ];
}
