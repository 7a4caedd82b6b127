import type { Logger } from 'pino';
import type { Rule } from '../policy/rule.ts';
import { type GatherDeps, gather } from './gather.ts';
import { blockerOf, type Counted, list, nameOf } from './words.ts';

/**
 * Nothing can prevent a change between the last read and the edit: what was added or reopened while an incident was
 * closed is kept with the closure, and told.
 */
type LateDeps = GatherDeps & { log: Logger };

/** Reads the follow-ups once more, after the closing. A read that fails leaves the closure without an answer. */
export async function lookForLate(
  incidentId: string,
  closureId: string,
  rule: Rule,
  deps: LateDeps,
): Promise<void> {
  try {
    const { followUps } = await gather(incidentId, rule, deps);
    await noteLate(incidentId, closureId, followUps, deps);
  } catch (error) {
    deps.log.warn(
      { incident: incidentId, err: error },
      `${await nameFor(incidentId, deps)} was closed; whether a follow-up was added meanwhile could not be read`,
    );
  }
}

/** Keeps what blocks now, right after the closing. */
export async function noteLate(
  incidentId: string,
  closureId: string,
  followUps: readonly Counted[],
  deps: LateDeps,
): Promise<void> {
  const blocking = followUps.filter(({ effective }) => effective.counts === 'blocks');
  const late = blocking.map(blockerOf);
  await deps.store.closures.update([incidentId], (current) =>
    current?.map((closure) => (closure.id === closureId ? { ...closure, late } : closure)),
  );
  if (late.length > 0)
    deps.log.warn(
      { incident: incidentId, blockers: late },
      `${await nameFor(incidentId, deps)} was closed, and meanwhile ${list(blocking.map(nameOf))} was added or reopened: look whether the incident should be opened again`,
    );
}

async function nameFor(incidentId: string, { store }: LateDeps): Promise<string> {
  return (await store.incidents.get(incidentId))?.reference ?? incidentId;
}
