/**
 * Makes the webhooks of a site, which only its administrators can: in Cloud, and in Data Center from release 10 on, which
 * has them at another address and the secret in another place. Older releases cannot sign.
 * "Webhooks": https://developer.atlassian.com/cloud/jira/platform/webhooks/
 * "Managing webhooks": https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
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
  type MadeHook,
  type Wanted,
} from '../connecting.ts';
import type { TrackerRequest } from '../read-back.ts';
import { authorizationOf } from './api.ts';
import { siteOf, siteOfBase } from './permalink.ts';

/** All that the adapter reads. */
const EVENTS = ['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted'];
const NAME = 'incident-closer';
/** The part of a webhook that its JQL filter stands under. */
const ISSUES = 'issue-related-events-section';
const OLDEST_SERVER = 10;
const CLOUD = '/rest/webhooks/1.0/webhook';
const SERVER = '/rest/jira-webhook/1.0/webhooks';

const serverSchema = z.object({
  deploymentType: z.string().nullish(),
  versionNumbers: z.array(z.number()).min(1),
});
/** Cloud names a webhook by its address, and Data Center by an id. */
const hookSchema = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  self: z.string().nullish(),
  url: z.string(),
  events: z.array(z.string()).nullish(),
  enabled: z.boolean().nullish(),
  active: z.boolean().nullish(),
  excludeBody: z.boolean().nullish(),
  isSigned: z.boolean().nullish(),
  filters: z.record(z.string(), z.unknown()).nullish(),
  configuration: z.record(z.string(), z.unknown()).nullish(),
});
type JiraHook = z.infer<typeof hookSchema>;

export const connecting: Connecting = {
  places: 'the site as JIRA_URL has it (acme.atlassian.net)',
  needs: 'to be of an administrator of Jira: email:token for Cloud, a personal access token for Data Center',
  place(name, urls) {
    const base = urls.find((url) => siteOfBase(url) === siteOfBase(name));
    return base === undefined ? undefined : siteAt(base);
  },
  placeIn: siteOf,
};

function siteAt(base: string): ConnectPlace {
  const title = `the site ${siteOfBase(base)}`;
  const call: CallContext = { title: 'Jira', what: `the webhooks of ${title}`, needs: connecting.needs };
  const request = (method: TrackerRequest['method'], path: string, { token }: AdminAccess, body?: object) =>
    jsonRequest(
      method,
      `${base}${path}`,
      // Else a change may be taken for a forged one: https://confluence.atlassian.com/jirakb/rest-api-calls-with-a-browser-user-agent-header-may-fail-csrf-checks-802591455.html
      { authorization: authorizationOf(token), ...(method !== 'GET' && { 'x-atlassian-token': 'no-check' }) },
      body,
    );
  let known: Promise<boolean> | undefined;
  /** Throws if it is one that cannot sign. */
  const isCloud = (access: AdminAccess) => {
    known ??= (async () => {
      const about = { ...call, what: title };
      const answer = await access.read(request('GET', '/rest/api/2/serverInfo', access));
      const { deploymentType, versionNumbers } = expectBody(serverSchema, answer, about, access);
      const [release = 0] = versionNumbers;
      if (deploymentType === 'Cloud') return true;
      if (release < OLDEST_SERVER)
        throw new Error(
          `this is Jira ${versionNumbers.join('.')}, which cannot sign its webhooks: make a rule of Jira Automation instead, as docs/trackers/jira.md says`,
        );
      return false;
    })();
    return known;
  };
  const pathOf = async (access: AdminAccess) => ((await isCloud(access)) ? CLOUD : SERVER);
  const made = (hook: JiraHook): MadeHook => {
    if (hook.isSigned === false)
      throw new Error('Jira made the webhook and did not take the secret: its deliveries are not signed');
    return { id: idOf(hook) };
  };
  return {
    title,
    async find(address, access) {
      const answer = await access.read(request('GET', await pathOf(access), access));
      return expectBody(z.array(hookSchema), answer, call, access)
        .filter(({ url }) => leadsTo(address, url))
        .map((hook) => ({ id: idOf(hook), faults: faultsOf(hook) }));
    },
    async make(wanted, access) {
      const body = bodyOf(wanted, await isCloud(access));
      const answer = await access.write(request('POST', await pathOf(access), access, body));
      return made(expectBody(hookSchema, answer, call, access, [200, 201]));
    },
    async mend(id, wanted, access) {
      const body = {
        ...bodyOf(wanted, await isCloud(access)),
        ...((await isCloud(access)) && { enabled: true }),
      };
      const answer = await access.write(request('PUT', `${await pathOf(access)}/${id}`, access, body));
      made(expectBody(hookSchema, answer, call, access));
      return { id };
    },
    async remove(id, access) {
      const answer = await access.write(request('DELETE', `${await pathOf(access)}/${id}`, access));
      expectStatus(answer, call, access, [200, 204]);
    },
    proof: {
      why: 'Jira sends nothing to try a webhook out.',
      change: 'Move an issue to another status',
    },
  };
}

function bodyOf({ address, secret }: Wanted, isCloud: boolean): object {
  const shared = { name: NAME, url: address, events: EVENTS };
  // Elsewhere than in `configuration`, Data Center ignores a secret without a word.
  return isCloud
    ? { ...shared, excludeBody: false, secret, filters: { [ISSUES]: '' } }
    : { ...shared, active: true, configuration: { SECRET: secret, EXCLUDE_BODY: 'false' } };
}

function idOf({ id, self, url }: JiraHook): string {
  const own = id ?? /\/([^/]+)\/?$/.exec(self ?? '')?.[1];
  if (own === undefined) throw new Error(`Jira does not say the id of the webhook that leads to ${url}`);
  return `${own}`;
}

function faultsOf(hook: JiraHook): string[] {
  const { events, enabled, active, excludeBody, isSigned, filters, configuration } = hook;
  const hasNoBody = excludeBody === true || `${configuration?.EXCLUDE_BODY ?? false}` === 'true';
  const isFiltered = Object.values(filters ?? {}).some((jql) => typeof jql === 'string' && jql.trim() !== '');
  return [
    ...((enabled ?? active) === false ? ['it is disabled'] : []),
    ...eventFaults(events ?? [], EVENTS),
    ...(hasNoBody ? ['it sends no body'] : []),
    ...(isSigned === false ? ['it has no secret'] : []),
    // An issue that leaves a filter, because it was closed, sends nothing any more.
    ...(isFiltered ? ['it is filtered by JQL'] : []),
  ];
}
