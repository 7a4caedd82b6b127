import { cp, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { openBackend } from '../../src/queue/open-backend.ts';
import { EMBEDDED_PREFIX, freshFolder, type QueuePlace } from './backends.ts';

/**
 * Answers the place, an embedded one with a copy of a database that was set up once: to set one up keeps a machine
 * busy for seconds, and most tests are about something else.
 */
export async function prepared(place: QueuePlace): Promise<QueuePlace> {
  const database = join(place.url, 'database');
  if (place.name === 'embedded' && !(await exists(database)))
    await cp(join(await preparedFolder(), 'database'), database, { recursive: true });
  return place;
}

/** A fresh folder with a PostgreSQL of no use to anybody yet, for a PGlite of the test's own. */
export async function preparedDatabase(): Promise<string> {
  const place = { name: 'embedded', url: freshFolder('pglite-'), prefix: EMBEDDED_PREFIX } as const;
  return join((await prepared(place)).url, 'database');
}

let preparing: Promise<string> | undefined;

/** Set up by the first that needs it, for all files of the run. */
function preparedFolder(): Promise<string> {
  preparing ??= (async () => {
    const folder = join(inject('scratch'), 'prepared');
    if (await exists(folder)) return folder;
    const mine = freshFolder('preparing-');
    const backend = await openBackend(mine, { prefix: EMBEDDED_PREFIX, log: createLogger('silent') });
    await backend.close();
    // Another file may have been faster: then its folder is as good.
    return rename(mine, folder).then(
      () => folder,
      () => mine,
    );
  })();
  return preparing;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
