import { removeFromSections, updateSections } from '../review/sections.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../vocabulary.ts';
import { indexedRowsOf } from './indexed-rows.ts';

/** Puts incidents that have follow-ups on the board without reviewing each. They were open at `since` (ms). */
export async function watchIncidents(page: readonly Incident[], since: number, store: Store): Promise<void> {
  const rows = await indexedRowsOf(
    page.map(({ id }) => id),
    store,
  );
  const known = await store.sections.getMany(rows.keys());
  const existing = [...rows].filter(([, list]) => list.some(({ row }) => row.status !== 'deleted'));
  await updateSections(
    existing.map(([id]) => id).filter((id) => !known.has(id)),
    store,
    since,
  );
}

/** Takes incidents off the board that this sweep did not find open, unless they were reviewed meanwhile. */
export async function forgetClosed(open: ReadonlySet<string>, since: number, store: Store): Promise<void> {
  for await (const page of store.sections.all()) {
    const gone = page.map(({ id }) => id).filter((id) => !open.has(id));
    const outcomes = await store.outcomes.getMany(gone);
    await removeFromSections(
      gone.filter((id) => (outcomes.get(id)?.at ?? 0) < since),
      store,
    );
  }
}
