import { z } from 'zod';
import type { Context } from '../context/context.ts';
import { reviewDeps } from '../context/deps.ts';
import { ruleFor } from '../policy/rule.ts';
import { NOT_VISIBLE } from '../review/evaluate.ts';
import { countFollowUps } from '../review/gather.ts';
import { otherReasonsByStore } from '../review/other-reasons.ts';
import { inspectListed } from '../review/review.ts';
import { failingInWords } from '../review/sentences.ts';
import { readStatuses, storedFacts } from '../review/stored-facts.ts';
import { OPEN } from '../sync/sweep.ts';
import { isPrivate } from '../visibility.ts';
import type { FollowUp, Incident } from '../vocabulary.ts';
import { askForOutstanding, isBeforeStart, type OutstandingStates } from './before-start.ts';
import { acts, catchUp, type Foretold } from './catch-up.ts';
import { asKnown, troubleOf, unknownOf, verdictOf } from './check.ts';
import { type ListedIncident, listedIncident } from './listed-incident.ts';
import { asDryRun } from './operation.ts';
import { NOBODY_WATCHES, type Watch } from './progress.ts';

export const checkAllResult = z.object({
  incidents: z.array(listedIncident),
  /** Open incidents without a follow-up: there is nothing to close them by. */
  withoutFollowUps: z.number(),
  /** The service is a dry run: nothing is closed. */
  dryRun: z.boolean().optional(),
  /** What keeps the service from reading incident.io; absent: nothing that it knows of. */
  trouble: z.string().optional(),
  /** How many reviews were woken, since the service did not know all that was read here. */
  woken: z.number().optional(),
  /** What could not be known, and why; absent if nothing is missing. */
  unknown: z.string().optional(),
});
export type CheckAllResult = z.infer<typeof checkAllResult>;

/**
 * What would be closed now, of all open incidents, the active ones among them. Costs the pages of two lists, and one
 * call for each incident where nothing blocks; each is told once it is found. Before a first sync the trackers are asked
 * for the tasks of outstanding follow-ups. Changes nothing in incident.io; what the service does not know is given to it,
 * as by `check`.
 */
export async function checkAll(
  context: Context,
  { progress, found }: Watch = NOBODY_WATCHES,
): Promise<CheckAllResult> {
  const { reader, store, policy } = context;
  const deps = reviewDeps(context, await reader.identity());
  const early = await isBeforeStart(context);
  const ofIncident = new Map<string, FollowUp[]>();
  let followUpsRead = 0;
  for await (const page of reader.followUps()) {
    for (const followUp of page)
      ofIncident.set(followUp.incidentId, [...(ofIncident.get(followUp.incidentId) ?? []), followUp]);
    followUpsRead += page.length;
    progress('follow-ups read', followUpsRead);
  }
  const pages: Incident[][] = [];
  for await (const page of reader.incidents(OPEN)) pages.push(page);
  const open = pages.reduce((sum, page) => sum + page.length, 0);
  let lookedAt = 0;

  const { reported, unreadNotice }: OutstandingStates = early
    ? await askForOutstanding(
        pages.flat().flatMap(({ id }) => ofIncident.get(id) ?? []),
        context,
      )
    : { reported: new Map() };
  const result: CheckAllResult = {
    incidents: [],
    withoutFollowUps: 0,
    ...unknownOf(context, unreadNotice),
    ...(await asDryRun(store, context.settings)),
    ...(await troubleOf(context)),
  };
  for (const page of pages) {
    const ids = page.map(({ id }) => id);
    const [released, failing] = await Promise.all([store.released.getMany(ids), store.failing.getMany(ids)]);
    const followUps = page.flatMap(({ id }) => ofIncident.get(id) ?? []);
    const rules = new Map(page.map((incident) => [incident.id, ruleFor(policy.rules, incident)]));
    const about = (id: string) => {
      const rule = rules.get(id);
      if (rule === undefined) throw new TypeError(`the incident ${id} is not on this page`);
      return { rule, releasedAt: released.get(id) };
    };
    const { followUps: counted, records } = await countFollowUps(followUps, about, deps, reported);
    const stored = await storedFacts([...rules.keys()], deps);
    const statuses = await readStatuses(deps.statuses, store);
    const foretold: Foretold[] = [];
    for (const incident of page) {
      progress('incidents looked at', ++lookedAt, open);
      const own = counted.filter(({ followUp }) => followUp.incidentId === incident.id);
      if (own.every(({ effective }) => effective.countsAs === 'deleted')) {
        result.withoutFollowUps += 1;
        continue;
      }
      const { rule } = about(incident.id);
      const { decision, facts } = await inspectListed(incident, rule, { followUps: own, records }, deps);
      const keyName = deps.key.name;
      const roles = deps.writer === undefined ? undefined : deps.key.roles;
      const also =
        facts === undefined || decision === NOT_VISIBLE
          ? []
          : otherReasonsByStore(
              decision.reason,
              { ...facts, ...stored(incident.id), incident, statuses, keyName, roles },
              policy,
            );
      const known = asKnown(decision, context, !early);
      foretold.push({
        incident: incident.id,
        followUps: own.map(({ followUp }) => followUp),
        decision: known,
      });
      const { blockers: _, ...verdict } = verdictOf(known);
      const { reference, id, name, status } = incident;
      const failed = failing.get(id);
      const listed: ListedIncident = {
        incident: reference,
        id,
        name,
        private: isPrivate(incident.visibility),
        status: status.name,
        active: status.category !== 'learning',
        ...verdict,
        ...(also.length > 0 && { also }),
        ...(failed && { failing: failingInWords(failed) }),
      };
      result.incidents.push(listed);
      found?.(listed);
    }
    const woken = (await catchUp(foretold, acts, context))?.size ?? 0;
    if (woken > 0) result.woken = (result.woken ?? 0) + woken;
  }
  return result;
}
