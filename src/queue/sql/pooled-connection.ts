import {
  assertSchemaCompatibility,
  type BackendFactory,
  isPgPool,
  type PgPool,
  PostgresConnection,
  type PostgresConnectionOptions,
  PostgresQueueBackend,
} from 'bullmq';

/**
 * Runs BullMQ on a pool shared by several of its queues, so that one process takes few connections, and sets their
 * schema by a statement: the startup option that BullMQ would use does not pass PgBouncer. Each worker holds one
 * connection of the pool, on which it is notified of new jobs.
 */
class PooledConnection extends PostgresConnection {
  readonly #prepared: () => Promise<void>;
  readonly #schema: string;
  #checked: Promise<void> | undefined;

  constructor(pool: PgPool, schema: string, prepared: () => Promise<void>) {
    super(pool);
    this.#schema = schema;
    this.#prepared = prepared;
  }

  /** Unlike BullMQ's own, it does not cache a failure: the next caller retries. */
  override waitUntilReady(): Promise<void> {
    this.#checked ??= this.#check().catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }

  async #check(): Promise<void> {
    await this.#prepared();
    const client = await this.pool.connect();
    try {
      await assertSchemaCompatibility(client, this.#schema);
    } finally {
      client.release();
    }
    setTimeout(() => this.emit('ready'), 0);
  }
}

/** Creates queues on the pools passed as their connection. `prepared` resolves once the schema exists. */
export function pooledBackend(
  schema: string,
  prepared: () => Promise<void>,
): BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> {
  return (name, opts, { withBlockingConnection = false } = {}) => {
    if (!isPgPool(opts.connection)) throw new TypeError('a queue in PostgreSQL was given no pool');
    const connection = new PooledConnection(opts.connection, schema, prepared);
    return new PostgresQueueBackend(connection, name, opts, true, withBlockingConnection ? name : undefined);
  };
}
