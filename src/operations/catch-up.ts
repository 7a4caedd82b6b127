import type { Context } from '../context/context.ts';
import { sweepDeps } from '../context/deps.ts';
import type { Verdict } from '../review/evaluate.ts';
import { takeIn } from '../sync/take-in.ts';
import type { FollowUp } from '../vocabulary.ts';

/** What a command read of an incident, and what it says would be decided. */
export interface Foretold {
  incident: string;
  followUps: readonly FollowUp[];
  decision: Verdict;
}

/**
 * Gives the service what a command read and the index does not have (incident.io does not move `updated_at` for every
 * change), and wakes a review where the stored verdict is another than the one foretold: nothing is foretold that nobody
 * looks at. `which`: for which verdicts. Returns the incidents woken; `undefined`: there is no service to tell, or its
 * first sync, which reads everything, is still to come.
 */
export async function catchUp(
  foretold: readonly Foretold[],
  which: (decision: Verdict) => boolean,
  context: Context,
): Promise<Set<string> | undefined> {
  const { backend, store } = context;
  if (backend.missing !== undefined || !(await store.synced())) return undefined;
  const { changed } = await takeIn(
    foretold.flatMap(({ followUps }) => followUps),
    sweepDeps(context),
  );
  const outcomes = await store.outcomes.getMany(foretold.map(({ incident }) => incident));
  const others = foretold.filter(({ incident, decision }) => {
    const stored = outcomes.get(incident);
    return which(decision) && (stored?.verdict !== decision.verdict || stored.reason !== decision.reason);
  });
  const rest = others.map(({ incident }) => incident).filter((incident) => !changed.has(incident));
  if (rest.length > 0) await backend.waker.wake(rest, 'a check found another verdict', { behind: true });
  return new Set([...changed, ...rest]);
}

/** Whether it closes or resolves the incident, now or after the settle time. */
export function acts({ verdict, reason }: Verdict): boolean {
  return verdict === 'close' || verdict === 'resolve' || reason === 'settling';
}
