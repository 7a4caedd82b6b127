import { PolicyError, readPolicy } from '../policy/read-policy.ts';
import { describeEnvironment } from '../settings/describe.ts';
import { readSettings } from '../settings.ts';

/** `config [--check]`: what is in force, also where it is not valid. With `--check` the exit code tells whether it is. */
export async function configCommand({ check }: { check: boolean }): Promise<number> {
  const { shown, warnings, ...found } = describeEnvironment(process.env);
  const problems = found.problems.length > 0 ? found.problems : policyProblems();
  const width = Math.max(...shown.map(({ name }) => name.length));
  for (const { name, value, isDefault } of shown)
    console.log(`${name.padEnd(width)}  ${value}${isDefault ? '  (default)' : ''}`);
  for (const warning of warnings) console.error(`warning: ${warning}`);
  for (const problem of problems) console.error(`problem: ${problem}`);
  if (check && problems.length === 0) console.error('The settings are valid.');
  return check && problems.length > 0 ? 1 : 0;
}

/** What is wrong with the policy file; only settings that are valid tell which it is. */
function policyProblems(): readonly string[] {
  try {
    readPolicy(readSettings(process.env));
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return [error.message];
    throw error;
  }
}
