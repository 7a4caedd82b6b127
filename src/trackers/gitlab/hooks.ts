/**
 * The webhooks of projects and groups, which GitLab disables after failures: temporarily, and permanently after many.
 * "Project webhooks API": https://docs.gitlab.com/api/project_webhooks/
 * "Webhooks": https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks
 */
import { z } from 'zod';
import { refuseNoAnswer } from '../api-answers.ts';
import { parseAnswer } from '../api-calls.ts';
import { checkPlaces, type Hook, type HookApi, mergeChecks, mostOften } from '../hooks.ts';
import type { ApiAccess } from '../read-back.ts';
import { rootOf } from './api.ts';
import { baseOf, KEY } from './read-back.ts';

const TITLE = 'GitLab';
const TOKEN = 'GITLAB_API_TOKEN';
const MOST = 20;

const hooksSchema = z.array(
  z.object({
    id: z.number(),
    url: z.string(),
    /** Absent before GitLab 15.1. */
    alert_status: z.string().nullish(),
    disabled_until: z.string().nullish(),
  }),
);

export const hooks: HookApi = {
  needs: 'the scope read_api of a Maintainer of the projects (for webhooks of groups: an Owner)',
  async check(tasks, access, isOurs) {
    const projects = mostOften(
      tasks.flatMap((task) => {
        const base = baseOf(task, access.urls);
        const where = KEY.exec(task)?.[1];
        if (base === undefined || where === undefined) return [];
        const path = where.slice(rootOf(base).length + 1);
        return path.startsWith('groups/') ? [] : `${base} ${path}`;
      }),
      MOST,
    );
    const groups = mostOften(
      projects.map((one) => one.slice(0, one.lastIndexOf('/'))),
      MOST,
    );
    const place = (kind: 'project' | 'group', of: string) => {
      const [base, path = ''] = of.split(' ');
      const url = `${base}/api/v4/${kind}s/${encodeURIComponent(path)}/hooks`;
      return { place: `the ${kind} ${path}`, check: () => found(url, access, isOurs) };
    };
    return mergeChecks(
      await checkPlaces(projects.map((of) => place('project', of))),
      await checkPlaces(groups.map((of) => place('group', of))),
    );
  },
};

async function found(
  url: string,
  access: ApiAccess,
  isOurs: (url: string) => boolean,
): Promise<Omit<Hook, 'place'>[] | string> {
  const answer = await access.send({
    method: 'GET',
    url: `${url}?per_page=100`,
    headers: { authorization: `Bearer ${access.token}` },
  });
  refuseNoAnswer(answer, { title: TITLE, token: TOKEN, now: access.now });
  if (answer.status === 403 || answer.status === 404)
    return `${TITLE} does not show them to the token in ${TOKEN} (${answer.status})`;
  return parseAnswer(hooksSchema, answer, TITLE)
    .filter((hook) => isOurs(hook.url))
    .map(({ id, alert_status: status, disabled_until: until }) => {
      if (status === 'disabled')
        return {
          id: `${id}`,
          state: 'off',
          words: 'GitLab disabled it after failures: choose Test in its settings, which enables it again',
        };
      return status === 'temporarily_disabled'
        ? {
            id: `${id}`,
            state: 'failing',
            words: `GitLab disabled it after failures${until ? ` until ${until}` : ' for a while'}: what happens meanwhile is not sent`,
          }
        : { id: `${id}`, state: 'on' };
    });
}
