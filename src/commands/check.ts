import type { CheckResult } from '../operations/check.ts';
import type { CheckAllResult } from '../operations/check-all.ts';
import { OperationError } from '../operations/operation.ts';
import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `check INC-123 [--json]`, `check --all [--json]` */
export async function checkCommand(
  incident: string | undefined,
  { all, json }: { all: boolean; json: boolean },
): Promise<number> {
  if (all === (incident !== undefined))
    throw new OperationError(
      'Name one incident, as in `check INC-123`, or ask for `check --all` (check --help tells more).',
    );
  if (incident === undefined) {
    const result = await operate(operations.checkAll, {});
    console.log(json ? JSON.stringify(result, undefined, 2) : allInWords(result));
  } else {
    const result = await operate(operations.check, { incident });
    console.log(json ? JSON.stringify(result, undefined, 2) : inWords(result));
  }
  return 0;
}

function inWords(result: CheckResult): string {
  const lines = [
    `${result.incident}  ${result.name}  (${result.status})`,
    `${result.verdict.toUpperCase()}: ${result.words}`,
    `${result.rule === undefined ? '' : `rule: ${result.rule}, `}reason: ${result.reason}${result.until === undefined ? '' : `; looked at again by itself at ${result.until}`}`,
  ];
  for (const { title, name, url, counts, why, task, state, by, actor, since, delivery } of result.followUps) {
    lines.push(
      `  ${counts === 'done' ? 'done  ' : 'blocks'}  ${name === undefined ? '' : `${name}  `}${title}`,
    );
    lines.push(`          ${why}`);
    if (state !== undefined)
      lines.push(
        `          ${task} was told ${state} by ${actor ?? by} at ${since}, in the delivery ${delivery}`,
      );
    // What is done needs no look.
    if (counts === 'blocks' && url !== undefined) lines.push(`          ${url}`);
  }
  return lines.join('\n');
}

const HEADINGS = {
  close: 'would be closed now',
  resolve: 'would be moved to post-incident now',
  wait: 'wait',
  leave: 'would be left alone',
};

function allInWords({ incidents, withoutFollowUps }: CheckAllResult): string {
  const lines = [`${incidents.length} open incidents with follow-ups, ${withoutFollowUps} without`];
  for (const verdict of ['close', 'resolve', 'wait', 'leave'] as const) {
    const found = incidents.filter((one) => one.verdict === verdict);
    if (found.length === 0 && verdict !== 'close') continue;
    lines.push('', `${found.length} ${HEADINGS[verdict]}`);
    for (const { incident, name, words } of found) lines.push(`  ${incident}  ${name}: ${words}`);
  }
  return lines.join('\n');
}
