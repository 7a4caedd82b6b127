import type { StoreContext } from '../context/context.ts';
import { markFormat } from '../store/format.ts';
import {
  claimStoreId,
  forgetInterruptedStart,
  noteFirstStart,
  noteSources,
} from '../store/observed-since.ts';

/**
 * Notes in the store what this process can see from `startedAt` (ms) on, so that what is older is not acted upon unasked,
 * and that a service uses it. A process that is killed in between leaves all of it to the next one. Answers the store's id.
 */
export async function noteStart(
  { store, clock, settings, log }: Pick<StoreContext, 'store' | 'clock' | 'settings' | 'log'>,
  { receive, work }: { receive: boolean; work: boolean },
  startedAt: number,
): Promise<string> {
  const { webhookSecrets, handshakes, trackerAccess, syncFollowUps, dryRun } = settings;
  await forgetInterruptedStart(store, startedAt);
  const taken = [...Object.keys(webhookSecrets), ...handshakes];
  if (receive) await noteSources('webhooks', taken, store, startedAt);
  if (work) {
    await noteSources('token', Object.keys(trackerAccess), store, startedAt);
    await noteSources('writes', syncFollowUps && !dryRun ? ['follow-up'] : [], store, startedAt);
  }
  // A store of an earlier release was recognized by now.
  const first = await noteFirstStart(store, startedAt);
  log.debug({ first }, 'this start is noted');
  await markFormat(store);
  await store.markUsed(clock.now());
  return claimStoreId(store);
}
