import { type Sleep, sleep } from '../sleep.ts';
import { fullSync } from '../sync/full-sync.ts';
import { type SweepDeps, sweep, untilSweep } from '../sync/sweep.ts';
import { syncOnce, untilSync } from '../sync/sync.ts';
import { WakeSignal } from '../wake-signal.ts';
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
  /** Checks whether the store is still the one that was found at the start, before a sync would fill another one. */
  checkStore?: (() => Promise<void> | undefined) | undefined;
  /** Looks whether the trackers' webhooks are on, where that is due; absent: nobody does. */
  checkHooks?: (() => Promise<unknown>) | undefined;
  /** Forgets what is kept for a time only. */
  forgetOld?: (() => Promise<unknown>) | undefined;
  /** Called with every failure, to see whether the key is the cause. */
  onFailure(error: unknown): Promise<void>;
  /** Whether it makes sense to call incident.io now. */
  mayRun(): boolean;
  /** Whether no other process works on this store, so that nothing comes due unseen. */
  alone?: boolean;
  /** Rings when a sweep may be due before its time. */
  sweepSignal?: WakeSignal;
  random?: () => number;
  wait?: Sleep | undefined;
}

/** How soon a process looks again for work that is due, ms. What is due is agreed on through the store. */
const CHECK_EVERY = 1_000;
/** How long it rests at most, ms: what others made due and did not do, as they died, is found then. */
const REST_AT_MOST = { shared: 15_000, alone: 60_000 };
/** After a failure the same work is not retried for this long, ms. */
const AFTER_FAILURE = 8_000;

/** Work without jobs: syncs and sweeps. Runs in every worker until the signal aborts; resolves once all has ended. */
export async function runInBackground(deps: BackgroundDeps, signal: AbortSignal): Promise<void> {
  const pause = async (ms: number) => {
    await (deps.wait ?? sleep)(ms, signal);
    // Work that pauses between pages must not rush through the remaining ones on shutdown.
    signal.throwIfAborted();
  };
  // The first sweep waits for the first sync.
  const sweepSignal = deps.sweepSignal ?? new WakeSignal();
  await Promise.all([
    repeat(
      { name: 'sync', wakeSignal: deps.store.syncSignal, work: () => syncWhenDue(deps, sweepSignal) },
      deps,
      signal,
    ),
    repeat(
      { name: 'sweep', wakeSignal: sweepSignal, work: () => sweepAndCheck({ ...deps, pause }) },
      deps,
      signal,
    ),
    repeat(
      { name: 'full sync', wakeSignal: new WakeSignal(), work: () => fullSync({ ...deps, pause }) },
      deps,
      signal,
    ),
  ]);
}

async function syncWhenDue(deps: BackgroundDeps, sweepSignal: WakeSignal): Promise<number | undefined> {
  await deps.checkStore?.();
  const left = await untilSync(deps);
  if (left > 0) return left;
  if ((await syncOnce(deps)) !== undefined) sweepSignal.notify();
  return undefined;
}

async function sweepAndCheck(deps: BackgroundDeps): Promise<number | undefined> {
  await deps.notePolicy?.();
  if (await listAfterDryRun(deps)) return undefined;
  const swept = await sweep(deps, deps.sweepEvery);
  await deps.checkKey();
  if (swept !== undefined) {
    await deps.forgetOld?.();
    await deps.checkHooks?.();
  }
  // Due all the same: another process is at it, or the first sync is.
  return (await untilSweep(deps, deps.sweepEvery)) || undefined;
}

/** Work that is looked at again and again. */
interface Repeated {
  name: string;
  /** Answers how long (ms) until it is due, where that is known. */
  work(): Promise<unknown>;
  /** Rings when it may be due before that. */
  wakeSignal: WakeSignal;
}

async function repeat(
  { name, work, wakeSignal }: Repeated,
  { log, mayRun, onFailure, alone = false, random = Math.random, wait = sleep }: BackgroundDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let rest = CHECK_EVERY * (0.75 + random() / 2);
    let due = 0;
    if (mayRun()) {
      try {
        const left = await work();
        const most = REST_AT_MOST[alone ? 'alone' : 'shared'];
        due = typeof left === 'number' ? Math.min(left, most) : most;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, work: name }, `the ${name} failed; it is tried again`);
        await onFailure(error);
        rest = AFTER_FAILURE * (0.75 + random() / 2);
      }
    }
    await wait(rest, signal);
    if (due > rest) await wakeSignal.wait(due - rest, signal, wait);
  }
}
