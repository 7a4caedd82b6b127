import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createLogger } from '../log.ts';
import { importStore } from '../operations/backup.ts';
import { OperationError } from '../operations/operation.ts';
import { openBackend } from '../queue/open-backend.ts';
import { readSettings } from '../settings/settings.ts';
import { ArchiveError, type Lines, readArchive, readHeader } from '../store/archive/read.ts';
import { openSeal, SealError } from '../store/archive/seal.ts';
import { splitLines } from '../store/archive/split-lines.ts';
import { printJson, printLines } from '../terminal.ts';
import { type PassphraseOptions, passphraseOf } from './passphrase.ts';

/** `import <file> [--json]`: fills an empty place with what `export` wrote; `-` is stdin. */
export async function importCommand(
  file: string,
  options: PassphraseOptions & { json?: boolean },
): Promise<number> {
  const settings = readSettings(process.env, []);
  const name = file === '-' ? 'What came on stdin' : resolve(file);
  const lines = await linesOf(file);
  const read = async () => {
    const { secrets, sealing } = await readHeader(lines);
    const isSealed = options.withoutSecrets !== true && sealing !== undefined;
    const seal = isSealed
      ? await openSeal(sealing, await passphraseOf(options, settings, { isNew: false, mayAsk: file !== '-' }))
      : undefined;
    // All of it, before anything is written.
    const { header } = await readArchive(lines, async () => {}, seal);
    return { header, seal, lack: secrets === 'left out' || (secrets === 'sealed' && !isSealed) };
  };
  const { header, seal, lack } = await read().catch((error: unknown) => {
    if (error instanceof ArchiveError || error instanceof SealError)
      throw new OperationError(`${name} is not imported, and nothing was written. ${error.message}`);
    throw error;
  });
  const log = createLogger(settings.logLevel === 'info' ? 'warn' : settings.logLevel, {
    pretty: true,
    destination: process.stderr,
  });
  const backend = await openBackend(settings.queueUrl, { prefix: settings.queuePrefix, log });
  try {
    await backend.ping().catch((error: unknown) => {
      throw new OperationError(error instanceof Error ? error.message : String(error));
    });
    const now = await backend.tables.time();
    const entries = await importStore(backend, lines, now, seal);
    if (options.json) {
      const { at, release } = header;
      printJson({ entries, at, release, into: await backend.describe(), lacksSecrets: lack });
      return 0;
    }
    printLines(
      `Imported ${entries} entries, as exported at ${header.at} by release ${header.release}, into ${await backend.describe()}.`,
      ...(lack
        ? [
            'Secrets that trackers offered in handshakes are not among them: `incident-closer secret <tracker>` says how to have them offered again.',
          ]
        : []),
      'The next start sweeps at once. Do not start the service at the place that this came from again.',
    );
    return 0;
  } finally {
    await backend.close();
  }
}

async function linesOf(file: string): Promise<Lines> {
  if (file !== '-') {
    const path = resolve(file);
    await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new OperationError(`${path} cannot be read (${error.code ?? error.message}).`);
    });
    return () => splitLines(createReadStream(path));
  }
  const all: string[] = [];
  for await (const line of splitLines(process.stdin)) all.push(line);
  return async function* () {
    yield* all;
  };
}
