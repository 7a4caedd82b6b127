/**
 * Makes the service hooks of a project: a subscription for each event.
 * "Create a service hook subscription programmatically": https://learn.microsoft.com/azure/devops/service-hooks/create-subscription
 * "Subscriptions - Replace Subscription": https://learn.microsoft.com/rest/api/azure/devops/hooks/subscriptions/replace-subscription
 * Tests: https://learn.microsoft.com/rest/api/azure/devops/hooks/notifications/create, and what came of them: …/list
 */
import { z } from 'zod';
import {
  type AdminAccess,
  type CallContext,
  type Connecting,
  type ConnectPlace,
  expectBody,
  expectStatus,
  type HookProof,
  jsonRequest,
  leadsTo,
  type RecordedDelivery,
  type Wanted,
  withoutSecrets,
} from '../connecting.ts';
import type { TrackerAnswer, TrackerRequest } from '../read-back.ts';
import { asksToSignIn, authorizationOf, versionOf } from './api.ts';
import { CLOUD, locate, siteOfBase } from './permalink.ts';
import { baseOf } from './read-back.ts';

/** All that the adapter reads. The first one is tested. */
const EVENTS = ['workitem.updated', 'workitem.deleted', 'workitem.restored'] as const;
/** What no project's name contains: https://learn.microsoft.com/azure/devops/organizations/settings/naming-restrictions */
const PROJECT = /^[^\\/:*?"'<>|;#$*{},+=[\]~&%@]{1,64}$/;
const USER = 'incident-closer';
/** Between the ids of the subscriptions that are one hook here. */
const AND = ', ';

const projectSchema = z.object({ id: z.string() });
const subscriptionSchema = z.object({
  id: z.string(),
  eventType: z.string().nullish(),
  consumerId: z.string().nullish(),
  status: z.string().nullish(),
  publisherInputs: z.record(z.string(), z.unknown()).nullish(),
  consumerInputs: z.record(z.string(), z.unknown()).nullish(),
});
type Subscription = z.infer<typeof subscriptionSchema>;
const listSchema = z.object({ value: z.array(subscriptionSchema) });
const notificationsSchema = z.object({
  value: z.array(
    z.object({
      id: z.union([z.number(), z.string()]),
      status: z.string().nullish(),
      result: z.string().nullish(),
      details: z.object({ response: z.string().nullish(), errorMessage: z.string().nullish() }).nullish(),
    }),
  ),
});

export const connecting: Connecting = {
  places:
    'a project: acme/Operations, Operations where AZURE_DEVOPS_URL has its organization, or its address',
  needs:
    'the scope Work Items (Read) of a project administrator, or of somebody with the right Edit subscriptions, who stays: a hook sends what its maker may read',
  place(name, urls) {
    const [base, project] = partsOf(name, urls) ?? [];
    return base === undefined || project === undefined || !PROJECT.test(project)
      ? undefined
      : projectAt(base, project);
  },
  placeIn(permalink) {
    const { origin, host, pathname } = URL.canParse(permalink) ? new URL(permalink) : {};
    const [, path] = /^\/(.+\/.+?)\/_/.exec(pathname ?? '') ?? [];
    if (path === undefined || locate(permalink) === undefined) return undefined;
    return host === CLOUD ? plain(path) : `${origin}/${path}`;
  },
};

/** The address of the organization or collection, and the name of the project in it. */
function partsOf(
  name: string,
  urls: readonly string[],
): [base: string | undefined, project: string] | undefined {
  const url =
    [...urls].sort((a, b) => b.length - a.length).find((one) => name.startsWith(`${one}/`)) ?? urls[0];
  if (url === undefined) return undefined;
  const [first = '', second, ...more] = (name.startsWith(`${url}/`) ? name.slice(url.length + 1) : name)
    .split('/')
    .filter((part) => part !== '')
    .map(plain);
  if (more.length > 0) return undefined;
  const site = siteOfBase(url);
  if (site !== undefined) return second === undefined ? [baseOf(site, urls), first] : undefined;
  return second === undefined ? undefined : [baseOf(`${CLOUD}/${first.toLowerCase()}`, urls), second];
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function projectAt(base: string, project: string): ConnectPlace {
  const title = `the project ${project} of ${new URL(base).host}${new URL(base).pathname}`;
  const call: CallContext = {
    title: 'Azure DevOps',
    what: `the service hooks of ${title}`,
    needs: connecting.needs,
  };
  const request = (
    method: TrackerRequest['method'],
    path: string,
    { token }: AdminAccess,
    body?: object,
    version = versionOf(base),
  ) =>
    jsonRequest(
      method,
      `${base}/_apis/${path}${path.includes('?') ? '&' : '?'}api-version=${version}`,
      { authorization: authorizationOf(token) },
      body,
    );

  let known: Promise<string> | undefined;
  const idOf = (access: AdminAccess) => {
    known ??= (async () => {
      const answer = await access.read(request('GET', `projects/${encodeURIComponent(project)}`, access));
      return expectBody(projectSchema, signedIn(answer), { ...call, what: title }, access).id;
    })();
    return known;
  };

  /** Those of the project that lead to an address. */
  async function all(address: string, access: AdminAccess): Promise<Subscription[]> {
    const own = await idOf(access);
    const answer = await access.read(request('GET', 'hooks/subscriptions', access));
    return expectBody(listSchema, signedIn(answer), call, access).value.filter(
      ({ publisherInputs, consumerInputs }) =>
        publisherInputs?.projectId === own && leadsTo(address, `${consumerInputs?.url ?? ''}`),
    );
  }

  /** Makes those that there are not, and gives the others what is wanted. */
  async function bring(wanted: Wanted, there: readonly Subscription[], access: AdminAccess): Promise<string> {
    const own = await idOf(access);
    const answers = await access.writeEach(
      EVENTS.map((event) => {
        const old = there.find(({ eventType }) => eventType === event);
        const body = bodyOf(event, own, wanted);
        return old === undefined
          ? request('POST', 'hooks/subscriptions', access, body)
          : request('PUT', `hooks/subscriptions/${old.id}`, access, {
              id: old.id,
              status: 'enabled',
              ...body,
            });
      }),
    );
    return answers
      .map((answer) => expectBody(subscriptionSchema, signedIn(answer), call, access).id)
      .join(AND);
  }

  const proof: HookProof = {
    called: 'test',
    isSentWhenMade: false,
    mayBeUnrecorded: true,
    async ping(id, wanted, access) {
      const [subscriptionId] = id.split(AND);
      // With all of its values: what a hook keeps secret is not read from it.
      const details = bodyOf(EVENTS[0], await idOf(access), wanted);
      const body = { subscriptionId, details };
      const version = `${versionOf(base)}-preview.1`;
      const answer = await access.write(request('POST', 'hooks/testnotifications', access, body, version));
      if ([400, 403, 404].includes(answer.status))
        return `Azure DevOps sends this token none (${answer.status})`;
      expectStatus(signedIn(answer), call, access, [200, 201, 202]);
      return undefined;
    },
    async recorded(id, access) {
      const [first = ''] = id.split(AND);
      const answer = await access.read(request('GET', `hooks/subscriptions/${first}/notifications`, access));
      if (answer.status === 403 || answer.status === 404)
        return `Azure DevOps does not show its history to this token (${answer.status})`;
      return expectBody(notificationsSchema, signedIn(answer), call, access).value.flatMap((one) =>
        recordedOf(one, access),
      );
    },
  };

  return {
    title,
    async find(address, access) {
      const there = await all(address, access);
      const kept = EVENTS.flatMap((event) => there.find(({ eventType }) => eventType === event) ?? []);
      const others = there.filter((one) => !kept.includes(one));
      return [
        ...(kept.length === 0 ? [] : [{ id: kept.map(({ id }) => id).join(AND), faults: faultsOf(kept) }]),
        ...others.map(({ id, eventType }) => ({
          id,
          faults: [`it sends what is not needed: ${eventType ?? 'an unknown event'}`],
        })),
      ];
    },
    async make(wanted, access) {
      return { id: await bring(wanted, [], access) };
    },
    async mend(id, wanted, access) {
      const ids = id.split(AND);
      const there = (await all(wanted.address, access)).filter((one) => ids.includes(one.id));
      return { id: await bring(wanted, there, access) };
    },
    async remove(id, access) {
      const answers = await access.writeEach(
        id.split(AND).map((one) => request('DELETE', `hooks/subscriptions/${one}`, access)),
      );
      for (const answer of answers) expectStatus(signedIn(answer), call, access, [200, 204]);
    },
    proof,
  };
}

function signedIn(answer: TrackerAnswer): TrackerAnswer {
  return asksToSignIn(answer) ? { ...answer, status: 401 } : answer;
}

function bodyOf(eventType: string, projectId: string, { address, secret }: Wanted) {
  return {
    ...{ publisherId: 'tfs', eventType, resourceVersion: '1.0' },
    ...{ consumerId: 'webHooks', consumerActionId: 'httpRequest', publisherInputs: { projectId } },
    // All of the resource is sent where nothing is said.
    consumerInputs: {
      ...{ url: address, basicAuthUsername: USER, basicAuthPassword: secret },
      ...{ messagesToSend: 'none', detailedMessagesToSend: 'none' },
    },
  };
}

/** Filters that are set to any value, as those of the pages are, limit nothing. */
const FILTERS = ['areaPath', 'workItemType', 'changedFields', 'linksChanged', 'tag'];

function faultsOf(kept: readonly Subscription[]): string[] {
  const missing = EVENTS.filter((event) => kept.every(({ eventType }) => eventType !== event));
  return [
    ...(missing.length > 0 ? [`it does not send ${missing.join(', ')}`] : []),
    ...kept.flatMap(({ eventType, status, publisherInputs, consumerInputs }) => {
      const filters = FILTERS.filter((name) => !['', 'false'].includes(`${publisherInputs?.[name] ?? ''}`));
      const part = `${consumerInputs?.resourceDetailsToSend ?? ''}`;
      return [
        ...(status == null || status === 'enabled' ? [] : [`that for ${eventType} is ${status}`]),
        ...(filters.length > 0 ? [`that for ${eventType} is filtered (${filters.join(', ')})`] : []),
        ...(['', 'all'].includes(part.toLowerCase()) ? [] : [`that for ${eventType} sends ${part} alone`]),
      ];
    }),
  ];
}

/** One that is under way is none yet. */
function recordedOf(
  { id, status, result, details }: z.infer<typeof notificationsSchema>['value'][number],
  access: AdminAccess,
): RecordedDelivery[] {
  if (status !== 'completed') return [];
  const isAccepted = result === 'succeeded';
  const code = /status code:?\s*(\d{3})/i.exec(details?.response ?? '')?.[1];
  const why = details?.errorMessage ?? result ?? 'failed';
  return [
    {
      ...{ id: `${id}`, status: Number(code ?? 0), isAccepted },
      words: isAccepted ? 'succeeded' : withoutSecrets(why, access),
    },
  ];
}
