import { printJson, printLines } from '../terminal.ts';
import { operate } from './operate.ts';
import { DRY_RUN, operations } from './operations.ts';

/** `hold INC-123 --why … [--json]` */
export async function holdCommand(
  incident: string,
  { why, json = false }: { why: string; json?: boolean },
): Promise<number> {
  const held = await operate(operations.hold, { incident, why });
  if (json) {
    printJson(held);
    return 0;
  }
  printLines(`${held.incident} is held: it is not closed until \`release ${held.incident}\`.`);
  if (held.dryRun) printLines(`${DRY_RUN} The hold is kept, and counts from the first real start on.`);
  return 0;
}
