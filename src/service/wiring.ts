import { StatusCache } from '../incident-io/status-cache.ts';
import type { ReviewDeps } from '../review/review.ts';
import type { SweepDeps } from '../sync/sweep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import type { Context } from './context.ts';

/** What a review needs, for a key of that name and roles. */
export function reviewDeps(
  context: Context,
  key: ReviewDeps['key'],
  statuses = new StatusCache(context.reader, context.clock),
): ReviewDeps {
  const { settings, policy, backend, store, reader, writer, clock, log } = context;
  const { syncFollowUps, maxClosesPerHour } = settings;
  return {
    store,
    api: reader,
    writer,
    clock,
    log,
    taskKeyOf,
    waker: backend.waker,
    policy,
    syncFollowUps,
    maxClosesPerHour,
    statuses,
    keyStillWorks: async () => true,
    key,
  };
}

/** What sync and sweep need. */
export function sweepDeps({ settings, policy, backend, store, reader, clock, log }: Context): SweepDeps {
  const { activeIncidents } = settings;
  return {
    store,
    api: reader,
    clock,
    log,
    policy,
    taskKeyOf,
    waker: backend.waker,
    categories: activeIncidents === 'leave' ? ['learning'] : ['learning', 'live', 'triage'],
    clearStrayKeys: (ids) => backend.clearStrayKeys(ids),
  };
}
