/**
 * The webhooks created by the token's user. ClickUp suspends one after a hundred failures, or at once after a 410,
 * without notice. "Webhook health status": https://developer.clickup.com/docs/webhookhealth
 */
import { z } from 'zod';
import { askTracker, parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi } from '../hooks.ts';
import type { ApiAccess, TrackerAnswer } from '../read-back.ts';

const TITLE = 'ClickUp';
const TOKEN = 'CLICKUP_API_TOKEN';

const teamsSchema = z.object({ teams: z.array(z.object({ id: z.string() })) });
const hooksSchema = z.object({
  webhooks: z.array(
    z.object({
      id: z.string(),
      endpoint: z.string(),
      health: z.object({ status: z.string(), fail_count: z.number().nullish() }).nullish(),
    }),
  ),
});
type ClickUpHook = z.infer<typeof hooksSchema>['webhooks'][number];

export const hooks: HookApi = {
  needs: 'a token of the user who made them',
  async check(_, access, isOurs) {
    const { teams } = parseAnswer(teamsSchema, await get('team', access), TITLE);
    return checkPlaces(
      teams.map(({ id }) => ({
        place: `the workspace ${id}`,
        async check() {
          const answer = await get(`team/${id}/webhook`, access);
          if (answer.status === 403 || answer.status === 404)
            return `${TITLE} does not show them to the token in ${TOKEN} (${answer.status})`;
          const { webhooks } = parseAnswer(hooksSchema, answer, TITLE);
          return webhooks.filter(({ endpoint }) => isOurs(endpoint)).map(stateOf);
        },
      })),
    );
  },
};

function stateOf({ id, health }: ClickUpHook): Omit<Hook, 'place'> {
  if (health?.status === 'suspended')
    return {
      id,
      state: 'off',
      words: `ClickUp suspended ${id} after failures: docs/trackers/clickup.md has the call that wakes it`,
    };
  if (health?.status === 'failing')
    return {
      id,
      state: 'failing',
      words: `${id} fails: ClickUp counts ${health.fail_count ?? 'some'} of 100`,
    };
  return { id, state: 'on' };
}

function get(path: string, access: ApiAccess): Promise<TrackerAnswer> {
  const { token, urls } = access;
  const url = `${urls[0]}/api/v2/${path}`;
  const headers = { authorization: authorizationOf(token) };
  return askTracker({ title: TITLE, token: TOKEN }, { method: 'GET', url, headers }, access);
}

/** A personal token is sent alone. https://developer.clickup.com/docs/authentication */
export function authorizationOf(token: string): string {
  return token.startsWith('pk_') ? token : `Bearer ${token}`;
}
