/**
 * Makes the webhook of a Workspace. ClickUp thinks of its secret, and shows it to the user who made it.
 * "Create Webhook", "Get Webhooks", "Update Webhook": https://developer.clickup.com/reference/createwebhook
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
} from '../connecting.ts';
import type { TrackerRequest } from '../read-back.ts';
import { isOneOf } from '../secrets.ts';
import { authorizationOf } from './hooks.ts';

const WORKSPACE = /^\d{1,20}$/;
/** Hosts of the pages, whose address begins with the Workspace. */
const PAGES = /^(?!sharing\.|api\.|help\.|developer\.)[a-z0-9-]+\.clickup\.com$/;
/** All that the adapter reads. */
const EVENTS = ['taskStatusUpdated', 'taskMoved', 'taskDeleted'];

const id = z.union([z.string(), z.number()]).nullish();
const hookSchema = z.object({
  id: z.string(),
  endpoint: z.string(),
  events: z.array(z.string()).nullish(),
  // What it is limited to.
  ...{ space_id: id, folder_id: id, list_id: id, task_id: id },
  health: z.object({ status: z.string() }).nullish(),
  secret: z.string().nullish(),
});
type ClickUpHook = z.infer<typeof hookSchema>;
const hooksSchema = z.object({ webhooks: z.array(hookSchema) });
const madeSchema = z.object({
  webhook: z.object({ id: z.string(), secret: z.string().nullish() }),
});

export const connecting: Connecting = {
  places: 'a Workspace, by the number in its address or the address itself',
  needs:
    'to be of a member of the Workspace who sees all of its tasks, and stays: only that user sees the webhook again',
  secretOf: 'tracker',
  place(name, urls) {
    const [url] = urls;
    const page = URL.canParse(name) ? new URL(name) : undefined;
    const workspace =
      page !== undefined && PAGES.test(page.host) ? (page.pathname.split('/')[1] ?? '') : name;
    return url === undefined || !WORKSPACE.test(workspace) ? undefined : workspaceAt(workspace, url);
  },
  placeIn(permalink) {
    const page = URL.canParse(permalink) ? new URL(permalink) : undefined;
    return page !== undefined && PAGES.test(page.host) ? /^\/t\/(\d+)\//.exec(page.pathname)?.[1] : undefined;
  },
};

function workspaceAt(workspace: string, url: string): ConnectPlace {
  const title = `the Workspace ${workspace}`;
  const call: CallContext = { title: 'ClickUp', what: `the webhooks of ${title}`, needs: connecting.needs };
  const request = (method: TrackerRequest['method'], path: string, { token }: AdminAccess, body?: object) =>
    jsonRequest(method, `${url}/api/v2/${path}`, { authorization: authorizationOf(token) }, body);
  const ofTeam = `team/${workspace}/webhook`;

  async function all(access: AdminAccess): Promise<ClickUpHook[]> {
    const answer = await access.read(request('GET', ofTeam, access));
    return expectBody(hooksSchema, answer, call, access).webhooks;
  }

  return {
    title,
    async find(address, access) {
      // One of a single list stays as it is.
      return (await all(access))
        .filter((hook) => leadsTo(address, hook.endpoint) && !isLimited(hook))
        .map((hook) => ({ id: hook.id, faults: faultsOf(hook, access) }));
    },
    async make({ address }, access) {
      const answer = await access.write(
        request('POST', ofTeam, access, { endpoint: address, events: EVENTS }),
      );
      return madeOf(expectBody(madeSchema, answer, call, access).webhook);
    },
    async mend(own, { address }, access) {
      // All three are needed. What is left out of `events` is not sent, and all is sent where it is missing.
      const body = { endpoint: address, events: EVENTS, status: 'active' };
      const answer = await access.write(request('PUT', `webhook/${own}`, access, body));
      expectStatus(answer, call, access, [200]);
      const hook = (await all(access)).find((one) => one.id === own);
      return hook === undefined ? { id: own } : madeOf(hook);
    },
    async remove(own, access) {
      expectStatus(await access.write(request('DELETE', `webhook/${own}`, access)), call, access, [200]);
    },
    proof: {
      why: 'ClickUp sends nothing to try a webhook out, and shows no deliveries.',
      change: 'Give a task another status',
    },
  };
}

function madeOf({ id: own, secret }: Pick<ClickUpHook, 'id' | 'secret'>): MadeHook {
  return { id: own, ...(secret && { secret }) };
}

function isLimited({ space_id, folder_id, list_id, task_id }: ClickUpHook): boolean {
  return [space_id, folder_id, list_id, task_id].some((one) => one != null && one !== '');
}

function faultsOf({ events, health, secret }: ClickUpHook, { secrets }: AdminAccess): string[] {
  return [
    ...(health == null || health.status === 'active' ? [] : [`ClickUp counts it as ${health.status}`]),
    ...eventFaults(events ?? [], EVENTS, '*'),
    ...(secret && !isOneOf(secret, secrets) ? ['the service does not have its secret'] : []),
  ];
}
