import { z } from 'zod';
import type { StoreContext } from '../context/context.ts';
import { whyRefused } from '../receiver/refusal-words.ts';
import { DeliveryLog } from '../store/delivery-log.ts';
import { sourceNames } from './refusals.ts';

export const arrivalsAsks = z.object({
  source: z.string(),
  /** Also look for a task that a follow-up waits for. */
  task: z.boolean(),
});

/** Where the deliveries of one source stand. Times in ms, by the receiver's clock. */
export const arrivalsResult = z.object({
  /** When the last one came that was correctly signed, and the same by the id of its webhook, if that is told. */
  signedAt: z.number().optional(),
  hooks: z.array(z.object({ hook: z.string(), at: z.number() })),
  refused: z.array(z.object({ count: z.number(), last: z.number(), words: z.string() })),
  /** The address of a task of an outstanding follow-up. */
  task: z.string().optional(),
});
export type Arrivals = z.infer<typeof arrivalsResult>;

/** What came from a source so far, to compare with what comes later. Costs incident.io no call. */
export async function arrivals(
  { source, task }: z.infer<typeof arrivalsAsks>,
  { store, clock }: Pick<StoreContext, 'store' | 'clock'>,
): Promise<Arrivals> {
  const found = await new DeliveryLog(store.tables).standingOf([source], clock.now());
  const { signedAt, hooks = [], refused = [] } = found.get(source) ?? {};
  return {
    ...(signedAt !== undefined && { signedAt }),
    hooks,
    refused: refused.map(({ reason, count, last }) => ({
      ...{ count, last },
      words: whyRefused(reason, source, sourceNames()),
    })),
    ...(task && { task: await outstandingIn(source, store) }),
  };
}

async function outstandingIn(source: string, store: StoreContext['store']): Promise<string | undefined> {
  for await (const page of store.followUps.all())
    for (const { value } of page)
      if (value.status === 'outstanding' && value.task?.startsWith(`${source}:`) && value.url !== undefined)
        return value.url;
  return undefined;
}
