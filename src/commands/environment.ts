import { namedEnvFile, ownEnvFile } from '../settings/env-file.ts';
import { SettingsError } from '../settings/settings.ts';
import { warnLines } from '../terminal.ts';

let notice: string | undefined;
let readFrom: string | undefined;
let fromFile: ReadonlySet<string> = new Set();

/**
 * Adds the settings of a file to our environment: of the one that somebody named, else of the working folder's `.env`;
 * none for `false`. Says on stderr which file was read, or is there and was not.
 *
 * @throws SettingsError where a named file cannot be read, or a secret and where it is sent come from two places.
 */
export function loadEnvironment(file: string | false | undefined): void {
  if (file === false) return;
  const found = file === undefined ? ownEnvFile(process.cwd(), process.env, process.getuid?.()) : named(file);
  notice = found.notice;
  if (found.isRead) readFrom = found.path;
  fromFile = new Set(Object.keys(found.values));
  if (found.isThere) warnLines(notice);
  if (found.problems.length > 0) throw new SettingsError(found.problems, []);
  Object.assign(process.env, found.values);
}

/** Where settings were looked for, for whoever misses one. */
export function whereSettingsAre(): string[] {
  return notice === undefined ? [] : [`(${notice})`];
}

/** Where a variable was set, for people; it is set. */
export function whereSet(name: string): string {
  return fromFile.has(name) && readFrom !== undefined ? readFrom : 'the environment';
}

/** The file that settings were read from, if there is one. */
export function settingsFile(): string | undefined {
  return readFrom;
}

function named(file: string) {
  try {
    return namedEnvFile(file, process.env);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SettingsError([`--env-file ${file} cannot be read (${why})`], []);
  }
}
