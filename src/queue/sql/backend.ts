import type { PostgresConnectionOptions, PostgresQueueBackend } from 'bullmq';
import pg from 'pg';
import { once, settledWithin, withDeadline } from '../../deadline.ts';
import { sleep } from '../../sleep.ts';
import { type Sql, sqlTables } from '../../store/sql-tables.ts';
import type { Backend, Remark } from '../backend.ts';
import type { BackendOptions } from '../backend-options.ts';
import { CannotOpenError } from '../cannot-open-error.ts';
import { startWorkers } from '../consumers.ts';
import { ADD_DEADLINE, queueNames } from '../options.ts';
import { Outage } from '../outage.ts';
import { type Connections, createProducers } from '../producers.ts';
import { quietErrors } from '../quiet-errors.ts';
import { explainSqlError, isLasting } from './explain-error.ts';
import { pooledBackend } from './pooled-connection.ts';
import { prepareSchemas } from './prepare.ts';
import { schemaName } from './schema-name.ts';

/** Where the SQL backend finds its database: PostgreSQL, or PGlite in this process. */
export interface SqlPlace {
  kind: 'postgres' | 'embedded';
  /** How pg connects. */
  connection: Omit<pg.ClientConfig, 'password'> & { password?: string };
  where: string;
  /** The maximum number of open connections. */
  connections: number;
  /** Throws if it will stop accepting writes, for a reason that a query does not show. */
  room?(): Promise<void>;
  warnings(store: pg.Pool): Promise<Remark[]>;
  /** Closes what `connection` led to. */
  close?(): Promise<void>;
}

/** Throws where nothing can be written: a primary that came back as a standby, after another one was promoted. */
async function refuseStandby(client: Pick<pg.ClientBase | pg.Pool, 'query'>): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby) throw new Error('it is a standby, which is read only');
}

/** A query that takes this long will never be answered, ms. Producers have their own deadline. */
const QUERY_TIMEOUT = 15_000;
/** How long a connection is kept that nobody uses, ms: an idle service uses one more often than that. */
const KEPT_FOR = 90_000;
/** How long a database that just failed is not retried, ms. */
const NOT_AGAIN_WITHIN = 500;

/** Queues (BullMQ's PostgreSQL backend) and store, each in its own schema of one database. */
export async function openSql(place: SqlPlace, options: BackendOptions): Promise<Backend> {
  const { log } = options;
  const { where } = place;
  const outage = new Outage(options.existing ? undefined : log, where);
  const schema = schemaName(options.prefix);
  const shares = sharesOf(place.connections);
  const explain = (error: unknown) => explainSqlError(error, place.connections);

  let prepared = false;
  let preparing: Promise<void> | undefined;
  /** Resolves once the schemas exist; retried by the next caller if the database could not be reached. */
  const prepare = (): Promise<void> => {
    if (prepared) return Promise.resolve();
    preparing ??= prepareSchemas(place.connection, {
      schema,
      through: place.kind === 'postgres',
      existing: options.existing,
    }).then(
      () => {
        prepared = true;
      },
      async (error: unknown) => {
        void sleep(NOT_AGAIN_WITHIN).then(() => {
          preparing = undefined;
        });
        throw error;
      },
    );
    return preparing;
  };
  try {
    await prepare();
  } catch (error) {
    if (error instanceof CannotOpenError) throw error;
    if (place.kind === 'embedded' || isLasting(error))
      throw new CannotOpenError(`${where} could not be made ready: ${explain(error)}`);
    outage.began(explain(error));
  }

  const pool = (of: string, { path, ...own }: pg.PoolConfig & { path?: string }): pg.Pool => {
    const made = new pg.Pool({
      ...place.connection,
      keepAlive: true,
      query_timeout: QUERY_TIMEOUT,
      idleTimeoutMillis: KEPT_FOR,
      async onConnect(client) {
        // One that is kept to a standby would be in the way once the address leads to its new primary.
        if (place.kind === 'postgres') await refuseStandby(client);
        if (path !== undefined) await client.query(`SET search_path TO "${path}"`);
      },
      ...own,
    });
    made.on('connect', () => outage.ended());
    made.on('error', quietErrors(log, `${where}, ${of}`, outage));
    return made;
  };
  const store = pool('store', { max: shares.store, connectionTimeoutMillis: 5_000 });
  const producer = pool('producer', {
    path: schema,
    max: shares.producers,
    connectionTimeoutMillis: ADD_DEADLINE,
    query_timeout: 5_000,
  });
  const workers: pg.Pool[] = [];
  const sql: Sql = {
    async query(text, params) {
      await prepare();
      return store.query(text, params);
    },
  };
  const tables = sqlTables(sql, `${schema}_store`);

  const connections: Connections<PostgresQueueBackend, PostgresConnectionOptions> = {
    factory: pooledBackend(schema, prepare),
    producer,
    worker: () => {
      const shared = pool('worker', { path: schema, max: shares.workers, connectionTimeoutMillis: 5_000 });
      workers.push(shared);
      return {
        connection: shared,
        async usable() {
          try {
            await prepare();
            await shared.query('SELECT 1');
          } catch (error) {
            throw new Error(`${where} cannot be worked on: ${explain(error)}`);
          }
        },
        skipVersionCheck: () => false,
      };
    },
    where,
    log,
    outage,
    telemetry: options.telemetry,
    alone: place.kind === 'embedded',
  };
  const producers = createProducers(connections);

  return {
    ...producers,
    kind: place.kind,
    tables,
    explain,
    work: (handlers, work) => startWorkers(connections, producers, handlers, { ...options, ...work }),

    async ping() {
      try {
        // On the connections that add jobs.
        const asked = prepare().then(() => refuseStandby(producer));
        await withDeadline(asked, ADD_DEADLINE - 200, 'no answer');
        await place.room?.();
      } catch (error) {
        throw new Error(`${where} cannot take jobs: ${explain(error)}`);
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
      await settledWithin(Promise.all([store, producer, ...workers].map((one) => one.end())), ADD_DEADLINE);
      await place.close?.();
    }),
  };
}

/** The maximum connections of each part; a worker of each queue keeps one, to be notified of new jobs. */
function sharesOf(connections: number): { store: number; producers: number; workers: number } {
  const free = connections - queueNames.length;
  const third = Math.max(1, Math.floor(free / 3));
  return { store: third, producers: third, workers: connections - 2 * third };
}
