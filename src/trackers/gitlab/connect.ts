/**
 * Makes the webhooks of projects and groups.
 * "Project webhooks API": https://docs.gitlab.com/api/project_webhooks/
 * "Group webhooks API": https://docs.gitlab.com/api/group_webhooks/
 */
import { z } from 'zod';
import {
  type AdminAccess,
  type CallContext,
  type Connecting,
  type ConnectPlace,
  eventFaults,
  expectBody,
  expectStatus,
  jsonRequest,
  leadsTo,
  refusalOf,
  type Wanted,
} from '../connecting.ts';
import type { TrackerRequest } from '../read-back.ts';
import { locate } from './permalink.ts';

const NAMED = /^(groups\/)?([\w.-]+(?:\/[\w.-]+)*)$/;
const NEEDED = ['issues_events', 'confidential_issues_events'] as const;
/** Some are on unless they are switched off. */
const NEEDLESS = [
  'push_events',
  'tag_push_events',
  'merge_requests_events',
  'note_events',
  'confidential_note_events',
  'job_events',
  'pipeline_events',
  'wiki_page_events',
  'deployment_events',
  'releases_events',
  'feature_flag_events',
  'resource_access_token_events',
] as const;
const SIGNING = /^whsec_/;

const hookSchema = z.looseObject({
  id: z.number(),
  url: z.string(),
  enable_ssl_verification: z.boolean().nullish(),
  alert_status: z.string().nullish(),
  custom_webhook_template: z.string().nullish(),
});
const madeSchema = z.object({ id: z.number(), signing_token_present: z.boolean().nullish() });
const eventsSchema = z.array(
  z.object({ id: z.number(), response_status: z.union([z.string(), z.number()]).nullish() }),
);

export const connecting: Connecting = {
  places: 'acme/api for a project, groups/acme or acme for a group',
  needs: 'the scope api of a Maintainer of the project or an Owner of the group',
  place(name, urls) {
    const base = urls.filter((url) => name.startsWith(`${url}/`)).sort((a, b) => b.length - a.length)[0];
    const [, group, path] = NAMED.exec(base === undefined ? name : name.slice(base.length + 1)) ?? [];
    const at = base ?? urls[0];
    if (path === undefined || at === undefined) return undefined;
    const kind = group !== undefined || !path.includes('/') ? 'group' : 'project';
    return placeAt(`the ${kind} ${path}`, `${at}/api/v4/${kind}s/${encodeURIComponent(path)}/hooks`);
  },
  placeIn(permalink) {
    const { host, path } = locate(permalink) ?? {};
    return host === undefined ? undefined : `${host === 'gitlab.com' ? '' : `https://${host}/`}${path}`;
  },
};

function placeAt(title: string, url: string): ConnectPlace {
  const { needs } = connecting;
  const call: CallContext = { title: 'GitLab', what: `the webhooks of ${title}`, needs };
  const request = (method: TrackerRequest['method'], path: string, access: AdminAccess, body?: object) =>
    jsonRequest(method, `${url}${path}`, { authorization: `Bearer ${access.token}` }, body);
  return {
    title,
    async find(address, access) {
      const answer = await access.read(request('GET', '?per_page=100', access));
      return expectBody(z.array(hookSchema), answer, call, access)
        .filter((hook) => leadsTo(address, hook.url))
        .map((hook) => ({ id: `${hook.id}`, faults: faultsOf(hook) }));
    },
    async make(wanted, access) {
      const answer = await access.write(request('POST', '', access, bodyOf(wanted)));
      const made = expectBody(madeSchema, answer, call, access, [201]);
      refuseUnsigned(wanted, made);
      return { id: `${made.id}` };
    },
    async mend(id, wanted, access) {
      const answer = await access.write(request('PUT', `/${id}`, access, bodyOf(wanted)));
      refuseUnsigned(wanted, expectBody(madeSchema, answer, call, access));
      return { id };
    },
    async remove(id, access) {
      const answer = await access.write(request('DELETE', `/${id}`, access));
      expectStatus(answer, call, access, [200, 204]);
    },
    proof: {
      called: 'test',
      isSentWhenMade: false,
      async ping(id, _, access) {
        const answer = await access.write(request('POST', `/${id}/test/issues_events`, access));
        // The service answered no success, or there is no issue to send.
        if (answer.status === 422) return refusalOf(answer, access) || 'GitLab says no more';
        if (answer.status === 404) return 'this GitLab sends no test by its API';
        expectStatus(answer, call, access, [201]);
        return undefined;
      },
      async recorded(id, access) {
        const answer = await access.read(request('GET', `/${id}/events?per_page=20`, access));
        if (answer.status === 403 || answer.status === 404)
          return `GitLab shows its deliveries not to this token, or not before release 17.3 (${answer.status})`;
        return expectBody(eventsSchema, answer, call, access).map(({ id: own, response_status: status }) => {
          const code = Number(status);
          return Number.isInteger(code)
            ? { id: `${own}`, status: code }
            : { id: `${own}`, status: 0, words: `${status}` };
        });
      },
    },
  };
}

function bodyOf({ address, secret }: Wanted) {
  return {
    url: address,
    enable_ssl_verification: true,
    ...Object.fromEntries(NEEDED.map((event) => [event, true])),
    ...Object.fromEntries(NEEDLESS.map((event) => [event, false])),
    [SIGNING.test(secret) ? 'signing_token' : 'token']: secret,
  };
}

/** An older GitLab ignores what it does not know. */
function refuseUnsigned({ secret }: Wanted, made: z.infer<typeof madeSchema>): void {
  if (SIGNING.test(secret) && made.signing_token_present !== true)
    throw new Error(
      'this GitLab took no signing token, as before release 19, so its webhook has no secret yet: put one that does not begin with whsec_ first in GITLAB_WEBHOOK_SECRET, and run this again',
    );
}

function faultsOf(hook: z.infer<typeof hookSchema>): string[] {
  const sent = [...NEEDED, ...NEEDLESS].filter((event) => hook[event] === true);
  return [
    ...eventFaults(sent, NEEDED),
    ...(hook.enable_ssl_verification === false ? ['it does not verify certificates'] : []),
    ...(['disabled', 'temporarily_disabled'].includes(hook.alert_status ?? '')
      ? ['GitLab disabled it after failures, until a test is accepted']
      : []),
    ...(hook.custom_webhook_template
      ? ['it has a custom template, which has to be removed in its settings']
      : []),
  ];
}
