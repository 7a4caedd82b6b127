/** Who changed an issue, as payloads and the API show accounts. */
import { z } from 'zod';
import type { TaskStateName } from '../../vocabulary.ts';
import { type Closing, closing, isMachine, type Who } from '../automation.ts';

export const userSchema = z.object({
  accountId: z.string().nullish(),
  accountType: z.string().nullish(),
  name: z.string().nullish(),
  displayName: z.string().nullish(),
});
export type JiraUser = z.infer<typeof userSchema>;

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-users/#api-rest-api-3-user-get */
const KINDS: Readonly<Record<string, Closing['kind']>> = {
  atlassian: 'person',
  customer: 'person',
  app: 'machine',
};

/**
 * Cloud has the type of the account; apps are shown by name, everybody else by id. Rules also close what was merged or
 * deployed: only those that decline, or that close what a stale rule has labelled, count as automation.
 */
export function whoIs(state: TaskStateName, user: JiraUser | undefined, labels: readonly string[]): Who {
  if (user === undefined) return { by: 'unknown' };
  const { accountType, accountId, name, displayName } = user;
  const account = [displayName, name].find(isMachine) ?? name ?? displayName;
  const kind = KINDS[accountType ?? ''] ?? 'unknown';
  const isNamed = kind === 'machine' || isMachine(account);
  const actor = (isNamed ? displayName : undefined) ?? accountId ?? name ?? undefined;
  return {
    ...closing({ state, account, kind, labels }),
    ...(actor !== undefined && { actor: actor }),
  };
}
