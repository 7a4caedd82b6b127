import type { Logger } from 'pino';
import type { Rule } from '../../policy/rule.ts';
import { isPrivate } from '../../visibility.ts';
import { type GatherDeps, gather } from '../gather.ts';
import { blockerOf, type CountedFollowUp, followUpName, joinNames } from '../sentences.ts';

/**
 * Nothing can prevent a change between the last read and the edit: what was added or reopened while an incident was
 * being closed is stored with the closure, and reported.
 */
type LateChangesDeps = GatherDeps & { log: Logger };

/** Reads the follow-ups once more after closing. If that fails, the closure has no late changes on record. */
export async function readLateChanges(
  incidentId: string,
  closureId: string,
  rule: Rule,
  deps: LateChangesDeps,
): Promise<void> {
  try {
    const { followUps } = await gather(incidentId, rule, deps);
    await recordLateChanges(incidentId, closureId, followUps, deps);
  } catch (error) {
    deps.log.warn(
      { incident: incidentId, err: error },
      `${await nameFor(incidentId, deps)} was closed; whether a follow-up was added meanwhile could not be read`,
    );
  }
}

/** Stores what blocks now, right after closing. */
export async function recordLateChanges(
  incidentId: string,
  closureId: string,
  followUps: readonly CountedFollowUp[],
  deps: LateChangesDeps,
): Promise<void> {
  const blocking = followUps.filter(({ effective }) => effective.countsAs === 'blocks');
  const late = blocking.map(blockerOf);
  await deps.store.closures.update([incidentId], (current) =>
    current?.map((closure) => (closure.id === closureId ? { ...closure, late } : closure)),
  );
  if (late.length === 0) return;
  const hidden = isPrivate((await deps.store.incidents.get(incidentId))?.about?.visibility);
  const what = hidden
    ? `${late.length === 1 ? 'a follow-up' : `${late.length} follow-ups`}`
    : joinNames(blocking.map(followUpName));
  deps.log.warn(
    { incident: incidentId, ...(!hidden && { blockers: late }) },
    `${await nameFor(incidentId, deps)} was closed while ${what} ${late.length === 1 ? 'was' : 'were'} being added or reopened: check whether the incident should be reopened`,
  );
}

async function nameFor(incidentId: string, { store }: LateChangesDeps): Promise<string> {
  return (await store.incidents.get(incidentId))?.reference ?? incidentId;
}
