import { readFile } from 'node:fs/promises';
import { prefixOf } from '../../settings/rows.ts';
import { SettingsError } from '../../settings/settings.ts';
import type { Connecting } from '../../trackers/connecting.ts';
import type { Tracker } from '../../trackers/tracker.ts';
import { MisusedError } from '../misused-error.ts';
import { createPrompt } from '../prompt.ts';

const TOKEN = 'CONNECT_TOKEN';

export interface TokenAsked {
  tracker: Tracker;
  connecting: Connecting;
  /** Where it is sent. */
  urls: readonly string[];
  tokenFile: string | undefined;
  /** The environment without what a file of settings adds. */
  shell: Readonly<Record<string, string | undefined>>;
}

/**
 * An administrator's token for one command: from a file, the shell, or the person at the terminal. Of a file of settings
 * it is never taken: it would stay there, and go to every command.
 */
export async function adminToken({
  tracker: { name, title },
  connecting: { needs },
  urls,
  tokenFile,
  shell,
}: TokenAsked): Promise<string> {
  const address = `${prefixOf(name)}_URL`;
  delete process.env[TOKEN];
  const given = shell[TOKEN]?.trim();
  if (tokenFile !== undefined) return plain(await textOf(tokenFile), `--token-file ${tokenFile}`);
  if (given) {
    if (!shell[address]?.trim() && process.env[address]?.trim())
      throw new SettingsError(
        [
          `${TOKEN} comes from the environment, and ${address}, where it is sent, from a file: give the token in a file, by --token-file, or at the terminal`,
        ],
        [],
      );
    return plain(given, TOKEN);
  }
  const prompt = createPrompt(process.stdin.isTTY === true && process.stdout.isTTY === true);
  try {
    const typed = await prompt.secret(
      `Token of ${title} for this command alone, sent to ${urls.join(', ')} and kept nowhere (it needs ${needs})`,
    );
    if (typed !== undefined) return plain(typed, 'the token');
  } finally {
    prompt.close();
  }
  throw new MisusedError(`No token: give --token-file or ${TOKEN}. It needs ${needs}.`);
}

async function textOf(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MisusedError(`--token-file ${file} cannot be read (${code}).`);
  }
}

/** It becomes a header. */
function plain(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new MisusedError(`${from}: give one line without blanks, as it was copied.`);
}
