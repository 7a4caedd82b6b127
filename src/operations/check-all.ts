import { z } from 'zod';
import { ruleFor } from '../policy/rule.ts';
import { count } from '../review/gather.ts';
import type { Verdict } from '../review/reach.ts';
import { inspectListed } from '../review/review.ts';
import type { Context } from '../service/context.ts';
import { reviewDeps, sweepDeps } from '../service/wiring.ts';
import type { FollowUp, Incident } from '../vocabulary.ts';
import { verdictOf } from './check.ts';
import type { Progress } from './progress.ts';

export const checkAllResult = z.object({
  incidents: z.array(
    z.object({
      incident: z.string(),
      id: z.string(),
      name: z.string(),
      status: z.string(),
      verdict: z.enum(['close', 'resolve', 'wait', 'leave']),
      reason: z.string(),
      words: z.string(),
      until: z.string().optional(),
    }),
  ),
  /** Open incidents without a follow-up: there is nothing to close them by. */
  withoutFollowUps: z.number(),
});
export type CheckAllResult = z.infer<typeof checkAllResult>;

/** Before the first sync nothing tells what was ready before we came: all that is ready now was. */
const WILL_BE_BACKLOG: Verdict = {
  verdict: 'leave',
  reason: 'backlog',
  words:
    'it is ready before the first start, which will list it as backlog and not close it: `sweep --backlog` closes it then',
};

/**
 * What would be closed now, over every open incident. Costs the pages of two lists, and one call for each incident
 * where nothing blocks. Changes nothing, neither here nor in incident.io.
 */
export async function checkAll(context: Context, progress: Progress = () => {}): Promise<CheckAllResult> {
  const { reader, store, policy } = context;
  const deps = reviewDeps(context, await reader.identity());
  const synced = await store.synced();
  const ofIncident = new Map<string, FollowUp[]>();
  let followUpsRead = 0;
  for await (const page of reader.followUps()) {
    for (const followUp of page)
      ofIncident.set(followUp.incidentId, [...(ofIncident.get(followUp.incidentId) ?? []), followUp]);
    followUpsRead += page.length;
    progress('follow-ups read', followUpsRead);
  }
  const pages: Incident[][] = [];
  for await (const page of reader.incidents(sweepDeps(context).categories)) pages.push(page);
  const open = pages.reduce((sum, page) => sum + page.length, 0);
  let lookedAt = 0;

  const result: CheckAllResult = { incidents: [], withoutFollowUps: 0 };
  for (const page of pages) {
    const released = await store.released.getMany(page.map(({ id }) => id));
    const followUps = page.flatMap(({ id }) => ofIncident.get(id) ?? []);
    const rules = new Map(page.map((incident) => [incident.id, ruleFor(policy.rules, incident)]));
    const about = (id: string) => {
      const rule = rules.get(id);
      if (rule === undefined) throw new TypeError(`the incident ${id} is not on this page`);
      return { rule, releasedAt: released.get(id) };
    };
    const { followUps: counted, records } = await count(followUps, about, deps);
    for (const incident of page) {
      progress('incidents looked at', ++lookedAt, open);
      const own = counted.filter(({ followUp }) => followUp.incidentId === incident.id);
      if (own.every(({ effective }) => effective.counts === 'gone')) {
        result.withoutFollowUps += 1;
        continue;
      }
      const { decision } = await inspectListed(
        incident,
        about(incident.id).rule,
        { followUps: own, records },
        deps,
      );
      const acts =
        decision.verdict === 'close' || decision.verdict === 'resolve' || decision.reason === 'settling';
      const { blockers: _, ...verdict } = verdictOf(acts && !synced ? WILL_BE_BACKLOG : decision);
      const { reference, id, name, status } = incident;
      result.incidents.push({ incident: reference, id, name, status: status.name, ...verdict });
    }
  }
  return result;
}
