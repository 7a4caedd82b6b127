import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inject, type TestContext } from 'vitest';
import { schemaName } from '../../src/queue/sql/schema-name.ts';
import { sleep } from '../../src/sleep.ts';
import { freshFolder, type QueuePlace } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { PATIENCE } from '../support/patience.ts';

type Test = Pick<TestContext, 'onTestFinished'>;

export interface OwnDatabase {
  /** As the superuser, in the database. */
  admin: pg.Client;
  role: string;
  database: string;
  place: QueuePlace;
  /** The schemas of queues and store for the prefix of the place. */
  schemas: [string, string];
}

/** A database, and a role of its own in it. `grants` follow the name of the role. */
export async function ownDatabase(test: Test, prefix: string, options = ''): Promise<OwnDatabase> {
  const server = new URL(inject('postgresUrl'));
  const name = `env_${randomBytes(5).toString('hex')}`;
  const root = await connected(server.href, test);
  await root.query(`CREATE ROLE ${name} LOGIN PASSWORD 'pw' ${options}`);
  await root.query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const admin = await connected(url.href, test);
  url.username = name;
  url.password = 'pw';
  const queues = schemaName(prefix);
  return {
    ...{ admin, role: name, database: name, schemas: [queues, `${queues}_store`] },
    place: { name: 'postgres', url: url.href, prefix },
  };
}

async function connected(connectionString: string, test: Test): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  test.onTestFinished(() => client.end());
  return client;
}

export function hasPgBouncer(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A PgBouncer in front of the database, as Debian has it but for what is said here. */
export async function pgBouncer(
  test: Test,
  { place, database }: OwnDatabase,
  mode: string,
): Promise<QueuePlace> {
  const folder = freshFolder('pgbouncer-');
  const server = new URL(place.url);
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(join(folder, 'users.txt'), `"${server.username}" "pw"\n`);
  writeFileSync(
    file,
    [
      '[databases]',
      `${database} = host=${server.hostname} port=${server.port} dbname=${database}`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir ='],
      ...['auth_type = plain', `auth_file = ${join(folder, 'users.txt')}`, `pool_mode = ${mode}`],
    ].join('\n'),
  );
  const root = process.getuid?.() === 0;
  // It refuses to run as root.
  const owner = root ? { uid: 65_534, gid: 65_534 } : {};
  if (root) for (const one of [folder, file, join(folder, 'users.txt')]) chownSync(one, 65_534, 65_534);
  const child = spawn('pgbouncer', [file], { ...owner, stdio: ['ignore', 'ignore', 'pipe'] });
  test.onTestFinished(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  child.stderr.on('data', (data) => said.push(String(data)));
  for (let waited = 0; !said.join('').includes('process up'); waited += 50) {
    if (waited > PATIENCE) throw new Error(`PgBouncer did not start:\n${said.join('')}`);
    await sleep(50);
  }
  const url = new URL(place.url);
  url.port = String(port);
  return { ...place, url: url.href };
}
