import { regroup, ungroup } from '../review/groups.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../vocabulary.ts';
import { rowsOf } from './rows.ts';

/** Lists the incidents that have follow-ups on the board, with no review of each. They were open at `since` (ms). */
export async function watch(page: readonly Incident[], since: number, store: Store): Promise<void> {
  const rows = await rowsOf(
    page.map(({ id }) => id),
    store,
  );
  const known = await store.groups.getMany(rows.keys());
  const alive = [...rows].filter(([, list]) => list.some(({ row }) => row.status !== 'deleted'));
  await regroup(
    alive.map(([id]) => id).filter((id) => !known.has(id)),
    store,
    since,
  );
}

/** Takes off the board what this sweep did not find among the open incidents, unless it was reviewed meanwhile. */
export async function forgetClosed(open: ReadonlySet<string>, since: number, store: Store): Promise<void> {
  for await (const page of store.groups.all()) {
    const gone = page.map(({ id }) => id).filter((id) => !open.has(id));
    const outcomes = await store.outcomes.getMany(gone);
    await ungroup(
      gone.filter((id) => (outcomes.get(id)?.at ?? 0) < since),
      store,
    );
  }
}
