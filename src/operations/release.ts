import { z } from 'zod';
import { regroup } from '../review/groups.ts';
import type { Context, StoreContext } from '../service/context.ts';
import { findIncident } from './operation.ts';

export const releaseResult = z.object({ incident: z.string(), id: z.string() });
export type ReleaseResult = z.infer<typeof releaseResult>;

/** Lifts whatever holds an incident now (held, moved back, backlog, closed by automation, not confirmed, refused), and has it reviewed. */
export async function release(name: string, context: Context): Promise<ReleaseResult> {
  return lift(await findIncident(name, context), context);
}

/** As `release`, of an incident that is known already: it costs no call. */
export async function lift(
  { id, reference }: { id: string; reference: string },
  { store, backend, clock, log }: StoreContext,
): Promise<ReleaseResult> {
  await store.released.put(id, clock.now());
  await store.tables.put([
    store.holds.change(id, undefined),
    store.backlog.change(id, undefined),
    store.movedBack.change(id, undefined),
    store.refusals.change(id, undefined),
  ]);
  await regroup([id], store);
  await backend.waker.wake([id], 'released by hand');
  log.info({ incident: id, reference }, `${reference} was released by hand`);
  return { incident: reference, id };
}
