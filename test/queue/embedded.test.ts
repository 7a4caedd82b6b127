import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { Backend } from '../../src/queue/backend.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { EMBEDDED_PREFIX, freshFolder } from '../support/backends.ts';
import { prepared } from '../support/prepared.ts';
import { type Child, runFixture } from './child.ts';
import { eventually, idle, listeningLog, quiet } from './support.ts';

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
