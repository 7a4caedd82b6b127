import { CLOSING_ROLE } from '../review/decide.ts';

/** Without these nothing can be read or written: https://docs.incident.io/admin/api-keys */
const NEEDED = ['viewer', 'incident_editor'];
const PRIVATE_ROLE = 'global_access';

/** What a key with these roles cannot do. */
export interface RoleGaps {
  /** Why nothing works at all, and what to do. */
  useless?: string;
  /** What it does not do although it works, by the role that is missing. */
  lacks: ReadonlyMap<string, string>;
}

export function gapsOf(name: string, roles: readonly string[]): RoleGaps {
  const missing = NEEDED.filter((role) => !roles.includes(role));
  const several = missing.length > 1;
  const lacks = new Map<string, string>();
  if (!roles.includes(CLOSING_ROLE))
    lacks.set(
      CLOSING_ROLE,
      `the API key lacks the role ${CLOSING_ROLE}: follow-ups are written, but no incident can be closed`,
    );
  if (!roles.includes(PRIVATE_ROLE))
    lacks.set(PRIVATE_ROLE, `the API key lacks the role ${PRIVATE_ROLE}: private incidents are not seen`);
  if (missing.length === 0) return { lacks };
  return {
    useless: `The API key “${name}” lacks the ${several ? 'roles' : 'role'} ${missing.join(' and ')}: add ${several ? 'them' : 'it'} in incident.io under Settings > API keys`,
    lacks,
  };
}
