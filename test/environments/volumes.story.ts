import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it, type TestContext } from 'vitest';
import { get, openProcessWorld, post, readyz } from '../processes/world.ts';
import { EMBEDDED_PREFIX, freshFolder, type QueuePlace } from '../support/backends.ts';
import { freePort } from '../support/free-port.ts';
import { deliverGithub } from '../support/github.ts';
import { bears, closesOne, isMissing } from './support.ts';

const ISSUE = 'environments/volumes#1';
const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const isRoot = process.getuid?.() === 0;
const missing = !inject('embedded') || isMissing('root, for mounts and other users', isRoot);

function at(url: string): QueuePlace {
  return { name: 'embedded', url, prefix: EMBEDDED_PREFIX };
}

/** A disk of its own with these options of tmpfs; undefined where this user may mount nothing. */
function disk(test: Pick<TestContext, 'onTestFinished'>, options: string): string | undefined {
  const folder = freshFolder('disk-');
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status !== 0) {
    console.warn('SKIPPED: nothing can be mounted here, so no small disk is tried.');
    return undefined;
  }
  test.onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  return folder;
}

describe.skipIf(missing)('the folder of the embedded database', () => {
  it('that the process may write and does not own (fsGroup, NFS, hostPath) is used, and keeps its modes', async (test) => {
    if (isMissing('setpriv', spawnSync('setpriv', ['--version']).status === 0))
      return test.skip('setpriv is missing'); // no other way to be a user that owns nothing; every Debian has it
    const folder = freshFolder('volume-');
    chownSync(folder, 0, 23_456);
    chmodSync(folder, 0o2775);
    // The world prepares folders of its own: this one is given as it is.
    const world = await openProcessWorld(at(freshFolder()), { QUEUE_URL: folder }, {}, test);
    const port = await freePort();
    const who = ['--reuid=12345', '--regid=12345', '--groups=23456'];
    const child = spawn('setpriv', [...who, process.execPath, PROGRAM, 'start'], {
      env: { PATH: process.env.PATH ?? '', ...world.env, QUEUE_URL: folder, PORT: String(port) },
      stdio: 'ignore',
    });
    test.onTestFinished(() => void child.kill('SIGKILL'));
    const incident = world.incident([ISSUE]);
    const url = `http://127.0.0.1:${port}`;
    await expect
      .poll(async () => (await get(`${url}/readyz`).catch(() => undefined))?.body)
      .toEqual({ status: 'ok', problems: [] });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    expect(statSync(folder)).toMatchObject({ mode: 0o42775, uid: 0 });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('is all that has to be writable, for a user id without a passwd entry and without any capability', async (test) => {
    const [hasSetpriv, hasUnshare] = ['setpriv', 'unshare'].map(
      (name) => spawnSync(name, ['--version']).status === 0,
    );
    if (isMissing('setpriv and unshare', hasSetpriv === true && hasUnshare === true))
      return test.skip('setpriv or unshare is missing'); // a root of its own takes both; the checks have them
    const folder = freshFolder('volume-');
    chmodSync(folder, 0o770);
    const readOnly = (command: string) =>
      [
        '--mount',
        'sh',
        '-c',
        `mount --bind "$FOLDER" "$FOLDER" && mount -o remount,bind,ro / && ${command}`,
      ] as const;
    const env = { PATH: process.env.PATH ?? '', FOLDER: folder };
    if (spawnSync('unshare', readOnly('! touch /etc/probe && touch "$FOLDER/probe"'), { env }).status !== 0)
      return test.skip('the root cannot be made read-only here'); // containers without CAP_SYS_ADMIN may not mount
    const world = await openProcessWorld(at(freshFolder()), { QUEUE_URL: folder }, {}, test);
    const port = await freePort();
    const who = '--reuid=54321 --regid=0 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all';
    const child = spawn('unshare', readOnly(`exec setpriv ${who} "$NODE" "$PROGRAM" start`), {
      env: { ...env, ...world.env, QUEUE_URL: folder, PORT: String(port), NODE: process.execPath, PROGRAM },
      stdio: 'ignore',
    });
    test.onTestFinished(() => void child.kill('SIGKILL'));
    const incident = world.incident([ISSUE]);
    const url = `http://127.0.0.1:${port}`;
    await expect
      .poll(async () => (await get(`${url}/readyz`).catch(() => undefined))?.body)
      .toEqual({ status: 'ok', problems: [] });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it.for([
    ['of another user, without the right to write', 'the user with id 12345 may not write in /'],
    ['on a disk without room for files', 'inodes'],
    ['on a disk without room for data', 'is full'],
  ] as const)('%s is refused at the start, in one sentence', async ([what, words], test) => {
    const options = what.includes('files') ? 'nr_inodes=300' : 'size=16m';
    const mounted = what.includes('disk') ? disk(test, options) : freshFolder('others-');
    if (mounted === undefined) return test.skip('only root may mount a disk'); // the checks run as root
    const folder = join(mounted, 'data');
    mkdirSync(folder);
    chmodSync(folder, 0o700);
    const world = await openProcessWorld(at(freshFolder()), {}, {}, test);
    const env = { PATH: process.env.PATH ?? '', ...world.env, QUEUE_URL: folder };
    const user = what.includes('user') ? ['--reuid=12345', '--regid=12345', '--clear-groups'] : ['--reuid=0'];
    const { status, stderr } = spawnSync('setpriv', [...user, process.execPath, PROGRAM, 'start'], {
      env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(words) });
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('that was filled on a disk that is full now: it says so, takes nothing, and works once there is room', async (test) => {
    const mounted = disk(test, 'size=160m');
    if (mounted === undefined) return test.skip('only root may mount a disk'); // the checks run as root
    const folder = join(mounted, 'data');
    const world = await openProcessWorld(at(freshFolder()), { QUEUE_URL: folder }, {}, test);
    const incident = world.incident([ISSUE]);
    const first = await world.serve('start');
    first.signal('SIGTERM');
    await first.ended();
    const ballast = join(mounted, 'ballast');
    fill(ballast);
    const refused = world.launch(['start']);
    const outcome = await Promise.race([refused.ended(), refused.url().catch(() => '')]);
    if (typeof outcome === 'string') {
      await readyz(outcome, {
        status: 503,
        body: { problems: expect.arrayContaining([expect.stringContaining('full')]) },
      });
      expect(await post(outcome)).toMatchObject({ status: 503 });
      await bears(refused, outcome);
    } else {
      expect(outcome.code).toBe(1);
      expect(refused.stderr.join('\n')).toMatch(/no room|full/);
    }
    spawnSync('rm', [ballast]);
    const service = await world.serve('start');
    await closesOne(world, incident, service.github, ISSUE);
    await bears(service, service.at);
  });

  it('whose last owner was killed in another container: the port is open while it is waited for', async (test) => {
    const folder = freshFolder('volume-');
    const world = await openProcessWorld(at(freshFolder()), { QUEUE_URL: folder }, {}, test);
    const lock = { pid: 1, started: '1', space: 'a boot that is over', host: 'another-container' };
    writeFileSync(join(folder, 'lock-1.json'), JSON.stringify(lock), { mode: 0o600 });
    const incident = world.incident([ISSUE]);
    const port = await freePort();
    const service = world.launch(['start'], { PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    await expect
      .poll(async () => (await get(`${url}/readyz`).catch(() => undefined))?.body)
      .toMatchObject({ problems: [expect.stringContaining('another-container')] });
    expect(await get(`${url}/healthz`)).toMatchObject({ status: 200 });
    expect(await post(url)).toMatchObject({ status: 503, retryAfter: '5' });
    await readyz(await service.url(), { status: 200, body: { problems: [] } });
    await closesOne(world, incident, (webhook) => deliverGithub(url, webhook), ISSUE);
    await bears(service, url);
  });
});

function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (;;) writeSync(file, Buffer.alloc(64 * 1024, 1));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}
