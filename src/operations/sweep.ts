import { z } from 'zod';
import type { Context } from '../service/context.ts';
import { sweepDeps } from '../service/wiring.ts';
import { sleep } from '../sleep.ts';
import { type Swept, sweep } from '../sync/sweep.ts';
import { OperationError } from './operation.ts';
import type { Progress } from './progress.ts';

export const sweepResult = z.object({
  incidents: z.number(),
  woken: z.number(),
  /** Incidents of the backlog that were set free, where that was asked for. */
  backlog: z.number(),
});
export type SweepResult = z.infer<typeof sweepResult>;

/** Looks at every incident that might be ready, now; with `backlog` also at those that were ready before we came. */
export async function sweepNow(
  { backlog }: { backlog: boolean },
  context: Context,
  progress: Progress = () => {},
): Promise<SweepResult> {
  const { store, backend } = context;
  let freed = 0;
  const swept = await sweepAfterOthers(context, (incidents) => progress('incidents looked at', incidents));
  if (backlog)
    for await (const page of store.backlog.all()) {
      const ids = page.map(({ id }) => id);
      // Without its last verdict no sweep thinks that it is to be left.
      await store.tables.put(
        ids.flatMap((id) => [store.backlog.change(id, undefined), store.outcomes.change(id, undefined)]),
      );
      await backend.waker.wake(ids, 'sweep --backlog', { behind: true });
      freed += ids.length;
      progress('incidents of the backlog set free', freed);
    }
  return { incidents: swept.incidents, woken: swept.woken.length + freed, backlog: freed };
}

/** How long a sweep that is under way elsewhere is waited for, and how often it is looked whether it has ended, ms. */
const OTHERS_SWEEP = 60_000;
const LOOK_EVERY = 250;

async function sweepAfterOthers(context: Context, onProgress: (incidents: number) => void): Promise<Swept> {
  for (let waited = 0; ; waited += LOOK_EVERY) {
    const swept = await sweep({ ...sweepDeps(context, { notAgainWithin: 0 }), onProgress }, 0);
    if (swept !== undefined) return swept;
    if (waited >= OTHERS_SWEEP)
      throw new OperationError(
        'Another process has been sweeping for a minute. Try again when it has ended.',
      );
    await sleep(LOOK_EVERY);
  }
}
