// Part of `npm run build`: an empty database in `dist/database`, so that a first start on the embedded queue copies it
// instead of setting one up for seconds. Made anew only where what makes it has changed.
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../dist/log.js';
import { openBackend } from '../dist/queue/open-backend.js';
import { schemaName } from '../dist/queue/schema-name.js';
import { readSettings } from '../dist/settings.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const databases = join(root, 'dist/database');
const record = join(databases, 'made-by');
// For this prefix alone: its schemas are in the database.
const { queuePrefix: prefix } = readSettings({});

const madeBy = [prefix, await versionOf('@electric-sql/pglite'), await versionOf('bullmq')].join(' ');
if ((await textOf(record)) !== madeBy) {
  await rm(databases, { recursive: true, force: true });
  const folder = join(databases, 'unfinished');
  await mkdir(databases);
  const backend = await openBackend(folder, { prefix, log: createLogger('silent') });
  await backend.close();
  await makeReadable(join(folder, 'database'));
  await rename(join(folder, 'database'), join(databases, schemaName(prefix)));
  await rm(folder, { recursive: true });
  await writeFile(record, madeBy);
}

async function versionOf(name) {
  return JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

async function textOf(file) {
  return readFile(file, 'utf8').catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** An image is built by one user and run by another. Nothing in it is anybody's yet. */
async function makeReadable(folder) {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? makeReadable(path) : chmod(path, 0o644));
  }
}
