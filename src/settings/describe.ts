import { readSettings, SettingsError } from '../settings.ts';
import { type Environment, given } from './given.ts';
import { NotAllowed } from './kinds.ts';
import { allRows } from './rows.ts';

export interface Described {
  shown: { name: string; value: string; isDefault: boolean }[];
  /** As `readSettings` tells them. */
  problems: readonly string[];
  warnings: readonly string[];
}

/** Every setting with what it is, secrets masked; also where some of them are not valid. */
export function describeEnvironment(env: Environment): Described {
  const shown = allRows.map((row) => {
    const found = given(row, env);
    const name = found?.from ?? row.name;
    if (found !== undefined && 'problem' in found)
      return { name, value: '(cannot be used)', isDefault: false };
    try {
      return { name, value: row.shown(found?.text, found?.lines), isDefault: found === undefined };
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      return { name, value: '(cannot be used)', isDefault: false };
    }
  });
  try {
    return { shown, problems: [], warnings: readSettings(env).warnings };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { shown, problems: error.problems, warnings: error.warnings };
  }
}
