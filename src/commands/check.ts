import { operate } from './operate.ts';
import type { CheckResult } from './operations.ts';

/** `check INC-123 [--json]` */
export async function checkCommand(incident: string, { json }: { json: boolean }): Promise<number> {
  const result = await operate('check', { incident });
  console.log(json ? JSON.stringify(result, undefined, 2) : inWords(result));
  return 0;
}

function inWords(result: CheckResult): string {
  const lines = [
    `${result.incident}  ${result.name}  (${result.status})`,
    `${result.verdict.toUpperCase()}: ${result.words}`,
    ...(result.rule === undefined ? [] : [`rule: ${result.rule}`]),
  ];
  for (const { followUp, title, task, url, why } of result.blockers) {
    if (followUp === undefined) continue;
    lines.push(`  - ${title}${task === undefined ? '' : ` [${task}]`}`, `    ${why}`);
    if (url !== undefined) lines.push(`    ${url}`);
  }
  return lines.join('\n');
}
