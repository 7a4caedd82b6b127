import {
  createPostgresBackend,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  runMigrations,
} from 'bullmq';
import pg from 'pg';
import { createSqlTables } from '../store/sql-tables.ts';
import type { Backend, Remark } from './backend.ts';
import { CannotOpenError } from './cannot-open-error.ts';
import { startWorkers } from './consumers.ts';
import { once, settledWithin, withDeadline } from './deadline.ts';
import type { BackendOptions } from './open-backend.ts';
import { ADD_DEADLINE } from './options.ts';
import { type Connections, createProducers } from './producers.ts';
import { quietErrors } from './quiet-errors.ts';
import { schemaName } from './schema-name.ts';

/** Where the SQL backend finds its database: PostgreSQL, or PGlite in this process. */
export interface SqlPlace {
  kind: 'postgres' | 'embedded';
  /** How pg connects. */
  connection: Omit<pg.ClientConfig, 'password'> & { password?: string };
  where: string;
  /** Called with the schema of the queues once that is there. */
  prepared?(schema: string): Promise<void>;
  /** Throws where it is going to take no more, for a reason that a query does not show. */
  room?(): Promise<void>;
  warnings(store: pg.Pool): Promise<Remark[]>;
  /** Ends what `connection` led to. */
  close?(): Promise<void>;
}

/** A query that takes this long will never be answered, in ms. Those of producers have their own deadline. */
const QUERY_TIMEOUT = 15_000;

/** Queues (BullMQ's PostgreSQL backend) and store, each in a schema of its own in one database. */
export async function openSql(place: SqlPlace, options: BackendOptions): Promise<Backend> {
  const { log } = options;
  const { where } = place;
  const schema = schemaName(options.prefix);
  const pool = { ...place.connection, keepAlive: true, connectionTimeoutMillis: 5_000 };

  await migrate(place, schema);
  await place.prepared?.(schema);
  const store = new pg.Pool({ ...pool, max: 4, query_timeout: QUERY_TIMEOUT });
  store.on('error', quietErrors(log, `${where}, store`));
  const tables = await createSqlTables(store, `${schema}_store`);

  const connections: Connections<PostgresQueueBackend, PostgresConnectionOptions> = {
    factory: createPostgresBackend,
    producer: { ...pool, schema, max: 2, connectionTimeoutMillis: ADD_DEADLINE, query_timeout: 5_000 },
    worker: () => ({ ...pool, schema, max: 3, query_timeout: QUERY_TIMEOUT }),
    where,
    log,
    telemetry: options.telemetry,
  };
  const producers = createProducers(connections);
  // BullMQ remembers a connection that failed once for good, so it is made now, while the database answers.
  await producers.ready(10_000);

  return {
    kind: place.kind,
    tables,
    intake: producers.intake,
    waker: producers.waker,
    counts: producers.counts,
    oldest: producers.oldest,
    failed: producers.failed,
    retry: producers.retry,
    clearStrayKeys: producers.clearStrayKeys,
    work: (handlers, work) => startWorkers(connections, producers, handlers, { ...options, ...work }),

    async ping() {
      try {
        const asked = store.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
        const { rows } = await withDeadline(asked, ADD_DEADLINE - 200, 'no answer');
        if (rows[0]?.standby) throw new Error('it is a standby, which is read only');
        await place.room?.();
      } catch (error) {
        throw new Error(`${where} cannot take jobs: ${error instanceof Error ? error.message : error}`);
      }
    },

    async describe() {
      const { rows } = await store.query<{ server_version: string }>('SHOW server_version');
      return `${where} (PostgreSQL ${rows[0]?.server_version ?? 'of an unknown version'})`;
    },
    warnings: () => place.warnings(store),

    close: once(async () => {
      await producers.close();
      await tables.close();
      await settledWithin(store.end(), ADD_DEADLINE);
      await place.close?.();
    }),
  };
}

/** Creates or upgrades the schema of the queues. Several processes may do so at once. */
async function migrate(place: SqlPlace, schema: string): Promise<void> {
  const client = new pg.Client({ ...place.connection, connectionTimeoutMillis: 10_000 });
  // Without a listener, a connection that breaks would end the process; the query under way rejects anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    await runMigrations(client, schema);
  } catch (error) {
    throw new CannotOpenError(
      `${place.where} could not be made ready: ${error instanceof Error ? error.message || error.name : error}`,
    );
  } finally {
    await client.end().catch(() => {});
  }
}
