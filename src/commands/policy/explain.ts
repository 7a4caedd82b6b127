import type { ExplainResult } from '../../operations/policy/explain.ts';
import { SETTINGS_RULE } from '../../policy/policy.ts';
import { printJson, printLines } from '../../terminal.ts';
import { operate } from '../operate.ts';
import { operations } from '../operations.ts';

/** `policy explain INC-123 [--json]` */
export async function explainCommand(incident: string, { json }: { json: boolean }): Promise<number> {
  const result = await operate(operations.explainPolicy, { incident });
  if (json) printJson(result);
  else printLines(...explainedInWords(result));
  return 0;
}

/** What `policy explain` prints. */
export function explainedInWords(result: ExplainResult): string[] {
  const lines = [
    `${result.incident}  ${result.private ? '(private) ' : ''}${result.name}`,
    `policy ${result.digest}; the first rule from the top that fits decides`,
  ];
  if (result.paused !== undefined) lines.push(`everything is paused: ${result.paused}`);
  for (const { name, fits, decides, conditions, sets } of result.rules) {
    const is = decides ? 'DECIDES' : fits ? 'fits, but one above decides' : 'does not fit';
    lines.push('', `${name}: ${is}`);
    for (const one of conditions)
      lines.push(
        `  ${one.fits ? 'fits  ' : 'not   '}  ${one.key}: wants ${one.wanted.join(' or ')}; has ${one.has.join(', ') || 'none'}`,
      );
    // What it is all without a rule is said below, where it holds.
    for (const { key, value } of decides || name === SETTINGS_RULE ? [] : sets)
      lines.push(`  would set  ${key}: ${value}`);
  }
  lines.push('', 'What holds for it:');
  const width = Math.max(...result.result.map(({ key }) => key.length));
  for (const { key, value, from } of result.result) lines.push(`  ${key.padEnd(width)}  ${value}  (${from})`);
  lines.push('', `\`check ${result.incident}\` says what that means for it now.`);
  return lines;
}
