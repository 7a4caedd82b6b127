import type { Backend } from '../backend.ts';
import type { BackendOptions } from '../backend-options.ts';
import { CannotOpenError } from '../cannot-open-error.ts';
import { openSql } from './backend.ts';

/** The default of `POSTGRES_CONNECTIONS`. */
const CONNECTIONS = 10;

/** Queues and store in PostgreSQL. */
export async function openPostgres(url: string, options: BackendOptions): Promise<Backend> {
  return openSql(
    {
      kind: 'postgres',
      connection: { connectionString: url },
      where: whereOf(url),
      connections: options.connections ?? CONNECTIONS,
      async warnings(store) {
        const { rows } = await store.query<{ name: string; setting: string }>(
          `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')`,
        );
        return rows
          .filter(({ setting }) => setting === 'off')
          .map(({ name }) => ({
            words: `${whereOf(url)} may lose what it accepted when its machine crashes (${name} is off). Set it to on.`,
            grave: false,
          }));
      },
    },
    options,
  );
}

function whereOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CannotOpenError(
      'QUEUE_URL is no URL of PostgreSQL. It looks like postgres://user:password@host:5432/database; encode special characters of the password (@ is %40, / is %2F).',
    );
  }
  return `PostgreSQL at ${url.hostname || 'localhost'}:${url.port || 5432}`;
}
