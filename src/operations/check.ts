import { z } from 'zod';
import type { Verdict } from '../review/reach.ts';
import { inspect } from '../review/review.ts';
import { type Counted, whyOf } from '../review/words.ts';
import type { Context } from '../service/context.ts';
import { reviewDeps } from '../service/wiring.ts';
import { blocker } from '../store/records.ts';
import { findIncident } from './operation.ts';

export const checkedFollowUp = z.object({
  followUp: z.string(),
  title: z.string(),
  /** What incident.io calls its task (`PROJ-12`), and where that is. */
  name: z.string().optional(),
  url: z.string().optional(),
  status: z.string(),
  counts: z.enum(['done', 'exempt', 'blocks']),
  /** In words. */
  why: z.string(),
  task: z.string().optional(),
  /** What the tracker said last, who did it, since when (RFC 3339), and the delivery that told it. */
  state: z.string().optional(),
  by: z.string().optional(),
  actor: z.string().optional(),
  since: z.string().optional(),
  delivery: z.string().optional(),
});
export type CheckedFollowUp = z.infer<typeof checkedFollowUp>;

export const checkResult = z.object({
  incident: z.string(),
  id: z.string(),
  name: z.string(),
  status: z.string(),
  verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
  reason: z.string(),
  words: z.string(),
  /** The rule of the policy that decided. */
  rule: z.string().optional(),
  blockers: z.array(blocker),
  followUps: z.array(checkedFollowUp),
  /** RFC 3339; when it is looked at again by itself. */
  until: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** What a review would decide of an incident now, and why. Changes nothing. */
export async function check(name: string, context: Context): Promise<CheckResult> {
  const incident = await findIncident(name, context);
  const { decision, facts } = await inspect(
    incident.id,
    reviewDeps(context, await context.reader.identity()),
  );
  return {
    incident: incident.reference,
    id: incident.id,
    name: incident.name,
    status: incident.status.name,
    ...verdictOf(decision),
    ...(facts && { rule: facts.rule.name }),
    followUps: (facts?.followUps ?? []).flatMap(checkedOf),
  };
}

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

/** None for a follow-up that does not exist any more. */
export function checkedOf(counted: Counted): CheckedFollowUp[] {
  const { followUp, effective, task, word } = counted;
  if (effective.counts === 'gone') return [];
  const known = word === undefined || word.state === 'unknown-duplicate' ? undefined : word;
  return [
    {
      followUp: followUp.id,
      title: followUp.title,
      name: followUp.reference?.name,
      url: followUp.reference?.permalink,
      status: followUp.status,
      counts: effective.counts,
      why: whyOf(counted),
      task,
      state: known?.state,
      by: known?.by,
      actor: known?.actor,
      ...(known && { since: new Date(known.since).toISOString() }),
      delivery: known?.delivery,
    },
  ];
}
