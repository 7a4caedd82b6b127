import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { chmod, mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import type { Backend } from './backend.ts';
import { CannotOpenError } from './cannot-open-error.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import type { BackendOptions } from './open-backend.ts';
import { PgliteSession } from './pglite-session.ts';
import { schemaName } from './schema-name.ts';
import { openSql } from './sql-backend.ts';

export interface EmbeddedBackend extends Backend {
  kind: 'embedded';
  lock: FolderLock;
}

/**
 * Queues and store in a folder, in this process: PGlite, which is PostgreSQL without a server. Throws a
 * `FolderLockedError` where another process has the folder open, since two would lose each other's data.
 */
export async function openEmbedded(folder: string, options: BackendOptions): Promise<EmbeddedBackend> {
  await makeFolder(folder);
  const path = join(folder, 'database');
  const isNew = !(await exists(path));
  if (isNew)
    await roomFor(SETUP, folder).catch((error: Error) => {
      throw new CannotOpenError(`QUEUE_URL: the folder ${folder} cannot be set up: ${error.message}.`);
    });
  const lock = await lockFolder(folder);
  try {
    // Whoever had the folder until now may have set it up.
    if (isNew && !(await exists(path))) {
      options.log.info(`Setting up ${folder}, which takes a few seconds once.`);
      await copyBuilt(path, options);
    }
    // What is answered is written, so that a killed process loses nothing.
    const db = await PGlite.create(path, { relaxedDurability: false });
    try {
      const session = new PgliteSession(db);
      const backend = await openSql(
        {
          kind: 'embedded',
          // Nothing but `stream` is used, but without a user and host pg would look for them in PGUSER and PGHOST.
          connection: {
            host: 'localhost',
            user: 'postgres',
            password: '',
            database: 'postgres',
            ssl: false,
            stream: () => session.connect(),
          },
          where: `The embedded database in ${folder}`,
          async prepared(schema) {
            // All connections share one session, so what BullMQ asks for on each is set for all here.
            await db.exec(`SET search_path TO "${schema}"`);
          },
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

const MiB = 1024 * 1024;
/** What the database's log grows by: https://www.postgresql.org/docs/17/wal-configuration.html */
const SEGMENT = 16 * MiB;
/** An empty database, with its log. */
const SETUP = 64 * MiB;

/** Throws where the disk of the folder has less room, in bytes: on a full one nothing can be written, or even tidied up. */
async function roomFor(bytes: number, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes)
    throw new Error(
      `its disk is full (${Math.floor(free / MiB)} MiB are free, ${bytes / MiB} are needed): make room on the disk of ${folder}`,
    );
}

/** By their schemas, empty databases that the build left beside the compiled code. */
const BUILT = new URL('../database/', import.meta.url);

/**
 * Puts an empty database at `path`, whole or not at all, also when it is killed. Where none was built for this prefix, or
 * it cannot be copied, PGlite sets one up when it opens the path, which takes far longer.
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

/**
 * For the owner alone, whatever the modes of what is copied. Not with `cpSync`, which since Node.js 22.17 leaves files on
 * some mounted folders that their owner cannot read (https://github.com/nodejs/node/issues/65497), nor asynchronously:
 * a thousand small files take three times as long, and nothing else goes on yet.
 */
function copyFolder(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, copy);
    else {
      copyFileSync(source, copy);
      chmodSync(copy, 0o600);
    }
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotOpenError(`QUEUE_URL: the folder ${folder} cannot be used (${why}).`);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
