import { namedEnvFile, ownEnvFile } from '../settings/env-file.ts';
import { SettingsError } from '../settings/settings.ts';
import { warnLines } from '../terminal.ts';

let told: string | undefined;

/**
 * Adds the settings of a file to our environment: of the one that somebody named, else of the working folder's `.env`;
 * none for `false`. Says on stderr which file was read, or is there and was not.
 *
 * @throws SettingsError where a named file cannot be read, or a secret and where it is sent come from two places.
 */
export function loadEnvironment(file: string | false | undefined): void {
  if (file === false) return;
  const found = file === undefined ? ownEnvFile(process.cwd(), process.env, process.getuid?.()) : named(file);
  told = found.told;
  if (found.isThere) warnLines(told);
  if (found.problems.length > 0) throw new SettingsError(found.problems, []);
  Object.assign(process.env, found.values);
}

/** Where settings were looked for, for whoever misses one. */
export function whereSettingsAre(): string[] {
  return told === undefined ? [] : [`(${told})`];
}

function named(file: string) {
  try {
    return namedEnvFile(file, process.env);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SettingsError([`--env-file ${file} cannot be read (${why})`], []);
  }
}
