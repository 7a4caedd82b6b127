import type { Context, StoreContext } from '../context/context.ts';
import { NotFoundError } from '../incident-io/errors.ts';
import { storeIncidents } from '../review/gather.ts';
import { isDryRun } from '../store/in-force.ts';
import type { Store } from '../store/store.ts';
import type { Incident } from '../vocabulary.ts';

/**
 * What the commands and the board's buttons do, independent of how they are called: on the command line in a process of
 * their own, or over HTTP in the running one.
 */

/** Thrown if the person who asked has to ask for something else. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}

/** For results: whether the service of this store is a dry run, in which nothing is used up. */
export async function asDryRun(store: Store, { dryRun }: { dryRun: boolean }): Promise<{ dryRun?: true }> {
  return (await isDryRun(store, dryRun)) ? { dryRun: true } : {};
}

/** The incident as incident.io has it. */
export async function findIncident(name: string, { reader, store }: Context): Promise<Incident> {
  try {
    const incident = await reader.incident(name);
    await storeIncidents([incident], store);
    return incident;
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new OperationError(`There is no incident ${name} in incident.io, or the API key may not see it.`);
    throw error;
  }
}

/** An incident that the store knows, by full id or reference; makes no call to incident.io. */
export async function knownIncident(
  name: string,
  { store }: StoreContext,
): Promise<{ id: string; reference: string } | undefined> {
  // Not a possible name; the store refuses NUL.
  if (!/^[\w-]{1,100}$/.test(name)) return undefined;
  const id = (await store.references.get(name.toUpperCase())) ?? name;
  const known = await store.incidents.get(id);
  return known && { id, reference: known.reference };
}
