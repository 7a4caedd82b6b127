import { constants, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { access, chmod, mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { PACKAGE_ROOT } from '../../package-root.ts';
import type { Backend } from '../backend.ts';
import type { BackendOptions } from '../backend-options.ts';
import { CannotOpenError } from '../cannot-open-error.ts';
import { noStore } from '../no-store.ts';
import { openSql } from './backend.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { PgliteSession } from './pglite-session.ts';
import { schemaName } from './schema-name.ts';

export interface EmbeddedBackend extends Backend {
  kind: 'embedded';
  lock: FolderLock;
}

/**
 * Queues and store in a folder, in this process: PGlite, which is PostgreSQL without a server. Throws a
 * `FolderLockedError` if another process has the folder open, since two would lose each other's data.
 */
export async function openEmbedded(given: string, options: BackendOptions): Promise<EmbeddedBackend> {
  const folder = resolve(given);
  const path = join(folder, 'database');
  const isNew = !(await exists(path));
  if (isNew && options.existing) throw noStore(`in ${folder}`);
  await makeFolder(folder);
  if (isNew)
    await roomFor(SETUP, folder).catch((error: Error) => {
      throw new CannotOpenError(`QUEUE_URL: the folder ${folder} cannot be set up: ${error.message}.`);
    });
  const lock = await lockFolder(folder, (words) => {
    options.log.warn(words);
    options.onWait?.(words);
  }).catch((error: unknown) => refuse(error, folder));
  try {
    // Whoever had the folder until now may have initialized it.
    if (isNew && !(await exists(path))) {
      options.log.info(`Setting up ${folder}, which takes a few seconds once.`);
      await copyBuilt(path, options);
    }
    // What is answered has been written, so a killed process loses nothing.
    const db = await PGlite.create(path, {
      relaxedDurability: false,
      startParams: [...PGlite.defaultStartParams, ...LITTLE_MEMORY],
    }).catch((error: unknown) => refuse(error, folder));
    try {
      // Where PGlite made it, by the umask.
      if (isNew) await chmod(path, 0o700);
      const session = new PgliteSession(db);
      const backend = await openSql(
        {
          kind: 'embedded',
          // Only `stream` is used, but without a user and host pg would read PGUSER and PGHOST.
          connection: {
            host: 'localhost',
            user: 'postgres',
            password: '',
            database: 'postgres',
            ssl: false,
            stream: () => session.connect(),
          },
          where: `The embedded database in ${folder}`,
          // Connections within this process cost nothing.
          connections: 12,
          room: () => roomFor(SEGMENT, folder),
          warnings: async () => [],
          async close() {
            await db.close();
            await lock.release();
          },
        },
        options,
      );
      return { ...backend, kind: 'embedded', lock };
    } catch (error) {
      await db.close().catch(() => {});
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Its own buffers are small, since the system caches its files anyway: PostgreSQL's defaults are for a server of many
 * sessions, and take 140 MB more. https://www.postgresql.org/docs/17/runtime-config-resource.html#GUC-SHARED-BUFFERS
 */
const LITTLE_MEMORY = ['-c', 'shared_buffers=8MB', '-c', 'wal_buffers=512kB', '-c', 'max_connections=5'];

const MiB = 1024 * 1024;
/** How much the database's WAL grows at once: https://www.postgresql.org/docs/17/wal-configuration.html */
const SEGMENT = 16 * MiB;
/** The size of an empty database with its WAL. */
const SETUP = 64 * MiB;

/** The number of files of an empty database, roughly. */
const SETUP_FILES = 1_200;

/** Throws if the folder's disk has less free space, in bytes: on a full one nothing can even be cleaned up. */
async function roomFor(bytes: number, folder: string): Promise<void> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes)
    throw new Error(
      `its disk is full (${Math.floor(free / MiB)} MiB are free, ${bytes / MiB} are needed): make room on the disk of ${folder}`,
    );
  // Some file systems do not count them.
  const wanted = bytes === SETUP ? SETUP_FILES : 10;
  if (files > 0 && ffree < wanted)
    throw new Error(
      `its disk has room for ${ffree} more files (inodes), and ${wanted} are needed: remove files on the disk of ${folder}, or take another`,
    );
}

/** Throws the error; if it is about disk or permissions, in a message for the operator. */
function refuse(error: unknown, folder: string): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const what = isForbidden(code) ? whoMayNot(folder) : DISK_ERRORS[code];
  if (what === undefined) throw error;
  throw new CannotOpenError(`QUEUE_URL: the folder ${folder} cannot be used: ${what} (${code}).`);
}

function isForbidden(code: string): boolean {
  return code === 'EACCES' || code === 'EPERM';
}

/** Who may not write where, and what to do: a folder that is not there yet is made in the first one above that is. */
function whoMayNot(folder: string): string {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const user = process.getuid?.();
  const who = user === undefined ? 'this user' : `the user with id ${user}`;
  const give = user === undefined ? 'give it that folder' : `give it that folder (chown -R ${user} ${place})`;
  return `${who} may not write in ${place}: ${give} or write rights by its group, or set QUEUE_URL to a folder of its own`;
}

const DISK_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk has no room for more data or files: make room',
  EDQUOT: 'the quota of its user is used up: make room, or raise it',
  EROFS: 'its disk is read only: mount it for writing',
  EIO: 'its disk fails: look at the log of the machine',
  ENOTDIR: 'a file stands where a folder should be: move it, or choose another folder',
  EEXIST: 'a file stands where a folder should be: move it, or choose another folder',
};

/** Empty databases that the build made, by their schemas, each of their files compressed: most of them is empty pages. */
const BUILT = new URL('dist/database/', PACKAGE_ROOT);

/**
 * Puts an empty database at `path`, completely or not at all, even if killed. If none was built for this prefix, or it
 * cannot be copied, PGlite initializes one when it opens the path, which takes far longer.
 */
async function copyBuilt(path: string, { prefix, log }: BackendOptions): Promise<void> {
  const built = fileURLToPath(new URL(schemaName(prefix), BUILT));
  if (!(await exists(built))) return;
  const unfinished = `${path}.new`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    copyFolder(built, unfinished);
    await rename(unfinished, path);
  } catch (err) {
    log.warn(
      { err },
      'the empty database of the build could not be copied; one is set up, which takes longer',
    );
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Ends the name of each file of a database; another one stands in each folder that is empty. */
const GZ = '.gz';

/**
 * Readable by the owner alone, whatever the modes of what is copied, and not asynchronously: a thousand small files take
 * three times as long, and nothing else runs yet.
 */
function copyFolder(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) copyFolder(source, join(to, entry.name));
    else if (entry.name.endsWith(GZ))
      writeFileSync(join(to, entry.name.slice(0, -GZ.length)), gunzipSync(readFileSync(source)), {
        mode: 0o600,
      });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    // A folder that existed before keeps its modes, whoever owns it: it may be a volume, or shared with other programs.
    // Its contents are private anyway.
    if (made !== undefined) await chmod(folder, 0o700);
  } catch (error) {
    refuse(error, folder);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    refuse(error, path);
  }
}
