import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import { keptSince } from './kept-since.ts';

/** Most tasks of a tracker are no follow-ups: the newest of their states are kept. */
const KEPT = 200_000;
/** How many are dropped at once, so that no batch waits long for it. */
const DROPPED_AT_ONCE = 2_000;

const RANK = 'unlinked';

/** How often each process counts and drops states, ms: counting is expensive. */
const TRIM_EVERY = 10_000;

const trimmed = new WeakMap<Store, number>();

/** Records that these tasks have no link yet, and occasionally drops the states of the oldest such tasks. */
export async function keepUnlinked(
  tasks: readonly string[],
  { store, clock }: { store: Store; clock: Clock },
): Promise<void> {
  const now = clock.now();
  await store.tables.rank(
    RANK,
    [...new Set(tasks)].map((member) => ({ member, score: now })),
  );
  if (now - (trimmed.get(store) ?? 0) < TRIM_EVERY) return;
  trimmed.set(store, now);
  await trimUnlinked(store, now);
}

/** Drops states that were older than a day when the last sync ended, and the oldest beyond the newest `kept`. */
export async function trimUnlinked(store: Store, now: number, kept = KEPT): Promise<void> {
  const { tables } = store;
  const max = await keptSince(store, now);
  for (;;) {
    const limit = Math.min(DROPPED_AT_ONCE, Math.max(0, (await tables.rankSize(RANK)) - kept));
    const over =
      limit > 0
        ? await tables.ranked(RANK, { min: -Infinity, max: Infinity, limit })
        : await tables.ranked(RANK, { min: -Infinity, max, limit: DROPPED_AT_ONCE });
    if (over.length === 0) return;
    await drop(
      over.map(({ member }) => member),
      store,
    );
  }
}

/** A task that has a link now: its state stays. */
export async function forgetUnlinked(tasks: readonly string[], store: Store): Promise<void> {
  if (tasks.length > 0) await store.tables.unrank(RANK, tasks);
}

async function drop(tasks: readonly string[], store: Store): Promise<void> {
  const incidents = await store.incidentsOf(tasks);
  const unlinked = tasks.filter((task) => !incidents.get(task)?.size);
  await store.tables.put(
    unlinked.flatMap((task) => [
      store.tasks.change(task, undefined),
      store.unreadChanges.change(task, undefined),
    ]),
  );
  await store.tables.unrank(RANK, tasks);
}
