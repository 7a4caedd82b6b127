/**
 * The webhooks of repositories and organizations. GitHub never disables one, and never retries a failed delivery.
 * "REST API endpoints for repository webhooks": https://docs.github.com/en/rest/repos/webhooks#list-repository-webhooks
 * "REST API endpoints for organization webhooks": https://docs.github.com/en/rest/orgs/webhooks#list-organization-webhooks
 */
import { z } from 'zod';
import { refuseNoAnswer } from '../api-answers.ts';
import { parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi, mergeChecks, mostOften } from '../hooks.ts';
import type { ApiAccess } from '../read-back.ts';
import { apiOf, placeOf } from './read-back.ts';

const TITLE = 'GitHub';
const TOKEN = 'GITHUB_API_TOKEN';
/** How many repositories are checked, those with the most tasks. */
const MOST = 20;

const hooksSchema = z.array(
  z.object({
    id: z.number(),
    active: z.boolean(),
    config: z.object({ url: z.string().nullish() }).nullish(),
    /** Without a code if nothing was delivered for 30 days. */
    last_response: z.object({ code: z.number().nullish() }).nullish(),
  }),
);

export const hooks: HookApi = {
  needs:
    'read access to Webhooks of the repositories or the organization (classic: admin:repo_hook, admin:org_hook)',
  async check(tasks, access, isOurs) {
    const places = tasks.flatMap((task) => placeOf(task) ?? []);
    const repositories = mostOften(
      places.map(({ host, owner, repo }) => `${host}/${owner}/${repo}`),
      MOST,
    );
    const owners = mostOften(
      repositories.map((one) => one.slice(0, one.lastIndexOf('/'))),
      MOST,
    );
    const place = (kind: string, path: string) => {
      const [host = '', ...names] = path.split('/');
      const rest = apiOf(host, access.urls)?.rest;
      const check = async () =>
        rest === undefined
          ? `${host} is not among the addresses in GITHUB_URL`
          : found(`${rest}/${kind}/${names.join('/')}/hooks`, access, isOurs);
      return {
        place: `${kind === 'orgs' ? 'the organization' : 'the repository'} ${names.join('/')}`,
        check,
      };
    };
    return mergeChecks(
      await checkPlaces(repositories.map((path) => place('repos', path))),
      await checkPlaces(owners.map((path) => place('orgs', path))),
    );
  },
};

export function headersFor(token: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  };
}

async function found(
  url: string,
  access: ApiAccess,
  isOurs: (url: string) => boolean,
): Promise<Omit<Hook, 'place'>[] | string> {
  const answer = await access.send({
    method: 'GET',
    url: `${url}?per_page=100`,
    headers: headersFor(access.token),
  });
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now: access.now });
  if (answer.status === 403 || answer.status === 404)
    return `${TITLE} does not show them to the token in ${TOKEN} (${answer.status})`;
  return parseAnswer(hooksSchema, answer, TITLE)
    .filter(({ config }) => isOurs(config?.url ?? ''))
    .map(({ id, active, last_response: last }) => {
      const code = last?.code ?? 0;
      if (!active)
        return { id: `${id}`, state: 'off', words: 'it is not active: tick Active in its settings' };
      return code >= 300
        ? {
            id: `${id}`,
            state: 'failing',
            words: `its last delivery was answered ${code}, and ${TITLE} repeats none: see Recent Deliveries in its settings`,
          }
        : { id: `${id}`, state: 'on' };
    });
}
