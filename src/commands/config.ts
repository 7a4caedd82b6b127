import { PolicyError, readPolicy } from '../policy/read-policy.ts';
import { type Described, describeEnvironment } from '../settings/describe.ts';
import { readSettings } from '../settings/settings.ts';
import { printJson, printLines, warnLines } from '../terminal.ts';
import { settingsFile, whereSet } from './environment.ts';

export interface ConfigOptions {
  check: boolean;
  /** Also those that have their default. */
  all: boolean;
  json: boolean;
}

/**
 * `config [--all] [--check] [--json]`: what is in force and where it was set, even if it is invalid. With `--check` the
 * exit code is 1 if something is wrong, or if a variable looks like a mistake, contradicts another or has no effect.
 */
export async function configCommand({ check, all, json }: ConfigOptions): Promise<number> {
  const { shown, warnings, ...found } = describeEnvironment(process.env);
  const problems = found.problems.length > 0 ? found.problems : policyProblems();
  const fine = problems.length === 0 && warnings.length === 0;
  const listed = shown.filter(({ differs }) => all || differs);
  if (json)
    printJson({
      file: settingsFile() ?? null,
      settings: listed.map(({ name, value, isDefault }) => ({
        ...{ name, value, isDefault },
        ...(!isDefault && { from: whereSet(name) }),
      })),
      ...{ problems, warnings },
    });
  else {
    printLines(...inWords(listed, all));
    for (const warning of warnings) warnLines(`warning: ${warning}`);
    for (const problem of problems) warnLines(...`problem: ${problem}`.split('\n'));
    if (check && fine) warnLines('The settings are valid.');
  }
  return check && !fine ? 1 : 0;
}

function inWords(listed: Described['shown'], all: boolean): string[] {
  const width = Math.max(0, ...listed.map(({ name }) => name.length));
  const lines = listed.map(
    ({ name, value, isDefault }) =>
      `${name.padEnd(width)}  ${value}  (${isDefault ? 'default' : `from ${whereSet(name)}`})`,
  );
  if (all) return lines;
  const rest = lines.length > 0 ? 'All other settings have' : 'All settings have';
  return [...lines, `${rest} their defaults: \`config --all\` lists them.`];
}

/** What is wrong with the policy file; only valid settings say which file it is. */
function policyProblems(): readonly string[] {
  try {
    readPolicy(readSettings(process.env));
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return [error.message];
    throw error;
  }
}
