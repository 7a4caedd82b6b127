import fs, { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FolderLockedError, lockFolder, readFolderLock } from '../../../src/queue/sql/folder-lock.ts';
import { thisProcess } from '../../../src/queue/sql/process-identity.ts';
import { freshFolder } from '../../support/backends.ts';
import { type Child, runFixture } from '../child.ts';
import { eventually } from '../support.ts';

/** Lets no hard link be made until the test has ended, as on SMB, virtiofs and FAT. */
function withoutLinks(): void {
  vi.spyOn(fs, 'link').mockRejectedValue(
    Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' }),
  );
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
}

describe('the lock of a folder', () => {
  const children: Child[] = [];
  const child = (folder: string) => {
    const started = runFixture('lock.mjs', folder);
    children.push(started);
    return started;
  };
  afterEach(async () => {
    await Promise.all(children.splice(0).map((started) => started.kill()));
  });

  test('a second opener is refused, and told the process id of the first', async () => {
    const folder = freshFolder();
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(
      expect.objectContaining({ name: 'FolderLockedError', pid: process.pid }),
    );
    await expect(lockFolder(folder)).rejects.toThrow(`${folder} is in use by process ${process.pid}`);
    await lock.release();
    await (await lockFolder(folder)).release();
  });

  test('a file system without hard links has locks as well, also where many want one', async () => {
    const folder = freshFolder();
    withoutLinks();
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const got = tries.filter((attempt) => attempt.status === 'fulfilled');
      expect(got).toHaveLength(1);
      await expect(lockFolder(folder)).rejects.toBeInstanceOf(FolderLockedError);
      for (const { value } of got) await value.release();
    }
    // Each lock met a file system without them.
    expect(fs.link).toHaveBeenCalled();
  });

  test('the lock of a process that was killed is taken over', async () => {
    const folder = freshFolder();
    const first = child(folder);
    await eventually(() => expect(first.lines).toEqual(['locked']));
    await expect(lockFolder(folder)).rejects.toBeInstanceOf(FolderLockedError);
    await first.kill();
    expect(await readFolderLock(folder)).toBeUndefined();
    await (await lockFolder(folder)).release();
  });

  test('of many processes that find a dead lock at once, one gets it', async () => {
    const folder = freshFolder();
    const first = child(folder);
    await eventually(() => expect(first.lines).toEqual(['locked']));
    await first.kill();
    const racers = Array.from({ length: 6 }, () => child(folder));
    await eventually(() => expect(racers.every(({ lines }) => lines.length === 1)).toBe(true));
    const winners = racers.filter(({ lines }) => lines[0] === 'locked');
    expect(winners).toHaveLength(1);
    const refusal = `FolderLockedError ${winners[0]?.process.pid}`;
    const others = racers.filter((racer) => racer !== winners[0]);
    expect(others.map(({ lines }) => lines[0])).toEqual(others.map(() => refusal));
  });

  test('of many openers in one process, one at a time gets it', async () => {
    const folder = freshFolder();
    for (let round = 0; round < 10; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const got = tries.filter((attempt) => attempt.status === 'fulfilled');
      expect(got).toHaveLength(1);
      await got[0]?.value.release();
    }
  });

  // Where the system does not tell when a process started, its id is all there is.
  const dead = { ...thisProcess(), host: 'here' };
  test.skipIf(dead.started === undefined)(
    'a process that got the id of a dead one does not count as the dead one',
    async () => {
      const folder = freshFolder();
      await writeFile(join(folder, 'lock-4.json'), JSON.stringify({ ...dead, started: '1' }));
      await (await lockFolder(folder)).release();
    },
  );

  test('a lock that cannot be looked at is not taken over: its owner may be at work', async () => {
    const folder = freshFolder();
    // Read as a file it fails for another reason than that it is gone, for root as well.
    await mkdir(join(folder, 'lock-1.json'));
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(readFolderLock(folder)).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(folder)).toEqual(['lock-1.json']);
  });

  test('a lock that holds nothing that can be read is taken over', async () => {
    const folder = freshFolder();
    await writeFile(join(folder, 'lock-1.json'), '');
    await (await lockFolder(folder)).release();
  });

  test('what is announced is there for the same user, and for nobody else', async () => {
    const folder = freshFolder();
    const lock = await lockFolder(folder);
    expect(await readFolderLock(folder)).toEqual({ pid: process.pid });
    const announcement = { address: 'http://127.0.0.1:3000', token: 'abc' };
    await lock.announce(announcement);
    expect(await readFolderLock(folder)).toEqual({ pid: process.pid, announcement });
    const [file] = (await readdir(folder)).filter((name) => name.startsWith('lock'));
    expect((await stat(join(folder, file ?? ''))).mode & 0o777).toBe(0o600);
    await lock.release();
    expect(await readFolderLock(folder)).toBeUndefined();
    expect(await readFile(join(folder, file ?? ''), 'utf8')).not.toContain('abc');
  });

  test('a folder that nobody ever opened has no lock', async () => {
    expect(await readFolderLock(join(freshFolder(), 'nothing'))).toBeUndefined();
  });
});
