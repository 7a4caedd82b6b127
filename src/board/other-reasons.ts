import type { StoreContext } from '../context/context.ts';
import { ruleFor } from '../policy/rule.ts';
import type { Facts } from '../review/facts.ts';
import { storedRule, UNKNOWN } from '../review/gather.ts';
import { type OtherReason, otherReasonsByStore } from '../review/other-reasons.ts';
import type { CountedFollowUp } from '../review/sentences.ts';
import { knownStatuses, storedFacts } from '../review/stored-facts.ts';
import { isDryRun } from '../store/in-force.ts';
import { incidentSeen } from '../store/incident-record.ts';
import { readKeyReport } from '../store/notices/key-report.ts';
import type { IncidentRecord, Outcome } from '../store/records.ts';

/** What was read of these incidents. */
interface Read {
  /** Their last reviews. */
  reviewed: ReadonlyMap<string, Outcome>;
  /** Their follow-ups, by incident, according to the index. */
  counted: ReadonlyMap<string, readonly CountedFollowUp[]>;
  incidents: ReadonlyMap<string, IncidentRecord>;
}

/**
 * What else keeps incidents open besides their last verdict, as `check` tells it, from what the store knows now: a hold,
 * a setting or a role that changed since that review counts. Makes no call to incident.io.
 */
export async function knownOtherReasons(
  ids: readonly string[],
  { reviewed, counted, incidents }: Read,
  { store, clock, policy, settings }: Pick<StoreContext, 'store' | 'clock' | 'policy' | 'settings'>,
): Promise<(id: string) => OtherReason[]> {
  const { maxClosesPerHour } = settings;
  const [stored, statuses, report, dryRun] = await Promise.all([
    storedFacts(ids, { store, clock, maxClosesPerHour }),
    knownStatuses(store),
    readKeyReport(store),
    isDryRun(store, settings.dryRun),
  ]);
  return (id) => {
    const record = incidents.get(id);
    const incident = incidentSeen(id, record);
    const facts: Facts = {
      ...stored(id),
      rule: storedRule(record, policy) ?? ruleFor(policy.rules, UNKNOWN),
      followUps: counted.get(id) ?? [],
      changedWhileWriting: false,
      records: new Map(),
      // As in a review: a dry run shows what would be done, whatever its key may write.
      roles: dryRun ? undefined : report?.key?.roles,
      keyName: report?.key?.name,
      ...(incident && { incident }),
      ...(statuses && { statuses }),
    };
    const reason = reviewed.get(id)?.reason ?? unreviewed(facts);
    return otherReasonsByStore(reason, facts, policy);
  };
}

function unreviewed({ followUps }: Facts): string {
  return followUps.some(({ effective }) => effective.countsAs === 'blocks') ? 'follow-ups' : 'unreviewed';
}
