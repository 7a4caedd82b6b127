import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Backend } from '../../../src/queue/backend.ts';
import { openBackend } from '../../../src/queue/open-backend.ts';
import { EMBEDDED_PREFIX, freshFolder } from '../../support/backends.ts';
import { prepared } from '../../support/prepared.ts';
import { type Child, runFixture } from '../child.ts';
import { eventually, idle, listeningLog, quiet } from '../support.ts';

describe.skipIf(!inject('embedded'))('the embedded backend', () => {
  let children: Child[] = [];
  let backend: Backend | undefined;
  const hold = (...args: string[]) => {
    const started = runFixture('hold.mjs', ...args);
    children.push(started);
    return started;
  };
  const preparedFolder = async () => {
    const { url } = await prepared({ name: 'embedded', url: freshFolder(), prefix: EMBEDDED_PREFIX });
    return url;
  };
  const open = async (folder: string) => {
    backend = await openBackend(folder, { prefix: EMBEDDED_PREFIX, log: listeningLog().log });
    return backend;
  };
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    children = [];
    await backend?.close();
    backend = undefined;
  });

  test('what was acknowledged survives SIGKILL, in queues and store', async () => {
    const folder = await preparedFolder();
    let acknowledged: number[] = [];
    const seen = new Set<string>();
    // Killed at two different moments of the stream.
    for (const enough of [20, 7]) {
      const adding = hold(folder, '--add');
      await eventually(() => expect(adding.lines.length).toBeGreaterThan(enough));
      await adding.kill();
      acknowledged = adding.lines
        .filter((line) => line.startsWith('added'))
        .map((line) => Number(line.split(' ')[1]));
      const { work, tables, close, counts } = await open(folder);
      const keys = acknowledged.map((n) => `a#${n}`);
      expect((await counts()).events.waiting).toBeGreaterThanOrEqual(keys.length);
      expect(await tables.get('test', keys)).toEqual(keys.map(() => 'there'));
      const workers = work(
        { ...idle, events: async ({ tasks }) => void tasks.map(({ task }) => seen.add(task)) },
        { concurrency: 1 },
      );
      if (backend) await quiet(backend);
      await workers.close(3_000);
      expect(keys.filter((key) => !seen.has(key))).toEqual([]);
      seen.clear();
      await close();
    }
  });

  test('a second process that opens the folder is refused, naming the first', async () => {
    const folder = await preparedFolder();
    await open(folder);
    const second = hold(folder);
    await second.ended;
    expect(JSON.parse(second.lines[0] ?? '')).toMatchObject({
      name: 'FolderLockedError',
      pid: process.pid,
      message: expect.stringContaining(`${folder} is in use by process ${process.pid}`),
    });
  });

  describe('of a folder that was never used', () => {
    const built = fileURLToPath(new URL('../../../dist/database/', import.meta.url));
    /** By which PostgreSQL tells one database from another: https://www.postgresql.org/docs/17/protocol-replication.html */
    const systemOf = async (database: string) =>
      (await readFile(join(database, 'global/pg_control'))).readBigUInt64LE(0);
    const builtSystem = async () =>
      gunzipSync(await readFile(join(built, 'incident_closer/global/pg_control.gz'))).readBigUInt64LE(0);
    /** Opens it in a process of what was built; answers the folder of its database. */
    const opened = async (folder: string, prefix: string): Promise<string> => {
      const child = hold(folder, '--add', prefix);
      await eventually(() => expect(child.lines).toContain('added 1'));
      await child.kill();
      return join(folder, 'database');
    };

    test('copies the database of the build, again where a copy was cut off, for its owner alone', async () => {
      const folder = freshFolder();
      await mkdir(join(folder, 'database.new/base'), { recursive: true });
      const database = await opened(folder, 'incident-closer');
      expect(await systemOf(database)).toBe(await builtSystem());
      expect((await stat(database)).mode & 0o777).toBe(0o700);
      expect((await stat(join(database, 'PG_VERSION'))).mode & 0o777).toBe(0o600);
      expect(await readdir(folder)).not.toContain('database.new');
    });

    test('sets one up where the build has none for its prefix, or it cannot be copied', async () => {
      const broken = join(built, 'a_broken_copy');
      await writeFile(broken, 'no folder');
      onTestFinished(() => rm(broken));
      for (const prefix of ['another', 'a-broken-copy']) {
        const folder = freshFolder();
        const system = await systemOf(await opened(folder, prefix));
        expect(system).not.toBe(await builtSystem());
        expect(await readdir(folder)).not.toContain('database.new');
      }
    });
  });

  test.each(['incident-closer', 'another'])(
    'a folder that was there keeps its modes, and what is put into it is for its owner alone (prefix %s)',
    async (prefix) => {
      const folder = freshFolder();
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'of others'), '');
      await chmod(folder, 0o755);
      for (let start = 0; start < 2; start++) {
        const child = hold(folder, '--add', prefix);
        await eventually(() => expect(child.lines).toContain('added 1'));
        expect((await stat(folder)).mode & 0o777).toBe(0o755);
        for (const name of (await readdir(folder)).filter((one) => one !== 'of others'))
          expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0);
        await child.kill();
      }
    },
  );

  test('only its owner can read the folder, and it is free again after close()', async () => {
    const folder = join(freshFolder(), 'made', 'on the way');
    const first = await open(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await first.close();
    await first.close();
    const second = await open(folder);
    await second.ping();
  });
});
