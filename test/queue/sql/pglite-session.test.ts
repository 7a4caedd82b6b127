import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { PgliteSession } from '../../../src/queue/sql/pglite-session.ts';
import { preparedDatabase } from '../../support/prepared.ts';
import { eventually, gate } from '../support.ts';

describe.skipIf(!inject('embedded'))('many clients on one PGlite', () => {
  let db: PGlite;
  let pool: pg.Pool;

  beforeAll(async () => {
    db = await PGlite.create(await preparedDatabase());
    const session = new PgliteSession(db);
    pool = new pg.Pool({ user: 'postgres', max: 8, stream: () => session.connect() });
    await pool.query('CREATE TABLE t (n integer)');
  });
  afterAll(async () => {
    await pool.end();
    await db.close();
  });

  test('each gets its own answers', async () => {
    const asked = Array.from({ length: 400 }, (_, n) =>
      pool.query<{ n: number }>(`SELECT $1::integer AS n, '${n}' AS c${n}`, [n]),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ rows }) => rows[0]?.n)).toEqual(answers.map((_, n) => n));
  });

  test('parameters and answers larger than any buffer pass', async () => {
    const long = 'ä'.repeat(1_000_000);
    const asked = Array.from({ length: 4 }, (_, n) =>
      pool.query<{ text: string }>('SELECT $1::text AS text', [`${n}${long}`]),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ rows }) => rows[0]?.text.length)).toEqual(Array(4).fill(long.length + 1));
    expect(answers.map(({ rows }) => rows[0]?.text[0])).toEqual(['0', '1', '2', '3']);
  });

  test('an error is for the client that caused it, and the next statement works', async () => {
    const results = await Promise.allSettled([
      pool.query('SELECT 1'),
      pool.query('SELECT nonsense'),
      pool.query('SELECT $1::integer', ['x']),
      pool.query('SELECT 2'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  });

  test('a statement of another client is never part of an open transaction', async () => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    let answered = false;
    const outside = pool.query('INSERT INTO t VALUES (2)').then(() => {
      answered = true;
    });
    await client.query('INSERT INTO t VALUES (3)');
    expect(answered).toBe(false);
    await client.query('ROLLBACK');
    client.release();
    await outside;
    expect((await pool.query('SELECT n FROM t')).rows).toEqual([{ n: 2 }]);
  });

  test('the transaction of a client that is gone is taken back, and the others go on', async () => {
    await pool.query('DELETE FROM t');
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    const outside = pool.query('INSERT INTO t VALUES (2)');
    client.release(true);
    await outside;
    expect((await pool.query('SELECT n FROM t')).rows).toEqual([{ n: 2 }]);
  });

  test('a client that listens hears what any client notifies', async () => {
    const listener = await pool.connect();
    const heard = gate<string | undefined>();
    listener.on('notification', ({ payload }) => heard.open(payload));
    await listener.query('LISTEN jobs');
    await pool.query(`SELECT pg_notify('jobs', 'reviews')`);
    expect(await heard.opened).toBe('reviews');
    listener.release();
  });

  test('clients that come and go leave nothing behind', async () => {
    for (let round = 0; round < 50; round++) {
      const client = await pool.connect();
      await client.query('SELECT 1');
      client.release(true);
    }
    await eventually(() => expect(pool.totalCount).toBeLessThan(9));
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});
