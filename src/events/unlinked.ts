import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';

/** Most tasks of a tracker are no follow-ups: of their states the newest are kept, for a day at most. */
const KEPT = 200_000;
const KEPT_MS = 24 * 3_600_000;
/** How many are dropped at once, so that no batch waits long for it. */
const DROPPED_AT_ONCE = 2_000;

const RANK = 'unlinked';

/** Notes that these tasks have no link yet, and drops the states of the oldest such tasks. */
export async function keepUnlinked(
  tasks: readonly string[],
  deps: { store: Store; clock: Clock; log: Logger },
): Promise<void> {
  const { tables } = deps.store;
  const now = deps.clock.now();
  await tables.rank(
    RANK,
    [...new Set(tasks)].map((member) => ({ member, score: now })),
  );
  const tooMany = (await tables.rankSize(RANK)) - KEPT;
  const old = await tables.ranked(RANK, { min: -Infinity, max: now - KEPT_MS, limit: DROPPED_AT_ONCE });
  const over =
    tooMany > old.length
      ? await tables.ranked(RANK, {
          min: -Infinity,
          max: Infinity,
          limit: Math.min(tooMany, DROPPED_AT_ONCE),
        })
      : old;
  if (over.length > 0)
    await drop(
      over.map(({ member }) => member),
      deps.store,
    );
}

/** A task that got its link: its state stays. */
export async function linked(tasks: readonly string[], store: Store): Promise<void> {
  if (tasks.length > 0) await store.tables.unrank(RANK, tasks);
}

async function drop(tasks: readonly string[], store: Store): Promise<void> {
  const incidents = await store.incidentsOf(tasks);
  const unlinked = tasks.filter((task) => !incidents.get(task)?.size);
  await store.tables.put(unlinked.map((task) => store.tasks.change(task, undefined)));
  await store.tables.unrank(RANK, tasks);
}
