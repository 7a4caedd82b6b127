// Part of `npm run build`: an empty database in `dist/database`, so that a first start on the embedded queue copies it
// instead of setting one up for seconds. Made anew only where what makes it has changed.
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

const madeBy = [
  prefix,
  await versionOf('@electric-sql/pglite'),
  await versionOf('bullmq'),
  await digestOf('dist/store/sql-tables.js'),
  await digestOf('dist/queue/sql-backend.js'),
].join(' ');
if ((await textOf(record)) !== madeBy) {
  // In a folder of its own, so that two builds at once do not meet.
  const folder = await mkdtemp(join(root, 'dist/unfinished-'));
  const backend = await openBackend(folder, { prefix, log: createLogger('silent') });
  await backend.close();
  await makeReadable(join(folder, 'database'));
  const made = join(folder, 'made');
  await mkdir(made);
  await rename(join(folder, 'database'), join(made, schemaName(prefix)));
  await writeFile(join(made, 'made-by'), madeBy);
  await rm(databases, { recursive: true, force: true });
  await rename(made, databases);
  await rm(folder, { recursive: true });
}

async function versionOf(name) {
  return JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

async function digestOf(file) {
  return createHash('sha256')
    .update(await readFile(join(root, file)))
    .digest('hex')
    .slice(0, 16);
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
