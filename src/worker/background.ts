import { type Sleep, sleep } from '../sleep.ts';
import { fullSync } from '../sync/full-sync.ts';
import { type SweepDeps, sweep } from '../sync/sweep.ts';
import { syncIfDue } from '../sync/sync.ts';
import { listAfterDryRun } from './after-dry-run.ts';

export interface BackgroundDeps extends SweepDeps {
  /** ms */
  sweepEvery: number;
  /**
   * Checks whether the key has been given roles that it lacked, where that is due and would help: they can be edited at
   * any time.
   */
  checkKey(): Promise<unknown>;
  /** Has the store know by which policy is decided now, so that a changed one makes a sweep due. */
  notePolicy?: (() => Promise<unknown>) | undefined;
  /** Looks whether the trackers' webhooks are on, where that is due; absent: nobody does. */
  lookAtHooks?: (() => Promise<unknown>) | undefined;
  /** Forgets what is kept for a time only. */
  forgetOld?: (() => Promise<unknown>) | undefined;
  /** Called with every failure, to see whether the key is the cause. */
  onFailure(error: unknown): Promise<void>;
  /** Whether it makes sense to call incident.io now. */
  mayRun(): boolean;
  random?: () => number;
  wait?: Sleep;
}

/** How often each process checks whether work is due, ms. What is due is agreed on through the store. */
const LOOK_EVERY = 1_000;
/** After a failure the same work is not retried for this long, ms. */
const AFTER_FAILURE = 15_000;

/** Work without jobs: syncs and sweeps. Runs in every worker until the signal aborts; resolves once all has ended. */
export async function runInBackground(deps: BackgroundDeps, signal: AbortSignal): Promise<void> {
  const pause = async (ms: number) => {
    await (deps.wait ?? sleep)(ms, signal);
    // Work that pauses between pages must not rush through the remaining ones on shutdown.
    signal.throwIfAborted();
  };
  await Promise.all([
    repeat('sync', () => syncIfDue(deps), deps, signal),
    repeat('sweep', () => sweepAndCheck({ ...deps, pause }), deps, signal),
    repeat('full sync', () => fullSync({ ...deps, pause }), deps, signal),
  ]);
}

async function sweepAndCheck(deps: BackgroundDeps): Promise<void> {
  await deps.notePolicy?.();
  if (await listAfterDryRun(deps)) return;
  const swept = await sweep(deps, deps.sweepEvery);
  await deps.checkKey();
  if (swept === undefined) return;
  await deps.forgetOld?.();
  await deps.lookAtHooks?.();
}

async function repeat(
  name: string,
  work: () => Promise<unknown>,
  { log, mayRun, onFailure, random = Math.random, wait = sleep }: BackgroundDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let rest = LOOK_EVERY * (0.75 + random() / 2);
    if (mayRun()) {
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, work: name }, `the ${name} failed; it is tried again`);
        await onFailure(error);
        rest = AFTER_FAILURE * (0.75 + random() / 2);
      }
    }
    await wait(rest, signal);
  }
}
