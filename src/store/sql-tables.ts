import type pg from 'pg';
import { type Change, refuseNaN, refuseNul, type Swap, type Tables } from './tables.ts';

/** The parts of a `pg.Pool` that are used here. */
export interface Sql {
  query<Row extends pg.QueryResultRow>(text: string, params?: unknown[]): Promise<pg.QueryResult<Row>>;
}

const storeVersion = 1;

/**
 * Tables in their own schema of PostgreSQL (13 or later), or of PGlite, where all connections share one session: so every
 * call is one statement (atomic without BEGIN), every name is qualified with its schema, and nothing is left in the
 * session. The owner of the pool closes it.
 */
export async function createSqlTables(sql: Sql, schema: string): Promise<Tables> {
  await createStoreSchema(sql, schema);
  return sqlTables(sql, schema);
}

/** The same if the schema is known to exist, or `sql` creates it. */
export function sqlTables(sql: Sql, schema: string): Tables {
  const s = quotedSchema(schema);
  return {
    async get(table, ids) {
      refuseNul([table, ...ids]);
      if (ids.length === 0) return [];
      const rows = await run<{ id: string; value: string }>(
        sql,
        `select id, value from ${s}.entries where tbl = $1::text and id = any($2::text[])`,
        [table, array(ids)],
      );
      const found = new Map(rows.map(({ id, value }) => [id, value]));
      return ids.map((id) => found.get(id));
    },

    async put(changes) {
      for (const { table, id, value } of changes) refuseNul([table, id, value]);
      const last = inOrder(new Map(changes.map((change) => [keyOf(change), change])));
      const written = last.filter((change) => change.value !== undefined);
      const removed = last.filter((change) => change.value === undefined);
      if (last.length === 0) return;
      await run(
        sql,
        `with removed as (
           delete from ${s}.entries e using unnest($1::text[], $2::text[]) as c(tbl, id)
           where e.tbl = c.tbl and e.id = c.id
         )
         insert into ${s}.entries as e (tbl, id, value)
         select * from unnest($3::text[], $4::text[], $5::text[])
         on conflict (tbl, id) do update set value = excluded.value`,
        [...columns(removed), ...columns(written), array(written.map((change) => change.value))],
      );
    },

    async swap(changes) {
      for (const { table, id, value, expected } of changes) refuseNul([table, id, value, expected]);
      const written = changes.map(() => false);
      for (const round of rounds(changes)) {
        const rows = await run<{ n: number }>(
          sql,
          `with asked as (
             select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
             with ordinality as c(tbl, id, expected, value, n)
           ), made as (
             insert into ${s}.entries (tbl, id, value)
             select tbl, id, value from asked where expected is null and value is not null
             on conflict (tbl, id) do nothing
             returning tbl, id
           ), changed as (
             update ${s}.entries e set value = a.value from asked a
             where e.tbl = a.tbl and e.id = a.id and e.value = a.expected and a.value is not null
             returning a.n
           ), removed as (
             delete from ${s}.entries e using asked a
             where e.tbl = a.tbl and e.id = a.id and e.value = a.expected and a.value is null
             returning a.n
           )
           select a.n::integer as n from asked a join made using (tbl, id)
           union all select n::integer from changed
           union all select n::integer from removed
           union all select a.n::integer from asked a where a.expected is null and a.value is null
             and not exists (select 1 from ${s}.entries e where e.tbl = a.tbl and e.id = a.id)`,
          [
            ...columns(round),
            array(round.map((change) => change.expected)),
            array(round.map((change) => change.value)),
          ],
        );
        for (const { n } of rows) {
          const index = round[n - 1]?.index;
          if (index !== undefined) written[index] = true;
        }
      }
      return written;
    },

    async scan(table, cursor, limit) {
      const size = Math.max(1, limit);
      // The cursor is the last id returned. One more entry than requested shows whether another page follows.
      const rows = await run<{ id: string; value: string }>(
        sql,
        `select id, value from ${s}.entries where tbl = $1::text and id ${cursor === undefined ? '>=' : '>'} $2::text
         order by id limit $3::integer`,
        [table, cursor ?? '', String(size + 1)],
      );
      const entries = rows.slice(0, size);
      const last = entries.at(-1);
      return last && rows.length > size ? { entries, next: last.id } : { entries };
    },

    async rank(rank, entries) {
      refuseNul([rank, ...entries.map((entry) => entry.member)]);
      refuseNaN(rank, entries);
      const last = inOrder(new Map(entries.map((entry) => [entry.member, entry])));
      if (last.length === 0) return;
      await run(
        sql,
        `insert into ${s}.ranks as r (rank, member, score)
         select $1::text, * from unnest($2::text[], $3::float8[])
         on conflict (rank, member) do update set score = excluded.score`,
        [rank, array(last.map(({ member }) => member)), array(last.map(({ score }) => String(score)))],
      );
    },

    async unrank(rank, members) {
      refuseNul([rank, ...members]);
      if (members.length === 0) return;
      await run(sql, `delete from ${s}.ranks where rank = $1::text and member = any($2::text[])`, [
        rank,
        array(members),
      ]);
    },

    async ranked(rank, { min, max, limit, newestFirst = false }) {
      const way = newestFirst ? 'desc' : 'asc';
      return await run<{ member: string; score: number }>(
        sql,
        `select member, score from ${s}.ranks
         where rank = $1::text and score >= $2::float8 and score <= $3::float8
         order by score ${way}, member ${way} limit $4::integer`,
        [rank, String(min), String(max), String(limit)],
      );
    },

    async rankSize(rank) {
      const [row] = await run<{ size: number }>(
        sql,
        `select count(*)::integer as size from ${s}.ranks where rank = $1::text`,
        [rank],
      );
      return row?.size ?? 0;
    },

    async names() {
      const rows = await run<{ tbl: string | null; rank: string | null }>(
        sql,
        `select distinct tbl, null::text as rank from ${s}.entries
         union all select distinct null::text, rank from ${s}.ranks`,
        [],
      );
      return {
        tables: rows.flatMap(({ tbl }) => tbl ?? []),
        ranks: rows.flatMap(({ rank }) => rank ?? []),
      };
    },

    async time() {
      const [row] = await run<{ ms: number }>(
        sql,
        'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
        [],
      );
      if (!row) throw new Error('PostgreSQL did not tell its time.');
      return row.ms;
    },

    async close() {},
  };
}

