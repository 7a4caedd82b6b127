import { operate } from './operate.ts';
import { operations } from './operations.ts';

/** `release INC-123` */
export async function releaseCommand(incident: string): Promise<number> {
  const released = await operate(operations.release, { incident });
  console.log(`${released.incident} is released; a worker reviews it now.`);
  return 0;
}
