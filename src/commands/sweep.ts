import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `sweep [--backlog]` */
export async function sweepCommand({ backlog }: { backlog: boolean }): Promise<number> {
  const { incidents, woken, backlog: freed } = await operate(operations.sweep, { backlog });
  console.log(`${incidents} incidents looked at, ${woken} to be reviewed by the workers.`);
  if (backlog) console.log(`${freed} of them were ready before incident-closer came, and are reviewed now.`);
  return 0;
}