/**
 * Creates what is missing. Several processes may do so concurrently: a lock lets them in one by one. Throws if a newer
 * release wrote what is there.
 */
export async function createStoreSchema(sql: Sql, schema: string): Promise<void> {
  const s = quotedSchema(schema);
  const there = await run<{ there: boolean }>(sql, 'select to_regclass($1) is not null as there', [
    `${s}.version`,
  ]);
  if (!there[0]?.there) {
    // One block is one transaction. The schema may have been created for a user without the right to create one.
    await sql.query(`do $$ begin
      perform pg_advisory_xact_lock(hashtext('incident-closer store'), hashtext('${schema}'));
      if not exists (select from pg_namespace where nspname = '${schema}') then
        create schema if not exists ${s};
      end if;
      create table if not exists ${s}.entries (
        tbl text collate "C" not null, id text collate "C" not null, value text collate "C" not null,
        primary key (tbl, id)
      );
      create table if not exists ${s}.ranks (
        rank text collate "C" not null, member text collate "C" not null, score double precision not null,
        primary key (rank, member)
      );
      create index if not exists ranks_by_score on ${s}.ranks (rank, score, member);
      create table if not exists ${s}.version (
        single boolean primary key default true check (single), version integer not null
      );
      insert into ${s}.version (version) values (${storeVersion}) on conflict do nothing;
    end $$`);
  }
  const [found] = await run<{ version: number }>(sql, `select version from ${s}.version`, []);
  if (found?.version !== storeVersion) {
    throw new Error(
      `The store in the database schema ${s} has version ${found?.version ?? 'none'}, and this release of ` +
        `incident-closer knows version ${storeVersion}. Run the release that wrote it, or choose another QUEUE_PREFIX.`,
    );
  }
}

/** The name as written in a statement. Nothing in it needs escaping; PostgreSQL truncates longer names. */
function quotedSchema(schema: string): string {
  if (!/^(?!pg_)[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(schema)) {
    throw new TypeError(
      `The store cannot use ${JSON.stringify(schema)} as a database schema: up to 63 letters, digits, "_" and "-", ` +
        'not beginning with a digit, "-" or "pg_". Choose another QUEUE_PREFIX.',
    );
  }
  return `"${schema}"`;
}

// PostgreSQL aborts one of two deadlocked statements and rolls it back: it can simply be retried.
const undone = new Set(['40P01', '40001']);
const attempts = 10;

async function run<Row extends pg.QueryResultRow>(sql: Sql, text: string, params: string[]): Promise<Row[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await sql.query<Row>(text, params)).rows;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (attempt === attempts || typeof code !== 'string' || !undone.has(code)) throw error;
    }
  }
}

/** An array as PostgreSQL parses it from a text; undefined is NULL. */
function array(items: readonly (string | undefined)[]): string {
  const quoted = items.map((item) => (item === undefined ? 'NULL' : `"${item.replace(/["\\]/g, '\\$&')}"`));
  return `{${quoted.join(',')}}`;
}

function columns(changes: readonly Change[]): [string, string] {
  return [array(changes.map(({ table }) => table)), array(changes.map(({ id }) => id))];
}

function keyOf({ table, id }: Change): string {
  return `${table}\0${id}`;
}

/** Always in the same order, so that statements on the same rows rarely deadlock. */
function inOrder<T>(byKey: Map<string, T>): T[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}

/** One statement can write a row only once, so a repeated id waits for the next round. */
function rounds(changes: readonly Swap[]): (Swap & { index: number })[][] {
  const found: Map<string, Swap & { index: number }>[] = [];
  const times = new Map<string, number>();
  changes.forEach((change, index) => {
    const key = keyOf(change);
    const time = times.get(key) ?? 0;
    times.set(key, time + 1);
    const round = found[time] ?? new Map<string, Swap & { index: number }>();
    found[time] = round.set(key, { ...change, index });
  });
  return found.map(inOrder);
}
