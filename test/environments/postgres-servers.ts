import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, type TestContext } from 'vitest';
import { freshFolder } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { postgresProgram, serverOwner } from '../support/servers.ts';

type Test = Pick<TestContext, 'onTestFinished'>;

const programs = ['postgres', 'initdb', 'pg_basebackup'].map(postgresProgram);
export const hasPostgresServers = programs.every((program) => program !== undefined);

/** A server of PostgreSQL that a test starts, ends and promotes. */
export interface PostgresServer {
  port: number;
  /** As the superuser. */
  query(text: string): Promise<Record<string, unknown>[]>;
  /** At once, as where its machine is lost. */
  crash(): Promise<void>;
}

/** A primary, empty; or a standby of another server, at `port` if that is given. */
export async function postgresServer(
  test: Test,
  { of, port: wanted }: { of?: PostgresServer; port?: number } = {},
): Promise<PostgresServer> {
  const [postgres = '', initdb = '', backup = ''] = programs;
  const owner = serverOwner();
  const folder = freshFolder('postgres-');
  chmodSync(folder, 0o700);
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  if (of === undefined)
    run(initdb, '-D', data, '--username=postgres', '--auth=trust', '--no-sync', '--locale=C');
  else
    run(
      backup,
      ...['-D', data, '-h', '127.0.0.1', '-p', String(of.port), '-U', 'postgres'],
      ...['--write-recovery-conf', '--checkpoint=fast', '--no-sync', '--wal-method=stream'],
    );
  const port = wanted ?? (await freePort());
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=100',
  ];
  const child: ChildProcess = spawn(
    postgres,
    ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
    { ...owner, cwd: folder, stdio: 'ignore' },
  );
  const crash = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGQUIT');
    await ended;
  };
  test.onTestFinished(async () => {
    await crash();
    rmSync(folder, { recursive: true, force: true });
  });
  const query = async (text: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  await expect.poll(() => query('SELECT 1').then(() => 'up', String)).toBe('up');
  return { port, query, crash };
}

/** Has the primary acknowledge only what this many standbys have. */
export async function keepsStandbys(primary: PostgresServer, count: number): Promise<void> {
  await primary.query(
    `ALTER SYSTEM SET synchronous_standby_names = '${count === 0 ? '' : `ANY ${count} (*)`}'`,
  );
  await primary.query('SELECT pg_reload_conf()');
  await expect
    .poll(() => primary.query("SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"))
    .toHaveLength(count);
}

/** It follows nobody and waits for nobody: its primary asked for that after it was made. */
export async function promote(standby: PostgresServer): Promise<void> {
  expect(await standby.query('SELECT pg_promote(true) AS done')).toEqual([{ done: true }]);
}
