import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { readRedisUrl } from '../../src/queue/redis/url.ts';
import { PgliteSession } from '../../src/queue/sql/pglite-session.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { createRedisTables } from '../../src/store/redis-tables.ts';
import { createSqlTables } from '../../src/store/sql-tables.ts';
import type { Tables } from '../../src/store/tables.ts';
import { preparedDatabase } from '../support/prepared.ts';
import { type TablesRig, tablesConformance } from './tables.conformance.ts';

tablesConformance('memory', async () => {
  const spaces = new Map<string, Tables>();
  return {
    async client(space) {
      const tables = spaces.get(space) ?? createMemoryTables();
      spaces.set(space, tables);
      return tables;
    },
    async close() {},
  };
});

describe.runIf(inject('redisUrl'))('on Redis', () => {
  tablesConformance('Redis', () => openRedis(() => new Redis(inject('redisUrl'))));

  it('an error tells nothing of what was to be stored, which may be secret', async (test) => {
    const redis = new Redis(inject('redisUrl'));
    test.onTestFinished(() => redis.disconnect());
    const prefix = randomUUID();
    const tables = createRedisTables(redis, prefix);
    await redis.set(`{${prefix}}:store:table:t`, 'no hash');
    const change = { table: 't', id: 'a', value: 'canary' };
    for (const refused of [
      tables.put([change]),
      tables.put([change, { ...change, table: 'other' }]),
      tables.swap([{ ...change, expected: undefined }]),
    ]) {
      const told = inspect(await refused.catch((error: unknown) => error), { depth: 9 });
      expect(told).toContain('WRONGTYPE');
      expect(told).not.toContain('canary');
    }
  });
});

describe.runIf(inject('clusterUrl'))('on Redis Cluster', () => {
  tablesConformance('Redis Cluster', () =>
    openRedis(() => new Cluster(readRedisUrl(inject('clusterUrl')).nodes ?? [])),
  );
});

describe.runIf(inject('postgresUrl'))('on PostgreSQL', () => {
  tablesConformance('PostgreSQL', async () =>
    openSql({ connectionString: inject('postgresUrl') }, async () => {}),
  );

  it('refuses a store that a newer release wrote, and says what to do', async () => {
    await withSchema(async (pool, schema) => {
      await createSqlTables(pool, schema);
      await pool.query(`update "${schema}".version set version = 99`);
      await expect(createSqlTables(pool, schema)).rejects.toThrow(/version 99.*QUEUE_PREFIX/);
    });
  });

  it('needs no more than the use of a schema that somebody else prepared', async () => {
    await withSchema(async (pool, schema) => {
      await createSqlTables(pool, schema);
      const role = `${schema}-user`;
      await pool.query(`create role "${role}"; grant usage on schema "${schema}" to "${role}";
        grant select, insert, update, delete on all tables in schema "${schema}" to "${role}"`);
      const client = await pool.connect();
      try {
        await client.query(`set role "${role}"`);
        const tables = await createSqlTables(client, schema);
        await tables.put([{ table: 't', id: 'a', value: '1' }]);
        expect(await tables.get('t', ['a'])).toEqual(['1']);
      } finally {
        await client.query('reset role');
        client.release();
        await pool.query(`drop owned by "${role}"; drop role "${role}"`);
      }
    });
  });

  it('refuses a schema name that PostgreSQL would change or keep for itself', async () => {
    const pool = new pg.Pool();
    for (const name of ['', 'pg_mine', '1st', 'a"b', "a'b", 'a$$b', 'ä', 'x'.repeat(64)]) {
      await expect(createSqlTables(pool, name)).rejects.toThrow(/as a database schema/);
    }
  });
});

describe.runIf(inject('embedded'))('on PGlite', () => {
  tablesConformance('PGlite', async () => {
    const db = await PGlite.create(await preparedDatabase());
    const session = new PgliteSession(db);
    const inProcess = {
      user: 'postgres',
      host: 'localhost',
      database: 'postgres',
      stream: () => session.connect(),
    };
    return openSql(inProcess, () => db.close());
  });
});

async function openRedis(connect: () => Redis | Cluster): Promise<TablesRig> {
  // Three connections are enough for clients that must not share one.
  const connections = Array.from({ length: 3 }, connect);
  const spaces = new Set<string>();
  let next = 0;
  return {
    async client(space) {
      spaces.add(space);
      next += 1;
      const connection = connections[next % connections.length];
      if (!connection) throw new Error('no connection');
      return createRedisTables(connection, space);
    },
    async close() {
      const [connection] = connections;
      for (const space of spaces) {
        const nodes = connection instanceof Cluster ? connection.nodes('master') : [connection];
        for (const node of nodes) {
          const keys = (await node?.keys(`{${space}}:*`)) ?? [];
          if (keys.length > 0) await node?.unlink(...keys);
        }
      }
      await Promise.all(connections.map((each) => each.quit()));
    },
  };
}

async function openSql(connection: pg.PoolConfig, stop: () => Promise<void>): Promise<TablesRig> {
  const pools = Array.from({ length: 3 }, () => new pg.Pool({ ...connection, max: 5 }));
  const spaces = new Set<string>();
  let next = 0;
  return {
    async client(space) {
      spaces.add(space);
      next += 1;
      const pool = pools[next % pools.length];
      if (!pool) throw new Error('no pool');
      return createSqlTables(pool, space);
    },
    async close() {
      for (const space of spaces) await pools[0]?.query(`drop schema if exists "${space}" cascade`);
      await Promise.all(pools.map((pool) => pool.end()));
      await stop();
    },
  };
}

async function withSchema(use: (pool: pg.Pool, schema: string) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: inject('postgresUrl') });
  const schema = `test-${Math.random().toString(36).slice(2)}`;
  try {
    await use(pool, schema);
  } finally {
    await pool.query(`drop schema if exists "${schema}" cascade`);
    await pool.end();
  }
}
