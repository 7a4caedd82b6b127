import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { reportedHistory, type StatusVersion } from '../store/status-history.ts';
import type { Store } from '../store/store.ts';
import { Table } from '../store/table.ts';
import { keptSince } from './kept-since.ts';

/**
 * That a follow-up was done, reported by a webhook before any sync has read the follow-up: somebody may set it back until
 * then. Whoever records a report writes it and then looks for the follow-up; whoever indexes one writes the follow-up and
 * then looks here: one of the two sees the other.
 */

const FORGOTTEN_AT_ONCE = 1_000;

const RANK = 'reported-early';
const version = z.object({ status: z.string(), updatedAt: z.number() });
const tableOf = (store: Store) => new Table(store.tables, 'reported-early', version);

type Deps = { store: Store; clock: Clock };

export async function keepReportedEarly(
  reported: ReadonlyMap<string, StatusVersion>,
  { store, clock }: Deps,
): Promise<void> {
  if (reported.size === 0) return;
  const table = tableOf(store);
  const now = clock.now();
  await store.tables.rank(
    RANK,
    [...reported.keys()].map((member) => ({ member, score: now })),
  );
  await table.update(reported.keys(), (current, id) => {
    const next = reported.get(id);
    return next === undefined || (current && current.updatedAt >= next.updatedAt) ? current : next;
  });
  await takeReportedEarly([...reported.keys()], { store, clock });
  // A follow-up that no list shows, as one of a stream.
  const range = { min: -Infinity, max: await keptSince(store, now), limit: FORGOTTEN_AT_ONCE };
  await forget(
    (await store.tables.ranked(RANK, range)).map(({ member }) => member),
    store,
  );
}

/** Adds what was reported early to the follow-ups that are in the index now. */
export async function takeReportedEarly(ids: readonly string[], { store, clock }: Deps): Promise<void> {
  const reported = await tableOf(store).getMany(ids);
  if (reported.size === 0) return;
  const marks = await store.lastWrites.getMany(reported.keys());
  const rows = await store.followUps.update(reported.keys(), (row, id) => {
    const version = reported.get(id);
    if (row === undefined || version === undefined) return row;
    const history = reportedHistory(row, version, marks.get(id), clock.now());
    return history === row.history ? row : { ...row, history };
  });
  await forget([...rows.keys()], store);
}

async function forget(ids: readonly string[], store: Store): Promise<void> {
  if (ids.length === 0) return;
  const table = tableOf(store);
  await store.tables.put(ids.map((id) => table.change(id, undefined)));
  await store.tables.unrank(RANK, ids);
}
