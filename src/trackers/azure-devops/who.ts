/** Who changed a work item, as payloads and the API show accounts. */
import { z } from 'zod';
import type { TaskStateName } from '../../vocabulary.ts';
import { closing, type Who } from '../automation.ts';

/** For fields that are not needed to know the state, an invalid value counts as absent. */
const odd = () => null;
const text = z.string().nullish().catch(odd);

export const personSchema = z.object({ id: text, displayName: text, descriptor: text }).nullish().catch(odd);

/** Kinds of accounts, by which descriptors begin: https://learn.microsoft.com/rest/api/azure/devops/graph/users */
const MACHINE = /^(?:svc|s2s|acs|aadsp)\./;
const PERSON = /^(?:aad|msa|win|imp|bnd)\./;

/** `tags`: of the item, with semicolons between them. */
export function whoIs(
  state: TaskStateName,
  account: z.infer<typeof personSchema>,
  tags: string | undefined,
): Who {
  if (account == null) return { by: 'unknown' };
  const { id, displayName, descriptor } = account;
  const kind = MACHINE.test(descriptor ?? '')
    ? 'machine'
    : PERSON.test(descriptor ?? '')
      ? 'person'
      : 'unknown';
  const actor = (kind === 'machine' ? displayName : undefined) ?? id ?? displayName ?? undefined;
  return {
    ...closing({ state, account: displayName, kind, labels: tags?.split(';') ?? [] }),
    ...(actor !== undefined && { actor: actor }),
  };
}
