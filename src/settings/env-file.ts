import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { allRows, sourceRows } from './rows.ts';
import type { Environment } from './variable.ts';

/** What came of looking for a file with settings. */
export interface EnvFile {
  /** What it adds to the environment: nothing that the environment has. */
  values: Record<string, string>;
  /** One line for people: which file was read, was not read and why, or was not found. */
  notice: string;
  path: string;
  /** It was read. */
  isRead: boolean;
  /** There is one, read or not. */
  isThere: boolean;
  /** Why nothing may be started with it. */
  problems: string[];
}

/**
 * The `.env` of a folder: read where nobody else could have written it, so that whoever can write into a shared folder
 * does not set what we do. `uid` is the user of this process.
 */
export function ownEnvFile(folder: string, env: Environment, uid: number | undefined): EnvFile {
  const path = resolve(folder, '.env');
  const nothing = { path, values: {}, isRead: false, isThere: true, problems: [] };
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return { ...nothing, isThere: false, notice: `there is no ${path}` };
    return { ...nothing, notice: `${path} is not read: it cannot be opened (${code})` };
  }
  try {
    const { uid: owner, mode } = fstatSync(file);
    const refused = (why: string): EnvFile => ({
      ...nothing,
      notice: `${path} is not read: ${why}. \`--env-file ${path}\` reads it all the same`,
    });
    if (uid !== undefined && owner !== uid && owner !== 0)
      return refused('it belongs to another user, who could set anything');
    if ((mode & 0o022) !== 0) return refused('others may write it (`chmod go-w` fixes that)');
    return taken(path, readFileSync(file, 'utf8'), env);
  } finally {
    closeSync(file);
  }
}

/** A file that somebody named, whoever owns it. Throws the error of the file system where it cannot be read. */
export function namedEnvFile(name: string, env: Environment): EnvFile {
  const path = resolve(name);
  return taken(path, readFileSync(path, 'utf8'), env);
}

function taken(path: string, text: string, env: Environment): EnvFile {
  const found = parseEnv(text);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(found))
    if (value !== undefined && !namesOf(name).some((one) => isSet(env, one))) values[name] = value;
  return {
    ...{ path, values },
    notice: `settings are read from ${path}`,
    isRead: true,
    isThere: true,
    problems: mixed(path, env, values),
  };
}

/** Empty means not set, here as in `readVariable`. */
function isSet(env: Environment, name: string): boolean {
  return (env[name]?.trim() ?? '') !== '';
}

/** All the variables that set what this one sets. */
function namesOf(name: string): readonly string[] {
  return FAMILIES.find((family) => family.includes(name)) ?? [name];
}

const FAMILIES: readonly (readonly string[])[] = allRows.map(({ name, otherName }) =>
  [name, ...(otherName === undefined ? [] : [otherName])].flatMap((one) => [one, `${one}_FILE`]),
);

/** A secret, and the address that it is sent to. */
const PAIRS: readonly (readonly [address: string, secret: string])[] = [
  ['INCIDENT_IO_API_URL', 'INCIDENT_IO_API_KEY'],
  ['OUTGOING_WEBHOOK_URL', 'OUTGOING_WEBHOOK_SECRET'],
  ...sourceRows.flatMap(({ access }) =>
    access === undefined ? [] : [[access.urls.name, access.token.name] as const],
  ),
];

/** A file must not say where a secret of the shell goes, nor the shell where one of the file does. */
function mixed(path: string, env: Environment, values: Environment): string[] {
  const from = (name: string) =>
    namesOf(name).some((one) => isSet(env, one))
      ? 'the environment'
      : namesOf(name).some((one) => isSet(values, one))
        ? path
        : undefined;
  return PAIRS.flatMap(([address, secret]) => {
    const [there, here] = [from(address), from(secret)];
    if (there === undefined || here === undefined || there === here) return [];
    return [
      `${secret} comes from ${here} and ${address}, where it is sent, from ${there}: set both in one place`,
    ];
  });
}
