import { z } from 'zod';
import type { Context } from '../context/context.ts';
import { sweepDeps } from '../context/deps.ts';
import { sleep } from '../sleep.ts';
import { type Operator, UNKNOWN_OPERATOR } from '../store/history/operator.ts';
import type { OperatorAction } from '../store/history/operator-actions.ts';
import { releaseBacklog } from '../store/observed-since.ts';
import { type Swept, sweep } from '../sync/sweep.ts';
import { recordAction, tellAction } from './acted.ts';
import { asDryRun, OperationError } from './operation.ts';
import type { OnProgress } from './progress.ts';

export const sweepResult = z.object({
  incidents: z.number(),
  woken: z.number(),
  /** Incidents released from the backlog, if requested; in a dry run those that would be. */
  backlog: z.number(),
  /** The service is a dry run: no incident was released. */
  dryRun: z.boolean().optional(),
});
export type SweepResult = z.infer<typeof sweepResult>;

/** Checks every incident that might be ready, now; with `backlog` also those that were ready before the first start, which a dry run only counts. */
export async function sweepNow(
  { backlog }: { backlog: boolean },
  context: Context,
  progress: OnProgress = () => {},
  by: Operator = UNKNOWN_OPERATOR,
): Promise<SweepResult> {
  const { store, backend, settings } = context;
  const dry = await asDryRun(store, settings);
  let freed = 0;
  const swept = await sweepAfterOthers(context, (incidents) => progress('incidents looked at', incidents));
  if (backlog) {
    const releasedAt = context.clock.now();
    const action: OperatorAction = { action: 'backlog', at: releasedAt, by };
    if (!dry.dryRun) {
      await recordAction(action, [], context);
      await releaseBacklog(store, releasedAt);
    }
    for await (const page of store.backlog.all()) {
      const ids = page.flatMap(({ id, value }) => ((value.releasedAt ?? -Infinity) < value.at ? [id] : []));
      freed += ids.length;
      if (dry.dryRun) continue;
      await store.backlog.update(ids, (known) => known && { ...known, releasedAt });
      // Without its last verdict no sweep considers it settled.
      await store.tables.put(ids.map((id) => store.outcomes.change(id, undefined)));
      await backend.waker.wake(ids, 'sweep --backlog', { behind: true });
      await tellAction(action, ids, context);
      progress('incidents of the backlog set free', freed);
    }
  }
  const woken = swept.woken.length + (dry.dryRun ? 0 : freed);
  return { incidents: swept.incidents, woken, backlog: freed, ...dry };
}

/** How long to wait for another process's sweep, and how often to check whether it has ended, ms. */
const OTHERS_SWEEP = 60_000;
const CHECK_EVERY = 250;

async function sweepAfterOthers(context: Context, onProgress: (incidents: number) => void): Promise<Swept> {
  for (let waited = 0; ; waited += CHECK_EVERY) {
    const swept = await sweep({ ...sweepDeps(context, { notAgainWithin: 0 }), onProgress }, 0);
    if (swept !== undefined) return swept;
    if (waited >= OTHERS_SWEEP)
      throw new OperationError(
        'Another process has been sweeping for a minute. Try again when it has ended.',
      );
    await sleep(CHECK_EVERY);
  }
}
