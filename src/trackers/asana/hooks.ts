/**
 * The webhooks created by the token's user. Asana retries for a day and then deletes one.
 * "Webhooks": https://developers.asana.com/docs/webhooks-guide, "Get multiple webhooks":
 * https://developers.asana.com/reference/getwebhooks
 */
import { z } from 'zod';
import { askTracker, parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi } from '../hooks.ts';
import type { ApiAccess, TrackerAnswer } from '../read-back.ts';

const TITLE = 'Asana';
const TOKEN = 'ASANA_API_TOKEN';
const FIELDS = 'active,target,resource.gid,delivery_retry_count,failure_deletion_timestamp';
const PAGES = 20;

const meSchema = z.object({ data: z.object({ workspaces: z.array(z.object({ gid: z.string() })) }) });
const hooksSchema = z.object({
  data: z.array(
    z.object({
      gid: z.string(),
      active: z.boolean(),
      target: z.string(),
      resource: z.object({ gid: z.string() }).nullish(),
      delivery_retry_count: z.number().nullish(),
      failure_deletion_timestamp: z.string().nullish(),
    }),
  ),
  next_page: z.object({ offset: z.string() }).nullish(),
});
type AsanaHook = z.infer<typeof hooksSchema>['data'][number];

export const hooks: HookApi = {
  needs: 'the user, or the app, that made them (scope webhooks:read)',
  async check(_, access, isOurs) {
    const me = await get('users/me?opt_fields=workspaces.gid', access);
    const { workspaces } = parseAnswer(meSchema, me, TITLE).data;
    const found = await checkPlaces(
      workspaces.map(({ gid }) => ({
        place: `the workspace ${gid}`,
        check: () => inWorkspace(gid, access, isOurs),
      })),
    );
    return found;
  },
};

async function inWorkspace(
  workspace: string,
  access: ApiAccess,
  isOurs: (url: string) => boolean,
): Promise<Omit<Hook, 'place'>[] | string> {
  const all: AsanaHook[] = [];
  let offset: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const from = offset === undefined ? '' : `&offset=${encodeURIComponent(offset)}`;
    const answer = await get(`webhooks?workspace=${workspace}&limit=100&opt_fields=${FIELDS}${from}`, access);
    if (answer.status === 403 || answer.status === 404)
      return `${TITLE} does not show them to the token in ${TOKEN} (${answer.status})`;
    const { data, next_page: next } = parseAnswer(hooksSchema, answer, TITLE);
    all.push(...data);
    offset = next?.offset;
    if (offset === undefined) break;
  }
  return all.filter(({ target }) => isOurs(target)).map(stateOf);
}

function stateOf({
  gid,
  active,
  resource,
  delivery_retry_count: retries,
  failure_deletion_timestamp: deletedAt,
}: AsanaHook): Omit<Hook, 'place'> {
  const of = resource?.gid ?? 'an unknown resource';
  if (!active) return { id: gid, of, state: 'off', words: `that of ${of} is not active: make a new one` };
  if (!retries && !deletedAt) return { id: gid, of, state: 'on' };
  const until = deletedAt ? `, and deletes it at ${deletedAt} unless one is taken` : '';
  return {
    id: gid,
    of,
    state: 'failing',
    words: `that of ${of} fails: Asana tries its deliveries again${until}`,
  };
}

function get(path: string, access: ApiAccess): Promise<TrackerAnswer> {
  const url = `${access.urls[0]}/api/1.0/${path}`;
  const headers = { authorization: `Bearer ${access.token}` };
  return askTracker({ title: TITLE, token: TOKEN }, { method: 'GET', url, headers }, access);
}
