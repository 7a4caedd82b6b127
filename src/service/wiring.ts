import { StatusCache } from '../incident-io/status-cache.ts';
import type { ReviewDeps } from '../review/review.ts';
import type { WordRules } from '../review/word.ts';
import type { SweepDeps } from '../sync/sweep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import type { Context } from './context.ts';

/** A declined task counts as done. */
const rules: WordRules = { declinedCounts: true };

/** What a review needs, for a key of that name and roles. */
export function reviewDeps(
  context: Context,
  key: ReviewDeps['key'],
  statuses = new StatusCache(context.reader, context.clock),
): ReviewDeps {
  const { settings, backend, store, reader, writer, clock, log } = context;
  const { syncFollowUps, maxClosesPerHour } = settings;
  return {
    store,
    api: reader,
    writer,
    clock,
    log,
    rules,
    taskKeyOf,
    waker: backend.waker,
    policy: settings,
    syncFollowUps,
    maxClosesPerHour,
    statuses,
    keyStillWorks: async () => true,
    key,
  };
}

/** What sync and sweep need. */
export function sweepDeps({ settings, backend, store, reader, clock, log }: Context): SweepDeps {
  const { activeIncidents, minFollowUps } = settings;
  return {
    store,
    api: reader,
    clock,
    log,
    rules,
    taskKeyOf,
    waker: backend.waker,
    categories: activeIncidents === 'leave' ? ['learning'] : ['learning', 'live', 'triage'],
    minFollowUps,
    clearStrayKeys: (ids) => backend.clearStrayKeys(ids),
  };
}
