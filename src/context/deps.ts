import { createHash } from 'node:crypto';
import { StatusCache } from '../incident-io/status-cache.ts';
import { tellsOfClosings } from '../policy/telling.ts';
import { asBatch } from '../queue/event-batch.ts';
import { NOT_AGAIN_WITHIN, readOutstanding } from '../read-back/read-outstanding.ts';
import type { ReviewDeps } from '../review/review.ts';
import { indexFollowUps } from '../sync/index-follow-ups.ts';
import type { SweepDeps } from '../sync/sweep.ts';
import { taskKeyOf } from '../trackers/index.ts';
import type { Context } from './context.ts';

/** What a review needs, for a key with that name and those roles. */
export function reviewDeps(
  context: Context,
  key: ReviewDeps['key'],
  statuses = new StatusCache(context.reader, context.clock),
): ReviewDeps {
  const { settings, policy, backend, store, reader, writer, tasks, clock, log } = context;
  const { syncFollowUps, maxClosesPerHour } = settings;
  const announces = tellsOfClosings(settings, policy);
  return {
    store,
    api: reader,
    writer,
    clock,
    log,
    taskKeyOf,
    index: async (followUps) => void (await indexFollowUps(followUps, { store, clock, taskKeyOf })),
    waker: backend.waker,
    policy,
    syncFollowUps,
    maxClosesPerHour,
    statuses,
    tasks,
    announces,
    makesFollowUps: settings.onReopened === 'follow-up',
    keyStillWorks: async () => true,
    key,
    keyDigest: createHash('sha256').update(settings.apiKey).digest('hex').slice(0, 16),
  };
}

/** What sync and sweep need. `notAgainWithin` (ms): a tracker that a sweep asked since is not asked again. */
export function sweepDeps(
  { settings, policy, backend, store, reader, writer, tasks, clock, log }: Context,
  { notAgainWithin = NOT_AGAIN_WITHIN, signal }: { notAgainWithin?: number; signal?: AbortSignal } = {},
): SweepDeps {
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
    writes: writer !== undefined && settings.syncFollowUps,
    clearStrayKeys: (ids) => backend.clearStrayKeys(ids),
    async waiting() {
      const { waiting = 0, prioritized = 0 } = (await backend.counts()).reviews;
      return waiting + prioritized;
    },
    readOutstanding: (outstanding, goOn) =>
      readOutstanding(outstanding, goOn, {
        reader: tasks,
        store,
        clock,
        log,
        record: (events) => backend.intake.add(asBatch({ tasks: events })),
        waker: backend.waker,
        notAgainWithin,
        signal,
      }),
  };
}
