import { type FileHandle, open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Exported, exportStore, refuseUnsettled } from '../operations/backup.ts';
import { OperationError } from '../operations/operation.ts';
import { readSettings } from '../settings/settings.ts';
import { newSeal } from '../store/archive/seal.ts';
import { secretsIn } from '../store/archive/write.ts';
import { SECRET_TABLES } from '../store/secret-tables.ts';
import { printJson, warnLines } from '../terminal.ts';
import { MisusedError } from './misused-error.ts';
import { withPlace } from './operate.ts';
import { type PassphraseOptions, passphraseOf } from './passphrase.ts';

/** `export <file> [--json]`: all that the store knows, in a file that only its owner can read; `-` is stdout. */
export async function exportCommand(
  file: string,
  options: PassphraseOptions & { json?: boolean },
): Promise<number> {
  if (file === '-' && options.json)
    throw new MisusedError('With - the export itself goes to stdout: leave out --json, or name a file.');
  // Whoever reads stdout may end early: then it was not exported.
  if (file === '-') process.exitCode = 1;
  const settings = readSettings(process.env, []);
  return withPlace(
    settings,
    async (base) => {
      await refuseUnsettled(base);
      const secret = await secretsIn(base.store.tables);
      const seal =
        options.withoutSecrets !== true && secret.length > 0
          ? await newSeal(await passphraseOf(options, settings, { isNew: true, mayAsk: file !== '-' }))
          : undefined;
      const exported = await into(file, (write) => exportStore(base, write, seal));
      if (options.json) {
        const { secrets: state, failed, ...counts } = exported;
        printJson({ file: resolve(file), ...counts, secrets: state, failedJobs: failed });
        return 0;
      }
      warnLines(...summaryOf(file, exported));
      if (exported.secrets === 'left out')
        warnLines(`Left out: ${secret.map((table) => SECRET_TABLES[table]).join('; ')}.`);
      return 0;
    },
    async () => {
      throw new OperationError(
        `The store in ${resolve(settings.queueUrl)} is in use: stop the service, and export again.`,
      );
    },
  );
}

function summaryOf(file: string, { tables, ranks, entries, secrets, failed }: Exported): string[] {
  const where = file === '-' ? 'to stdout' : resolve(file);
  return [
    `Exported ${where}: ${entries} entries of ${tables} tables and ${ranks} ranks${secrets === 'sealed' ? ', with the secrets sealed' : ''}.`,
    ...(failed > 0
      ? [
          `${failed} failed ${failed === 1 ? 'job is' : 'jobs are'} not part of it: they stay in the queue (\`failed\` lists them; \`failed retry --all\` before an export has them done).`,
        ]
      : []),
  ];
}

/** Writes a new file, completely or not at all. */
async function into<T>(
  file: string,
  use: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  if (file === '-') return use(toStdout);
  const path = resolve(file);
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationError(
      code === 'EEXIST'
        ? `${path} is there already, and is not written over: choose another name.`
        : `${path} cannot be written (${code}).`,
    );
  }
  try {
    const result = await use((text) => handle.appendFile(text));
    await handle.sync();
    await handle.close();
    return result;
  } catch (error) {
    await handle.close().catch(() => {});
    await unlink(path).catch(() => {});
    throw error;
  }
}

function toStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
