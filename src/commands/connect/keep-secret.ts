import { appendFile, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OperationError } from '../../operations/operation.ts';
import { envText } from '../../settings/env-text.ts';
import { secretVariable } from '../../settings/rows.ts';
import type { Source } from '../../trackers/tracker.ts';

const RESTART = 'Restart the service with it: until then it refuses what this webhook sends.';

/**
 * Puts a secret that a tracker made where the service reads it: into the file that `<NAME>_FILE` names, or into the file
 * of settings, if nothing is set yet. Otherwise a person has to. Returns what to tell.
 */
export async function keepSecret(
  { name, title }: Pick<Source, 'name' | 'title'>,
  secret: string,
  env: Record<string, string | undefined>,
  settings: string | undefined,
): Promise<string[]> {
  const variable = secretVariable(name);
  const file = env[`${variable}_FILE`]?.trim();
  if (file) {
    await append(file, `${secret}\n`);
    return [`Added the secret that ${title} made to ${resolve(file)}. ${RESTART}`];
  }
  const has = (env[variable]?.trim() ?? '') !== '';
  if (!has && settings !== undefined) {
    await append(settings, `\n${envText(new Map([[variable, secret]]))}`);
    // A further one has to stand beside it.
    env[variable] = secret;
    return [`Wrote the secret that ${title} made to ${settings}, as ${variable}. ${RESTART}`];
  }
  return [
    `${title} made the secret of this webhook. ${has ? `Add it to ${variable}, with a comma before it` : `Set it as ${variable}`}: ${secret}`,
    RESTART,
  ];
}

/** Adds whole lines. */
async function append(path: string, text: string): Promise<void> {
  try {
    const before = await readFile(path, 'utf8');
    await appendFile(path, `${before === '' || before.endsWith('\n') ? '' : '\n'}${text}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new OperationError(
      `${resolve(path)} cannot be written (${code}), so the secret of the webhook that was just made is nowhere yet. Fix that, and run this again: it finds the webhook.`,
    );
  }
}
