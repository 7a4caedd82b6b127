import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { bounded } from '../outside-text.ts';
import { updateSections } from '../review/sections.ts';
import { operatorInWords } from '../review/sentences.ts';
import type { Operator } from '../store/history/operator.ts';
import { recordAction } from './acted.ts';
import { asDryRun, OperationError } from './operation.ts';

export const holdResult = z.object({
  incident: z.string(),
  id: z.string(),
  why: z.string(),
  /** The service is a dry run: it counts from the first real start. */
  dryRun: z.boolean().optional(),
});
export type HoldResult = z.infer<typeof holdResult>;

const LONGEST_WHY = 500;

/** Keeps an incident open, whatever its follow-ups say, until it is released. */
export async function holdIncident(
  { id, reference }: { id: string; reference: string },
  reason: string,
  context: StoreContext,
  by: Operator,
): Promise<HoldResult> {
  const { store, backend, clock, log } = context;
  const why = bounded(reason.trim(), LONGEST_WHY);
  if (why === '')
    throw new OperationError(
      'Say why it is held: whoever looks at it next wants to know when it can be released.',
    );
  const at = clock.now();
  await recordAction({ action: 'hold', at, by, why, incident: id }, [id], context, [
    store.holds.change(id, { why, at, by }),
  ]);
  await updateSections([id], store);
  await backend.waker.wake([id], 'held by hand');
  log.info({ incident: id, reference, by }, `${reference} is held by ${operatorInWords(by)}: ${why}`);
  return { incident: reference, id, why, ...(await asDryRun(store, context.settings)) };
}
