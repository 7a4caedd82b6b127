import type { StoreContext } from '../context/context.ts';
import { operatorInWords } from '../review/sentences.ts';
import type { Operator } from '../store/history/operator.ts';

/** Has an incident reviewed now, in the way that a webhook does. */
export async function reviewNow(
  { id, reference }: { id: string; reference: string },
  { backend, log }: StoreContext,
  by: Operator,
): Promise<{ incident: string; id: string }> {
  await backend.waker.wake([id], `asked for by ${operatorInWords(by)}`);
  log.info(
    { incident: id, reference, by },
    `a review of ${reference} was asked for by ${operatorInWords(by)}`,
  );
  return { incident: reference, id };
}
