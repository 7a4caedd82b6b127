import { NotAllowed } from './kinds.ts';
import { allRows } from './rows.ts';
import { readSettings, SettingsError } from './settings.ts';
import { shortSecrets } from './short-secrets.ts';
import { type Environment, readVariable } from './variable.ts';

export interface Described {
  shown: {
    /** The variable that gives it, or its own where none does. */
    name: string;
    value: string;
    isDefault: boolean;
    /** It is set, and to something else than its default. */
    differs: boolean;
  }[];
  /** As in `readSettings`. */
  problems: readonly string[];
  warnings: readonly string[];
}

const UNUSABLE = { value: '(cannot be used)', isDefault: false, differs: true };

/** Every setting with its value, secrets masked; even if some of them are invalid. */
export function describeEnvironment(env: Environment): Described {
  const shown = allRows.map((row) => {
    const found = readVariable(row, env);
    const name = found?.from ?? row.name;
    if (found !== undefined && 'problem' in found) return { ...UNUSABLE, name };
    try {
      const value = row.shown(found?.text, found?.lines);
      const isDefault = found === undefined;
      return {
        name,
        value,
        isDefault,
        differs: !isDefault && (row.secret || value !== row.shown(undefined)),
      };
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      return { ...UNUSABLE, name };
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
