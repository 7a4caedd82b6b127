import { readObservedSince } from '../store/observed-since.ts';
import { FOLLOW_UP_WRITES } from '../store/sources.ts';
import type { Store } from '../store/store.ts';
import { isPrivate } from '../visibility.ts';
import { backlogSince } from './backlog.ts';
import type { Verdict } from './evaluate.ts';
import type { Gathered } from './gather.ts';

/**
 * Why follow-ups are left as they are for now, all of them being done: they were before we could see that (`backlog`), or
 * before we were allowed to write (`writes`). The incident's own status may have changed since, which is read if nothing
 * blocks.
 */
export async function leftBy(
  incidentId: string,
  followUps: Gathered['followUps'],
  store: Store,
): Promise<'backlog' | 'writes' | undefined> {
  const [observedSince, entry, releasedAt, known] = await Promise.all([
    readObservedSince(store),
    store.backlog.get(incidentId),
    store.released.get(incidentId),
    store.incidents.get(incidentId),
  ]);
  const facts = {
    followUps,
    observedSince,
    entry,
    releasedAt,
    isPrivate: isPrivate(known?.about?.visibility),
  };
  if (backlogSince(facts) !== undefined) return 'backlog';
  return backlogSince(facts, [FOLLOW_UP_WRITES]) === undefined ? undefined : 'writes';
}

/** Reasons that are found before it is known whether an incident is backlog. */
const BEFORE_BACKLOG = [
  ...['follow-ups', 'too-few-follow-ups', 'changed-while-writing', 'paused', 'not-visible', 'first-sync'],
  ...['already-closed', 'not-closable', 'held', 'rule', 'active', 'backlog'],
];

/** Whether the verdict tells that the incident is no backlog, or would, before the first start, be backlog. */
export function isPastBacklog({ reason }: Verdict): boolean {
  return !BEFORE_BACKLOG.includes(reason);
}

/** It is no backlog, as its own status changed; or it is about to be closed, with follow-ups that tell what is so. */
export function isWrittenAfterAll(decision: Verdict, left: 'backlog' | 'writes'): boolean {
  if (decision.verdict === 'close' || decision.verdict === 'resolve') return true;
  return left === 'backlog' && isPastBacklog(decision);
}
