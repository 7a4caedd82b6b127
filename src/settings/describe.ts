import { NotAllowed } from './kinds.ts';
import { allRows } from './rows.ts';
import { readSettings, SettingsError } from './settings.ts';
import { shortSecrets } from './short-secrets.ts';
import { type Environment, readVariable } from './variable.ts';

export interface Described {
  shown: { name: string; value: string; isDefault: boolean }[];
  /** As in `readSettings`. */
  problems: readonly string[];
  warnings: readonly string[];
}

/** Every setting with its value, secrets masked; even if some of them are invalid. */
export function describeEnvironment(env: Environment): Described {
  const shown = allRows.map((row) => {
    const found = readVariable(row, env);
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
    const { warnings, webhookSecrets } = readSettings(env);
    return { shown, problems: [], warnings: [...warnings, ...shortSecrets(webhookSecrets)] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { shown, problems: error.problems, warnings: error.warnings };
  }
}
