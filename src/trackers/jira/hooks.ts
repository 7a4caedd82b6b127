/**
 * The webhooks of a site, visible only to its administrators: at one address in Cloud and in Data Center before 10, at
 * another one since. "Webhooks": https://developer.atlassian.com/server/jira/platform/webhooks/
 */
import { z } from 'zod';
import { parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi } from '../hooks.ts';
import type { ApiAccess } from '../read-back.ts';
import { call } from './api.ts';
import { basesOf } from './read-back.ts';

const PATHS = ['/rest/webhooks/1.0/webhook', '/rest/jira-webhook/1.0/webhooks'];
const REFUSED = [403, 404, 405];

const hooksSchema = z.array(
  z.object({
    id: z.union([z.string(), z.number()]).optional(),
    self: z.string().optional(),
    url: z.string(),
    enabled: z.boolean().optional(),
    active: z.boolean().optional(),
  }),
);

export const hooks: HookApi = {
  needs: 'an administrator of Jira',
  async check(_, access, isOurs) {
    const bases = await basesOf(access);
    return checkPlaces(
      [...bases].map(([site, base]) => ({ place: site, check: () => found(base, access, isOurs) })),
    );
  },
};

async function found(
  base: string,
  access: ApiAccess,
  isOurs: (url: string) => boolean,
): Promise<Omit<Hook, 'place'>[] | string> {
  let status = 0;
  for (const path of PATHS) {
    const answer = await call({ base, path }, access, REFUSED);
    status = answer.status;
    if (status === 403) break;
    if (REFUSED.includes(status)) continue;
    return parseAnswer(hooksSchema, answer, `Jira at ${base}`)
      .filter(({ url }) => isOurs(url))
      .map(({ id, self, url, enabled, active }) => {
        const own = String(id ?? self ?? url);
        return enabled === false || active === false
          ? { id: own, state: 'off', words: 'it is disabled: enable it under System > WebHooks' }
          : { id: own, state: 'on' };
      });
  }
  return `Jira shows them to administrators alone, and not to the account of JIRA_API_TOKEN (${status})`;
}
