import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, type PgQueryable, runMigrations } from 'bullmq';
import pg from 'pg';
import { createStoreSchema } from '../../store/sql-tables.ts';
import { CannotOpenError } from '../cannot-open-error.ts';
import { noStore } from '../no-store.ts';
import { codeOf } from './explain-error.ts';

/** How often to test whether a pooler shares one connection between two clients: it may have several to choose from. */
const POOLER_TRIES = 5;

/**
 * Creates or upgrades the schemas of queues and store, if needed. Several processes may do so concurrently. `through`:
 * whether a pooler may be in between. `existing`: throws a `NoStoreError` if they do not exist.
 */
export async function prepareSchemas(
  connection: pg.ClientConfig,
  { schema, through, existing }: { schema: string; through: boolean; existing?: boolean | undefined },
): Promise<void> {
  await withClient(connection, async (client) => {
    if (through) await refuseSharedSessions(client, connection);
    if (existing && !(await isThere(client, `${schema}_store`)))
      throw noStore(`in the database under this QUEUE_PREFIX (schema ${schema}_store)`);
    const due = await isDue(client, schema).catch((error: unknown) => explainRights(error, client, schema));
    if (due) await migrate(client, schema);
    await storeSchema(client, `${schema}_store`);
  });
}

async function isDue(client: pg.Client, schema: string): Promise<boolean> {
  try {
    return (await assertSchemaCompatibility(client, schema)) < LATEST_SCHEMA_VERSION;
  } catch (error) {
    // No table, or no schema.
    if (
      error instanceof Error &&
      (error.name === 'SchemaMigrationRequiredError' || codeOf(error) === '3F000')
    )
      return true;
    throw newer(error);
  }
}

async function migrate(client: pg.Client, schema: string): Promise<void> {
  const there = await isThere(client, schema);
  const queryable: PgQueryable = {
    async query<R>(text: string, params?: readonly unknown[]) {
      // PostgreSQL requires the right to create schemas even if this one exists already.
      if (there && text.startsWith('CREATE SCHEMA IF NOT EXISTS')) return { rows: [] };
      return client.query<R & pg.QueryResultRow>(text, params && [...params]);
    },
  };
  await runMigrations(queryable, schema).catch((error: unknown) => explainRights(error, client, schema));
}

async function isThere(client: pg.Client, schema: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  return rows.length > 0;
}

async function storeSchema(client: pg.Client, schema: string): Promise<void> {
  await createStoreSchema(client, schema).catch((error: unknown) => explainRights(error, client, schema));
}

/** Throws the error; if it is about missing privileges, with what to grant. */
async function explainRights(error: unknown, client: pg.Client, schema: string): Promise<never> {
  if (codeOf(error) !== '42501') throw newer(error);
  const { rows } = await client.query<{ role: string; database: string; owner: string | null }>(
    `SELECT current_user AS role, current_database() AS database,
            (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = $1) AS owner`,
    [schema],
  );
  const [found] = rows;
  const [role, database] = [found?.role ?? '', found?.database ?? ''].map((name) =>
    pg.escapeIdentifier(name),
  );
  const queues = schema.replace(/_store$/, '');
  const own = [queues, `${queues}_store`];
  const why = error instanceof Error ? error.message : String(error);
  if (found?.owner && found.owner !== found.role) {
    const of = (what: string) => `GRANT ALL ON ${what} ${own.join(', ')} TO ${role};`;
    const grants = [of('SCHEMA'), of('ALL TABLES IN SCHEMA'), of('ALL SEQUENCES IN SCHEMA')].join(' ');
    throw new CannotOpenError(
      `The role ${role} may not use the schemas that ${pg.escapeIdentifier(found.owner)} set up (${why}). Connect as that role in QUEUE_URL, or as an administrator run ${grants}`,
    );
  }
  throw new CannotOpenError(
    `The role ${role} may not set up its schemas (${why}). As an administrator run GRANT CREATE ON DATABASE ${database} TO ${role}; or ${own.map((name) => `CREATE SCHEMA ${name} AUTHORIZATION ${role};`).join(' ')}`,
  );
}

function newer(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'SchemaVersionMismatchError') return error;
  return new CannotOpenError(
    'A newer release of incident-closer set up the queues in this database. Run that release, or choose another QUEUE_PREFIX.',
  );
}

/**
 * Refuses a pooler that may use a different connection for each transaction: LISTEN would hear nothing, and settings of
 * one client would apply to another. https://www.pgbouncer.org/features.html
 */
async function refuseSharedSessions(client: pg.Client, connection: pg.ClientConfig): Promise<void> {
  // The process id that a pooler gives its client is the pooler's own.
  if ((await processOf(client)) === ownProcess(client)) return;
  await withClient(connection, async (other) => {
    for (let n = 0; n < POOLER_TRIES; n++)
      if ((await processOf(client)) === (await processOf(other)))
        throw new CannotOpenError(
          'QUEUE_URL leads to a pooler that shares connections between transactions (PgBouncer: pool_mode=transaction), on which nobody can be told of new jobs. Use one with pool_mode=session, or PostgreSQL itself.',
        );
  });
}

async function processOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid;
}

/** The backend process named when the connection began; missing from @types/pg. */
function ownProcess(client: pg.Client): unknown {
  return 'processID' in client ? client.processID : undefined;
}

async function withClient(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000, query_timeout: 60_000 });
  // Without a listener, a connection that breaks would crash the process; the query in flight rejects anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
