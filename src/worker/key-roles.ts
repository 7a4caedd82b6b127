import { CLOSING_ROLE, WRITING_ROLES } from '../review/decide.ts';
import { joinNames } from '../review/sentences.ts';

/** Without it nothing can be read: https://docs.incident.io/admin/api-keys */
const READING_ROLE = 'viewer';
export const PRIVATE_ROLE = 'global_access';

/** What a key with these roles cannot do. */
export interface RoleGaps {
  /** Why nothing works at all, and what to do. */
  useless?: string;
  /** What it cannot do although it works, by what is missing. */
  lacks: ReadonlyMap<string, string>;
}

/** A dry run needs to read alone; what writing will need is told all at once. */
export function gapsOf(name: string, roles: readonly string[], { dryRun }: { dryRun: boolean }): RoleGaps {
  const lacks = new Map<string, string>();
  const toRead = [READING_ROLE].filter((role) => !roles.includes(role));
  const toWrite = WRITING_ROLES.filter((role) => !roles.includes(role));
  const several = toWrite.length > 1;
  if (dryRun && toWrite.length > 0)
    lacks.set(
      toWrite.join(' '),
      `the API key lacks the ${several ? 'roles' : 'role'} ${joinNames(toWrite)}: a dry run does not need ${several ? 'them' : 'it'}, writing will`,
    );
  if (!dryRun && !roles.includes(CLOSING_ROLE))
    lacks.set(
      CLOSING_ROLE,
      `the API key lacks the role ${CLOSING_ROLE}: follow-ups are written, but no incident can be closed`,
    );
  if (!roles.includes(PRIVATE_ROLE))
    lacks.set(PRIVATE_ROLE, `the API key lacks the role ${PRIVATE_ROLE}: private incidents are not seen`);
  const isUseless = toRead.length > 0 || (!dryRun && toWrite.some((role) => role !== CLOSING_ROLE));
  if (!isUseless) return { lacks };
  const missing = [...toRead, ...toWrite];
  return {
    useless: `The API key “${name}” lacks the ${missing.length > 1 ? 'roles' : 'role'} ${joinNames(missing)}: add ${missing.length > 1 ? 'them' : 'it'} in incident.io under Settings > API keys`,
    lacks,
  };
}
