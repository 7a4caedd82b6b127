import type { StoreContext } from '../context/context.ts';
import { withDeadline } from '../deadline.ts';
import { describeOutage, readOutage } from '../incident-io/outage.ts';
import type { Backend } from '../queue/backend.ts';

/** What keeps parts of a process from working, for `/readyz`; each empty where all is well. */

/** How long the store may take to answer a readiness check, ms. */
const STORE_WITHIN = 1_500;

export async function queueProblems(backend: Backend): Promise<string[]> {
  try {
    await backend.ping();
    return [];
  } catch (error) {
    return [wordsOf(error)];
  }
}

/** What workers elsewhere say of incident.io, for a process that does not call it; what cannot be read is not told. */
export async function workersProblems(base: StoreContext | undefined): Promise<string[]> {
  if (base === undefined) return [];
  try {
    const read = readOutage(base.store, base.clock.now());
    const trouble = await withDeadline(read, STORE_WITHIN, 'no answer');
    return trouble === undefined ? [] : [describeOutage(trouble)];
  } catch {
    return [];
  }
}

export async function storeProblems({ tables, explain = wordsOf }: Backend): Promise<string[]> {
  try {
    await withDeadline(tables.time(), STORE_WITHIN, 'no answer');
    return [];
  } catch (error) {
    return [`the store does not answer: ${explain(error)}`];
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
