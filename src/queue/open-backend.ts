import type { Backend } from './backend.ts';
import type { BackendOptions } from './backend-options.ts';
import { CannotOpenError } from './cannot-open-error.ts';
import { takeLibraryLines } from './library-lines.ts';

/**
 * Opens the place that `QUEUE_URL` names: a folder, `redis://` (`-sentinel`, `-cluster`; `rediss` for TLS),
 * `postgres://`. Loads only what is used. Redis may be down; a folder must be free and PostgreSQL must answer.
 */
export async function openBackend(queueUrl: string, options: BackendOptions): Promise<Backend> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(options.prefix)) {
    throw new CannotOpenError(
      `QUEUE_PREFIX is ${JSON.stringify(options.prefix)}. Use letters, digits, "-", "_" and "." only, 64 at most.`,
    );
  }
  takeLibraryLines(options.existing ? undefined : options.log);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(queueUrl)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (queueUrl.trim() === '')
        throw new CannotOpenError('QUEUE_URL is empty. Give the path of a folder, or a URL.');
      return (await import('./sql/embedded.ts')).openEmbedded(queueUrl, options);
    case 'redis':
    case 'rediss':
    case 'redis-sentinel':
    case 'rediss-sentinel':
    case 'redis-cluster':
    case 'rediss-cluster':
      return (await import('./redis/backend.ts')).openRedis(queueUrl, options);
    case 'postgres':
    case 'postgresql':
      return (await import('./sql/postgres.ts')).openPostgres(queueUrl, options);
    default:
      throw new CannotOpenError(
        `QUEUE_URL begins with ${scheme}://, which is none of redis://, redis-sentinel://, redis-cluster:// (each also rediss), and postgres://. It may also be the path of a folder.`,
      );
  }
}
