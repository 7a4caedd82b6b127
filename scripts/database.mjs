// Part of `npm run build`: an empty database in `dist/database`, so that a first start on the embedded queue copies it
// instead of setting one up for seconds. Rebuilt only if what makes it has changed.
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createLogger } from '../build/log.js';
import { openBackend } from '../build/queue/open-backend.js';
import { schemaName } from '../build/queue/sql/schema-name.js';
import { readSettings } from '../build/settings/settings.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const databases = join(root, 'dist/database');
const record = join(databases, 'made-by');
// For this prefix alone: its schemas are in the database.
const { queuePrefix: prefix } = readSettings({});

const madeBy = [
  'compressed',
  prefix,
  await versionOf('@electric-sql/pglite'),
  await versionOf('bullmq'),
  await digestOf('build/store/sql-tables.js'),
  await digestOf('build/queue/sql/backend.js'),
].join(' ');
if ((await textOf(record)) !== madeBy) {
  // In a folder of its own, so that two builds at once do not meet.
  const folder = await mkdtemp(join(root, 'dist/unfinished-'));
  const backend = await openBackend(folder, { prefix, log: createLogger('silent') });
  await backend.close();
  await compress(join(folder, 'database'));
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

/** Most of a database is empty pages. An image is built by one user and run by another, and nothing in it is anybody's yet. */
async function compress(folder) {
  await chmod(folder, 0o755);
  const entries = await readdir(folder, { withFileTypes: true });
  // A package has no empty folders, and PostgreSQL does not start without its own.
  if (entries.length === 0) await writeFile(join(folder, 'empty'), '');
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await compress(path);
    else {
      await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }), { mode: 0o644 });
      await rm(path);
    }
  }
}
