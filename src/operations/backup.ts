import type { StoreContext } from '../context/context.ts';
import { formatTime } from '../format-time.ts';
import type { Backend } from '../queue/backend.ts';
import type { Lines } from '../store/archive/read.ts';
import { restore } from '../store/archive/restore.ts';
import type { Seal } from '../store/archive/seal.ts';
import { type Written, writeArchive } from '../store/archive/write.ts';
import { isUnfinished, refuseNewer } from '../store/format.ts';
import { lastNoted, RUNS_FOR } from '../store/process-notes.ts';
import { Store } from '../store/store.ts';
import { version } from '../version.ts';
import { OperationError } from './operation.ts';

export interface Exported extends Written {
  /** Jobs that failed for good; they stay in the queue. */
  failed: number;
}

/**
 * Writes all that the store knows. Refuses where a process might change it meanwhile, before or after, and where
 * deliveries wait that no table knows of yet.
 */
export async function exportStore(
  base: Pick<StoreContext, 'store' | 'backend' | 'clock'>,
  write: (text: string) => Promise<void>,
  seal?: Seal,
): Promise<Exported> {
  await refuseUnsettled(base);
  const at = new Date(base.clock.now());
  const written = await writeArchive(base.store.tables, write, { release: version(), at, seal });
  await refuseUnsettled(base);
  const { events, reviews } = await base.backend.counts();
  return { ...written, failed: (events.failed ?? 0) + (reviews.failed ?? 0) };
}

/** Throws where the store is in use, or its queue holds deliveries. */
export async function refuseUnsettled({
  store,
  backend,
  clock,
}: Pick<StoreContext, 'store' | 'backend' | 'clock'>): Promise<void> {
  await refuseRunning(store, clock.now(), 'export');
  const { waiting = 0, active = 0, delayed = 0 } = (await backend.counts()).events;
  const left = waiting + active + delayed;
  if (left > 0)
    throw new OperationError(
      `${left} ${left === 1 ? 'batch of deliveries waits' : 'batches of deliveries wait'} in the queue, which an export would leave behind. Let a worker take them (with the receivers stopped, or nothing sent to \`start\`), stop it, and export again.`,
    );
}

async function refuseRunning(store: Store, now: number, command: 'export' | 'import'): Promise<void> {
  const noted = await lastNoted(store, now);
  if (noted !== undefined)
    throw new OperationError(
      `A process of the service uses this store (it noted so at ${formatTime(noted)}). Stop all of them, and ${command} again; one that was killed counts as running for ${RUNS_FOR / 60_000} minutes.`,
    );
}

/** Throws unless the place holds nothing: no store, no jobs; or only what an import left that did not end. */
export async function refuseOccupied(backend: Backend, store: Store, now: number): Promise<void> {
  await refuseNewer(store);
  await refuseRunning(store, now, 'import');
  if (await isUnfinished(store)) return;
  const { tables, ranks } = await store.tables.names();
  const jobs = Object.values(await backend.counts()).flatMap((counts) => Object.values(counts));
  if (tables.length + ranks.length === 0 && jobs.every((count) => count === 0)) return;
  throw new OperationError(
    `${await backend.describe()} holds a store already, and an import never adds to one. Choose another QUEUE_PREFIX or another place (QUEUE_URL).`,
  );
}

/** Fills a place that holds nothing. `lines` were read once before. Returns how many entries there are. */
export async function importStore(backend: Backend, lines: Lines, now: number, seal?: Seal): Promise<number> {
  const store = new Store(backend.tables);
  await refuseOccupied(backend, store, now);
  try {
    return await restore(store, lines, now, seal);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OperationError(
      `The import did not come to its end (${why}). What is at ${await nameOf(backend)} is not whole, and no process uses it until \`import\` was run again to its end.`,
    );
  }
}

async function nameOf(backend: Backend): Promise<string> {
  try {
    return await backend.describe();
  } catch {
    return 'the target';
  }
}
