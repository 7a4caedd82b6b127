import { rows } from './rows.ts';
import { type Environment, readVariable } from './variable.ts';

const byUser = [rows.operators, rows.viewers];
const byGroup = [rows.operatorGroups, rows.viewerGroups];

/** What would let nobody in, or more people than was meant; a sentence for each. */
export function peopleProblems(
  { adminToken, viewerToken }: { adminToken?: string | undefined; viewerToken?: string | undefined },
  env: Environment,
): string[] {
  const problems: string[] = [];
  if (viewerToken !== undefined && viewerToken === adminToken)
    problems.push(
      'VIEWER_TOKEN is the same as ADMIN_TOKEN, so whoever is to look alone could change everything: give it a value of its own',
    );
  if (!isSet(rows.authProxyHeader, env)) return problems;
  // As Miniflux has it: https://miniflux.app/docs/configuration.html#auth-proxy-header
  if (!isSet(rows.trustedProxies, env))
    problems.push(
      'TRUSTED_PROXIES is missing: AUTH_PROXY_HEADER counts from the addresses in it alone. Give the address of the authenticating proxy',
    );
  if (![...byUser, ...byGroup].some((row) => isSet(row, env)))
    problems.push(
      'AUTH_PROXY_HEADER is set, and nobody may enter: name people in OPERATORS or VIEWERS (`*` for everybody whom the proxy logs in), or groups in OPERATOR_GROUPS or VIEWER_GROUPS',
    );
  if (byGroup.some((row) => isSet(row, env)) && !isSet(rows.authProxyGroupsHeader, env))
    problems.push(
      'AUTH_PROXY_GROUPS_HEADER is missing: without it, no group in OPERATOR_GROUPS or VIEWER_GROUPS is known',
    );
  return problems;
}

/** Settings of the login by a proxy that have no effect; a sentence for each. */
export function idlePeople(env: Environment): string[] {
  const needHeader = isSet(rows.authProxyHeader, env)
    ? []
    : [rows.authProxyGroupsHeader, ...byUser, ...byGroup];
  const idle = needHeader
    .filter((row) => isSet(row, env))
    .map(({ name }) => `${name} is set and not used: AUTH_PROXY_HEADER is not set`);
  if (
    needHeader.length === 0 &&
    isSet(rows.authProxyGroupsHeader, env) &&
    !byGroup.some((row) => isSet(row, env))
  )
    idle.push(
      'AUTH_PROXY_GROUPS_HEADER is set and not used: neither OPERATOR_GROUPS nor VIEWER_GROUPS is set',
    );
  return idle;
}

function isSet(row: Parameters<typeof readVariable>[0], env: Environment): boolean {
  return readVariable(row, env) !== undefined;
}
