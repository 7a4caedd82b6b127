import { printJson, printLines } from '../terminal.ts';
import { operate } from './operate.ts';
import { DRY_RUN, operations } from './operations.ts';

/** `sweep [--backlog] [--json]` */
export async function sweepCommand({ backlog, json }: { backlog: boolean; json: boolean }): Promise<number> {
  const swept = await operate(operations.sweep, { backlog });
  const { incidents, woken, backlog: freed, dryRun } = swept;
  if (json) {
    printJson(swept);
    return 0;
  }
  printLines(`${incidents} incidents looked at, ${woken} to be reviewed by the workers.`);
  if (backlog && dryRun)
    printLines(
      `${DRY_RUN} ${freed} incidents are backlog, and stay so: run \`sweep --backlog\` once the service works for real.`,
    );
  else if (dryRun) printLines(DRY_RUN);
  else if (backlog)
    printLines(`${freed} of them were ready before incident-closer came, and are reviewed now.`);
  return 0;
}
