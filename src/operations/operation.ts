import { NotFoundError } from '../incident-io/errors.ts';
import { rememberIncidents } from '../review/gather.ts';
import type { Context, StoreContext } from '../service/context.ts';
import type { Incident } from '../vocabulary.ts';

/**
 * What the commands and the board's buttons do, apart from how they are asked: on the command line by a process of
 * their own, or over HTTP by the process that is running.
 */

/** Thrown where the person who asked has to ask for something else. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
}

/** The incident as incident.io has it. */
export async function findIncident(name: string, { reader, store }: Context): Promise<Incident> {
  try {
    const incident = await reader.incident(name);
    await rememberIncidents([incident], store);
    return incident;
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new OperationError(`There is no incident ${name} in incident.io, or the API key may not see it.`);
    throw error;
  }
}

/** An incident that the store knows, by full id or reference; no call to incident.io. */
export async function knownIncident(
  name: string,
  { store }: StoreContext,
): Promise<{ id: string; reference: string } | undefined> {
  const id = (await store.references.get(name.toUpperCase())) ?? name;
  const known = await store.incidents.get(id);
  return known && { id, reference: known.reference };
}
