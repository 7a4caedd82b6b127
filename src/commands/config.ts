import { PolicyError, readPolicy } from '../policy/read-policy.ts';
import { describeEnvironment } from '../settings/describe.ts';
import { readSettings } from '../settings/settings.ts';
import { printLines, warnLines } from '../terminal.ts';

/**
 * `config [--check]`: what is in force, even if it is invalid. With `--check` the exit code is 1 if something is wrong,
 * or if a variable looks like a mistake, contradicts another or has no effect.
 */
export async function configCommand({ check }: { check: boolean }): Promise<number> {
  const { shown, warnings, ...found } = describeEnvironment(process.env);
  const problems = found.problems.length > 0 ? found.problems : policyProblems();
  const width = Math.max(...shown.map(({ name }) => name.length));
  for (const { name, value, isDefault } of shown)
    printLines(`${name.padEnd(width)}  ${value}${isDefault ? '  (default)' : ''}`);
  for (const warning of warnings) warnLines(`warning: ${warning}`);
  for (const problem of problems) warnLines(...`problem: ${problem}`.split('\n'));
  const fine = problems.length === 0 && warnings.length === 0;
  if (check && fine) warnLines('The settings are valid.');
  return check && !fine ? 1 : 0;
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
