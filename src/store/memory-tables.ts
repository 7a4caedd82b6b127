import { type Clock, systemClock } from '../clock.ts';
import { refuseNaN, refuseNul, type Tables } from './tables.ts';

/**
 * Tables in memory, for commands without a store, for tests and simulation: the same calls return the same results, and
 * every call is immediate and atomic. `clock` is what `time()` returns.
 */
export function createMemoryTables(clock: Clock = systemClock): Tables {
  const now = createTablesNow();
  return {
    get: async (table, ids) => now.get(table, ids),
    put: async (changes) => now.put(changes),
    swap: async (changes) => now.swap(changes),
    scan: async (table, cursor, limit) => now.scan(table, cursor, limit),
    rank: async (rank, entries) => now.rank(rank, entries),
    unrank: async (rank, members) => now.unrank(rank, members),
    ranked: async (rank, range) => now.ranked(rank, range),
    rankSize: async (rank) => now.rankSize(rank),
    names: async () => now.names(),
    time: async () => clock.now(),
    close: async () => {},
  };
}

/** The calls of `Tables` that need no clock, answered without a promise. */
export type TablesNow = {
  [K in Exclude<keyof Tables, 'time' | 'close'>]: (
    ...given: Parameters<Tables[K]>
  ) => Awaited<ReturnType<Tables[K]>>;
};

export function createTablesNow(): TablesNow {
  const tables = new Map<string, Map<string, string>>();
  const ranks = new Map<string, Map<string, number>>();
  const tableOf = (name: string) => of(tables, name);
  const rankOf = (name: string) => of(ranks, name);

  const write = (table: string, id: string, value: string | undefined) => {
    if (value === undefined) tableOf(table).delete(id);
    else tableOf(table).set(id, value);
  };

  return {
    get(table, ids) {
      refuseNul([table, ...ids]);
      return ids.map((id) => tableOf(table).get(id));
    },
    put(changes) {
      // All are validated before the first is written: all or nothing.
      for (const { table, id, value } of changes) refuseNul([table, id, value]);
      for (const { table, id, value } of changes) write(table, id, value);
    },
    swap(changes) {
      for (const { table, id, value, expected } of changes) refuseNul([table, id, value, expected]);
      return changes.map(({ table, id, value, expected }) => {
        const stands = tableOf(table).get(id) === expected;
        if (stands) write(table, id, value);
        return stands;
      });
    },
    scan(table, cursor, limit) {
      // The cursor is the last id returned, so entries added or removed meanwhile skip no others.
      const rest = [...tableOf(table)]
        .filter(([id]) => cursor === undefined || byBytes(id, cursor) > 0)
        .sort(([a], [b]) => byBytes(a, b));
      const entries = rest.slice(0, Math.max(1, limit)).map(([id, value]) => ({ id, value }));
      const last = entries.at(-1);
      return last && entries.length < rest.length ? { entries, next: last.id } : { entries };
    },
    rank(rank, entries) {
      refuseNul([rank, ...entries.map((entry) => entry.member)]);
      refuseNaN(rank, entries);
      for (const { member, score } of entries) rankOf(rank).set(member, score);
    },
    unrank(rank, members) {
      for (const member of members) rankOf(rank).delete(member);
    },
    ranked(rank, { min, max, limit, newestFirst = false }) {
      const found = [...rankOf(rank)]
        .map(([member, score]) => ({ member, score }))
        .filter(({ score }) => min <= score && score <= max)
        .sort((a, b) => (a.score === b.score ? byBytes(a.member, b.member) : a.score < b.score ? -1 : 1));
      return (newestFirst ? found.reverse() : found).slice(0, limit);
    },
    rankSize(rank) {
      return rankOf(rank).size;
    },
    names() {
      return { tables: used(tables), ranks: used(ranks) };
    },
  };
}

/** The map of that name, created on first use. */
function of<V>(all: Map<string, Map<string, V>>, name: string): Map<string, V> {
  const known = all.get(name) ?? new Map<string, V>();
  all.set(name, known);
  return known;
}

function used(all: ReadonlyMap<string, ReadonlyMap<string, unknown>>): string[] {
  return [...all].flatMap(([name, entries]) => (entries.size > 0 ? [name] : []));
}

/** By UTF-8 bytes, like the backends; JavaScript's own order differs beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
