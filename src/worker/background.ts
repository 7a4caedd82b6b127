import { type Sleep, sleep } from '../sleep.ts';
import { fullSync } from '../sync/full-sync.ts';
import { type SweepDeps, sweep } from '../sync/sweep.ts';
import { syncIfDue } from '../sync/sync.ts';

export interface BackgroundDeps extends SweepDeps {
  /** ms */
  sweepEvery: number;
  /** Looks whether the key has got roles that it lacked: they can be edited at any time. */
  checkKey(): Promise<unknown>;
  /** Told of every failure, to see whether the key is the reason. */
  onFailure(error: unknown): Promise<void>;
  /** Whether it makes sense to call incident.io now. */
  mayRun(): boolean;
  random?: () => number;
  wait?: Sleep;
}

/** How often each process looks whether something is due, ms. What is due is agreed on in the store. */
const LOOK_EVERY = 1_000;
/** After a failure the same work is left alone for this long, ms. */
const AFTER_FAILURE = 15_000;

/** The work that no job does: syncs and sweeps. Runs in every worker until the signal aborts; resolves once all has ended. */
export async function runInBackground(deps: BackgroundDeps, signal: AbortSignal): Promise<void> {
  const pause = async (ms: number) => {
    await (deps.wait ?? sleep)(ms, signal);
    // What pauses between pages must not hurry through the rest of them at a stop.
    signal.throwIfAborted();
  };
  await Promise.all([
    repeat('sync', () => syncIfDue(deps), deps, signal),
    repeat('sweep', () => sweepAndCheck({ ...deps, pause }), deps, signal),
    repeat('full sync', () => fullSync({ ...deps, pause }), deps, signal),
  ]);
}

async function sweepAndCheck(deps: BackgroundDeps): Promise<void> {
  if ((await sweep(deps, deps.sweepEvery)) !== undefined) await deps.checkKey();
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
