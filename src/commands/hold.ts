import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `hold INC-123 --why …` */
export async function holdCommand(incident: string, { why }: { why: string }): Promise<number> {
  const held = await operate(operations.hold, { incident, why });
  console.log(`${held.incident} is held: it is not closed until \`release ${held.incident}\`.`);
  return 0;
}
