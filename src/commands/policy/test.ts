import { readFile } from 'node:fs/promises';
import { OperationError } from '../../operations/operation.ts';
import { parseCases } from '../../operations/policy/cases-file.ts';
import { type CasesResult, runCases } from '../../operations/policy/run-cases.ts';
import { readPolicy } from '../../policy/read-policy.ts';
import { readSettings } from '../../settings/settings.ts';
import { printJson, printLines } from '../../terminal.ts';

/**
 * `policy test cases.yaml [--policy file] [--json]`: needs no key and no store. Returns 1 if a case is not decided as it
 * expects.
 */
export async function testCommand(
  file: string,
  { policy, json }: { policy?: string; json: boolean },
): Promise<number> {
  const settings = readSettings(process.env);
  const read = readPolicy(policy === undefined ? settings : { ...settings, policyFile: policy });
  const result = runCases(parseCases(await textOf(file), file), read);
  if (json) printJson(result);
  else printLines(...casesInWords(result));
  return result.failed > 0 ? 1 : 0;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new OperationError(
      `${file} cannot be read (${code}): give a file of cases, as docs/policy.md shows one.`,
    );
  }
}

/** What `policy test` prints. */
export function casesInWords({ digest, failed, cases }: CasesResult): string[] {
  const lines = cases.flatMap(({ name, ok, got, differs }) =>
    ok
      ? [`ok      ${name}: ${got.verdict}, ${got.reason}`]
      : [
          `FAILED  ${name}: ${differs.join('; ')}`,
          `        by the rule “${got.rule}”: ${got.verdict}, ${got.reason}: ${got.words}`,
        ],
  );
  const all = `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`;
  const summary = failed === 0 ? `${all}, as expected` : `${failed} of ${all} not as expected`;
  return [...lines, '', `${summary} (policy ${digest}).`];
}
