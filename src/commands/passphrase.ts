import { readFileSync } from 'node:fs';
import { OperationError } from '../operations/operation.ts';
import type { Settings } from '../settings/settings.ts';
import { MisusedError } from './misused-error.ts';
import { createPrompt, type Prompt } from './prompt.ts';

/** At least so many characters: whoever has the file can try as often as they like. */
const SHORTEST = 12;

export interface PassphraseOptions {
  passphraseFile?: string;
  /** Secrets are left out, so none is needed. */
  withoutSecrets?: boolean;
}

/**
 * The passphrase that secrets are sealed with: from a file, the setting, or a person at the terminal. `isNew`: asked for
 * twice, and not too short. `mayAsk`: whether stdin and stdout are free for it. `prompt`: whoever can be asked.
 */
export async function passphraseOf(
  { passphraseFile }: PassphraseOptions,
  { exportPassphrase }: Pick<Settings, 'exportPassphrase'>,
  { isNew, mayAsk }: { isNew: boolean; mayAsk: boolean },
  prompt: () => Prompt | undefined = atTerminal,
): Promise<string> {
  const given =
    passphraseFile === undefined ? exportPassphrase : firstLine(passphraseFile, '--passphrase-file');
  if (given !== undefined) return longEnough(given, isNew);
  const person = mayAsk ? prompt() : undefined;
  if (person === undefined)
    throw new MisusedError(
      `There are secrets, which a passphrase ${isNew ? 'seals' : 'opens'}, and no terminal to ask for it: give --passphrase-file or EXPORT_PASSPHRASE, or leave them out with --without-secrets.`,
    );
  try {
    const first = await person.secret(isNew ? 'Passphrase to seal the secrets with' : 'Passphrase');
    if (first === undefined) throw new OperationError('Without a passphrase give --without-secrets.');
    longEnough(first, isNew);
    if (isNew && (await person.secret('Once more')) !== first)
      throw new OperationError('The two passphrases differ.');
    return first;
  } finally {
    person.close();
  }
}

function atTerminal(): Prompt | undefined {
  return process.stdin.isTTY === true && process.stdout.isTTY === true ? createPrompt(true) : undefined;
}

function longEnough(passphrase: string, isNew: boolean): string {
  if (isNew && passphrase.length < SHORTEST)
    throw new OperationError(`The passphrase is too short: take ${SHORTEST} characters at least.`);
  return passphrase;
}

function firstLine(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationError(`${option} ${file} cannot be read (${why}).`);
  }
}
