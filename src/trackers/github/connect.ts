/**
 * Makes the webhooks of repositories and organizations.
 * "REST API endpoints for repository webhooks": https://docs.github.com/en/rest/repos/webhooks
 * "REST API endpoints for organization webhooks": https://docs.github.com/en/rest/orgs/webhooks
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
  type Wanted,
} from '../connecting.ts';
import type { TrackerRequest } from '../read-back.ts';
import { headersFor } from './hooks.ts';
import { locate } from './permalink.ts';
import { apiOf, hostOf } from './read-back.ts';

const NAMED = /^(?:(https?:\/\/[^/]+)\/)?(?:orgs\/)?([\w.-]+)(?:\/([\w.-]+))?\/?$/;
/** All that the adapter reads. */
const EVENTS = ['issues', 'pull_request'];
const LATEST = 30;

const hookSchema = z.object({
  id: z.number(),
  active: z.boolean(),
  events: z.array(z.string()),
  config: z
    .object({
      url: z.string().nullish(),
      content_type: z.string().nullish(),
      insecure_ssl: z.union([z.string(), z.number()]).nullish(),
    })
    .nullish(),
});
const madeSchema = z.object({ id: z.number() });
const deliveriesSchema = z.array(
  z.object({
    id: z.union([z.number(), z.string()]),
    event: z.string(),
    status: z.string().nullish(),
    status_code: z.number().nullish(),
  }),
);

export const connecting: Connecting = {
  places: 'acme/api for a repository, acme for an organization',
  needs:
    'to be of an owner of the organization or an administrator of the repository, with write access to Webhooks (classic: admin:org_hook or admin:repo_hook)',
  remark: (token) =>
    // https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    token.startsWith('gho_')
      ? "This token was made by an app such as GitHub's CLI: in an organization, only that app sees the webhook that it makes, and it sees no other."
      : undefined,
  place(name, urls) {
    const [, server, owner, repo] = NAMED.exec(name) ?? [];
    const at = server ?? urls[0];
    const rest = at === undefined ? undefined : apiOf(hostOf(at), urls)?.rest;
    if (owner === undefined || rest === undefined) return undefined;
    return repo === undefined
      ? placeAt(`the organization ${owner}`, `${rest}/orgs/${owner}/hooks`)
      : placeAt(`the repository ${owner}/${repo}`, `${rest}/repos/${owner}/${repo}/hooks`);
  },
  placeIn(permalink) {
    const { host, owner, repo } = locate(permalink) ?? {};
    if (host === undefined) return undefined;
    return `${host === 'github.com' ? '' : `https://${host}/`}${owner}/${repo}`;
  },
};

function placeAt(title: string, url: string): ConnectPlace {
  const { needs } = connecting;
  const call: CallContext = { title: 'GitHub', what: `the webhooks of ${title}`, needs };
  const record: CallContext = { ...call, what: `the deliveries of the webhook in ${title}` };
  const request = (method: TrackerRequest['method'], path: string, access: AdminAccess, body?: object) =>
    jsonRequest(method, `${url}${path}`, headersFor(access.token), body);
  return {
    title,
    async find(address, access) {
      const answer = await access.read(request('GET', '?per_page=100', access));
      return expectBody(z.array(hookSchema), answer, call, access)
        .filter(({ config }) => leadsTo(address, config?.url))
        .map((hook) => ({ id: `${hook.id}`, faults: faultsOf(hook) }));
    },
    async make(wanted, access) {
      const body = { name: 'web', ...bodyOf(wanted) };
      const answer = await access.write(request('POST', '', access, body));
      return { id: `${expectBody(madeSchema, answer, call, access, [201]).id}` };
    },
    async mend(id, wanted, access) {
      // `config` is replaced as a whole.
      const answer = await access.write(request('PATCH', `/${id}`, access, bodyOf(wanted)));
      expectStatus(answer, call, access, [200]);
      return { id };
    },
    async remove(id, access) {
      const answer = await access.write(request('DELETE', `/${id}`, access));
      expectStatus(answer, call, access, [204]);
    },
    proof: {
      called: 'ping',
      isSentWhenMade: true,
      async ping(id, _, access) {
        expectStatus(await access.write(request('POST', `/${id}/pings`, access)), call, access, [204]);
        return undefined;
      },
      async recorded(id, access) {
        const answer = await access.read(request('GET', `/${id}/deliveries?per_page=${LATEST}`, access));
        if (answer.status === 403 || answer.status === 404)
          return `GitHub shows its deliveries not to this token (${answer.status})`;
        return expectBody(deliveriesSchema, answer, record, access)
          .filter(({ event }) => event === 'ping')
          .map((one) => ({ id: `${one.id}`, status: one.status_code ?? 0, words: one.status ?? undefined }));
      },
    },
  };
}

function bodyOf({ address, secret }: Wanted) {
  const config = { url: address, content_type: 'json', secret, insecure_ssl: '0' };
  return { active: true, events: EVENTS, config };
}

function faultsOf({ active, events, config }: z.infer<typeof hookSchema>): string[] {
  const isJson = config?.content_type === 'json';
  return [
    ...(active ? [] : ['it is not active']),
    ...eventFaults(events, EVENTS, '*'),
    ...(isJson ? [] : ['its content type is not application/json']),
    ...(`${config?.insecure_ssl ?? 0}` === '0' ? [] : ['it does not verify certificates']),
  ];
}
