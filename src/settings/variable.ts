import { readFileSync } from 'node:fs';
import type { SettingRow } from './row.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
type Names = Pick<SettingRow<unknown>, 'name' | 'otherName' | 'secret'>;

/** The value given for a setting. `from` is the variable that a message has to name. */
export type Variable =
  | { from: string; text: string; lines: boolean }
  | { from: string; problem: string }
  | undefined;

/** The text of a setting: from its variable, the file named by `<NAME>_FILE`, or its other name. Empty means missing. */
export function readVariable(row: Names, env: Environment): Variable {
  for (const name of [row.name, row.otherName]) {
    if (name === undefined) continue;
    const text = env[name]?.trim() ?? '';
    const file = row.secret ? (env[`${name}_FILE`]?.trim() ?? '') : '';
    if (text !== '' && file !== '')
      return { from: name, problem: `${name} and ${name}_FILE are both set: keep one of them` };
    if (text !== '') return { from: name, text, lines: false };
    if (file !== '') return fromFile(`${name}_FILE`, file);
  }
  return undefined;
}

function fromFile(from: string, file: string): Variable {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return { from, text, lines: true };
    return { from, problem: `${from}: the file ${file} is empty` };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    return { from, problem: `${from}: the file ${file} cannot be read (${why})` };
  }
}
