import { type Clock, systemClock } from '../../src/clock.ts';
import { refuseNaN, refuseNul, type Tables } from '../../src/store/tables.ts';

/**
 * Tables in memory for pure tests and simulation: the same calls give the same answers, every call acts at
 * once and whole. `clock` is what `time()` tells.
 */
export function createMemoryTables(clock: Clock = systemClock): Tables {
  const tables = new Map<string, Map<string, string>>();
  const ranks = new Map<string, Map<string, number>>();
  const tableOf = (name: string) => of(tables, name);
  const rankOf = (name: string) => of(ranks, name);

  const write = (table: string, id: string, value: string | undefined) => {
    if (value === undefined) tableOf(table).delete(id);
    else tableOf(table).set(id, value);
  };

  return {
    async get(table, ids) {
      refuseNul([table, ...ids]);
      return ids.map((id) => tableOf(table).get(id));
    },
    async put(changes) {
      // All are looked at before the first is written: all or nothing.
      for (const { table, id, value } of changes) refuseNul([table, id, value]);
      for (const { table, id, value } of changes) write(table, id, value);
    },
    async swap(changes) {
      for (const { table, id, value, expected } of changes) refuseNul([table, id, value, expected]);
      return changes.map(({ table, id, value, expected }) => {
        const stands = tableOf(table).get(id) === expected;
        if (stands) write(table, id, value);
        return stands;
      });
    },
    async scan(table, cursor, limit) {
      // The cursor is the last id given, so entries that come or go meanwhile move nobody off the page.
      const rest = [...tableOf(table)]
        .filter(([id]) => cursor === undefined || byBytes(id, cursor) > 0)
        .sort(([a], [b]) => byBytes(a, b));
      const entries = rest.slice(0, Math.max(1, limit)).map(([id, value]) => ({ id, value }));
      const last = entries.at(-1);
      return last && entries.length < rest.length ? { entries, next: last.id } : { entries };
    },
    async rank(rank, entries) {
      refuseNul([rank, ...entries.map((entry) => entry.member)]);
      refuseNaN(rank, entries);
      for (const { member, score } of entries) rankOf(rank).set(member, score);
    },
    async unrank(rank, members) {
      for (const member of members) rankOf(rank).delete(member);
    },
    async ranked(rank, { min, max, limit, newestFirst = false }) {
      const found = [...rankOf(rank)]
        .map(([member, score]) => ({ member, score }))
        .filter(({ score }) => min <= score && score <= max)
        .sort((a, b) => (a.score === b.score ? byBytes(a.member, b.member) : a.score < b.score ? -1 : 1));
      return (newestFirst ? found.reverse() : found).slice(0, limit);
    },
    async rankSize(rank) {
      return rankOf(rank).size;
    },
    async time() {
      return clock.now();
    },
    async close() {},
  };
}

/** The map of that name, made at its first use. */
function of<V>(all: Map<string, Map<string, V>>, name: string): Map<string, V> {
  const known = all.get(name) ?? new Map<string, V>();
  all.set(name, known);
  return known;
}

/** The order of the UTF-8 bytes, as the backends have it; JavaScript's own differs beyond U+FFFF. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
