import { z } from 'zod';
import { regroup } from '../review/groups.ts';
import type { StoreContext } from '../service/context.ts';
import { OperationError } from './operation.ts';

export const holdResult = z.object({ incident: z.string(), id: z.string(), why: z.string() });
export type HoldResult = z.infer<typeof holdResult>;

const LONGEST_WHY = 500;

/** Keeps an incident open, whatever its follow-ups say, until it is released. */
export async function hold(
  { id, reference }: { id: string; reference: string },
  reason: string,
  { store, backend, clock, log }: StoreContext,
): Promise<HoldResult> {
  const why = reason.trim().slice(0, LONGEST_WHY);
  if (why === '')
    throw new OperationError(
      'Say why it is held: whoever looks at it next wants to know when it can be released.',
    );
  await store.holds.put(id, { why, at: clock.now() });
  await regroup([id], store);
  await backend.waker.wake([id], 'held by hand');
  log.info({ incident: id, reference }, `${reference} is held by hand: ${why}`);
  return { incident: reference, id, why };
}
