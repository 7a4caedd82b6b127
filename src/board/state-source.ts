import type { WhyBlocked } from '../review/effective-state.ts';
import type { CountedFollowUp } from '../review/sentences.ts';

/** Whose state of a follow-up counts: its task's tracker, incident.io, or both, since they say the same. */
export type StateSource = 'tracker' | 'incident.io' | 'both';

/** `undefined`: the follow-up does not exist any more, or nobody's counts, since what is known is in doubt. */
export function stateSource({
  effective,
  followUp,
  taskState,
  history,
}: CountedFollowUp): StateSource | undefined {
  const isClosed = taskState !== undefined && (taskState.state === 'done' || taskState.state === 'declined');
  switch (effective.countsAs) {
    case 'deleted':
      return undefined;
    case 'exempt':
    case 'done':
      if (effective.write !== undefined) return 'tracker';
      if (!isClosed) return 'incident.io';
      // What we wrote is the tracker's own word.
      return history.ours === undefined && followUp.status !== 'outstanding' ? 'both' : 'tracker';
    case 'blocks':
      return BLOCKED[effective.why];
  }
}

const BLOCKED: Record<WhyBlocked, StateSource | undefined> = {
  outstanding: 'incident.io',
  'set-back': 'incident.io',
  'malformed-reference': 'incident.io',
  'unknown-status': 'incident.io',
  'not-doing': 'incident.io',
  'not-shown-yet': undefined,
  'changed-unread': undefined,
  reopened: 'tracker',
  'closed-by-automation': 'tracker',
  'task-deleted': 'tracker',
  'task-declined': 'tracker',
  'duplicate-of-unknown': 'tracker',
  'duplicate-of-open': 'tracker',
  'tracker-disagrees': 'tracker',
  'write-refused': 'tracker',
};
