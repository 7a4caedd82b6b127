/**
 * Makes the webhook of a project. Asana offers a secret of its own to the service while the call is under way.
 * "Webhooks": https://developers.asana.com/docs/webhooks-guide
 * "Establish a webhook", "Get multiple webhooks", "Update a webhook": https://developers.asana.com/reference/webhooks
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
} from '../connecting.ts';
import type { TrackerRequest } from '../read-back.ts';

const GID = /^[1-9]\d{0,24}$/;
/** `/0/<project>/…`, and `/1/<workspace>/project/<project>/…`. */
const PROJECT_PATHS = [/^\/0\/(\d+)(?:\/|$)/, /^\/1\/\d+\/(?:.*\/)?project\/(\d+)(?:\/|$)/];
const PAGES = 20;
const PAGES_AT = 'https://app.asana.com';

/** All that the adapter reads. */
const FILTERS = [
  { resource_type: 'task', action: 'changed', fields: ['completed'] },
  { resource_type: 'task', resource_subtype: 'approval', action: 'changed' },
  { resource_type: 'task', action: 'added' },
  { resource_type: 'task', action: 'deleted' },
  { resource_type: 'task', action: 'undeleted' },
];
const FIELDS =
  'active,target,filters.action,filters.fields,filters.resource_subtype,filters.resource_type,delivery_retry_count,failure_deletion_timestamp';

const projectSchema = z.object({
  data: z.object({ gid: z.string(), workspace: z.object({ gid: z.string() }) }),
});
const filterSchema = z.object({
  resource_type: z.string().nullish(),
  resource_subtype: z.string().nullish(),
  action: z.string().nullish(),
  fields: z.array(z.string()).nullish(),
});
const hookSchema = z.object({
  gid: z.string(),
  active: z.boolean(),
  target: z.string(),
  filters: z.array(filterSchema).nullish(),
  delivery_retry_count: z.number().nullish(),
  failure_deletion_timestamp: z.string().nullish(),
});
const hooksSchema = z.object({
  data: z.array(hookSchema),
  next_page: z.object({ offset: z.string() }).nullish(),
});
const madeSchema = z.object({ data: z.object({ gid: z.string() }) });

export const connecting: Connecting = {
  places: 'a project, by the number in its address or the address itself',
  needs:
    'to be of a user who sees the project, and stays: only that user sees the webhook again (OAuth: webhooks:read, webhooks:write, webhooks:delete and projects:read)',
  secretOf: 'handshake',
  place(name, urls) {
    const [url] = urls;
    const project = projectOf(name, urls);
    return project === undefined || url === undefined ? undefined : projectAt(project, `${url}/api/1.0`);
  },
  placeIn: (permalink) => (GID.test(permalink) ? undefined : projectOf(permalink, [PAGES_AT])),
};

function projectOf(name: string, urls: readonly string[]): string | undefined {
  if (GID.test(name)) return name;
  const url = URL.canParse(name) ? new URL(name) : undefined;
  if (url === undefined || !urls.some((one) => new URL(one).origin === url.origin)) return undefined;
  // `/0/0/<task>` names no project.
  const found = PROJECT_PATHS.flatMap((path) => path.exec(url.pathname)?.[1] ?? [])[0];
  return found !== undefined && GID.test(found) ? found : undefined;
}

function projectAt(project: string, api: string): ConnectPlace {
  const title = `the project ${project}`;
  const call: CallContext = { title: 'Asana', what: `the webhooks of ${title}`, needs: connecting.needs };
  const request = (method: TrackerRequest['method'], path: string, { token }: AdminAccess, data?: object) =>
    jsonRequest(method, `${api}/${path}`, { authorization: `Bearer ${token}` }, data && { data });
  return {
    title,
    async find(address, access) {
      const about = { ...call, what: title };
      const read = await access.read(request('GET', `projects/${project}?opt_fields=workspace.gid`, access));
      const workspace = expectBody(projectSchema, read, about, access).data.workspace.gid;
      const found: z.infer<typeof hookSchema>[] = [];
      let offset: string | undefined;
      for (let page = 0; page < PAGES; page++) {
        const from = offset === undefined ? '' : `&offset=${encodeURIComponent(offset)}`;
        const path = `webhooks?workspace=${workspace}&resource=${project}&limit=100&opt_fields=${FIELDS}${from}`;
        const answer = await access.read(request('GET', path, access));
        const { data, next_page: next } = expectBody(hooksSchema, answer, call, access);
        found.push(...data.filter(({ target }) => leadsTo(address, target)));
        offset = next?.offset;
        if (offset === undefined) break;
      }
      return found.map((hook) => ({ id: hook.gid, faults: faultsOf(hook), isSpent: !hook.active }));
    },
    async make({ address }, access) {
      const data = { resource: project, target: address, filters: FILTERS };
      const answer = await access.write(request('POST', 'webhooks', access, data));
      return { id: expectBody(madeSchema, answer, call, access, [201]).data.gid };
    },
    async mend(id, _, access) {
      // It replaces all of them, and changes nothing else.
      const answer = await access.write(request('PUT', `webhooks/${id}`, access, { filters: FILTERS }));
      expectStatus(answer, call, access, [200]);
      return { id };
    },
    async remove(id, access) {
      expectStatus(await access.write(request('DELETE', `webhooks/${id}`, access)), call, access, [200]);
    },
    proof: {
      why: 'Asana sends nothing to try a webhook out once it is there.',
      change: 'Complete a task of the project',
      made: 'the service answered the handshake of Asana, which makes no webhook otherwise',
    },
  };
}

function faultsOf(hook: z.infer<typeof hookSchema>): string[] {
  const { active, filters, delivery_retry_count: retries, failure_deletion_timestamp: deletedAt } = hook;
  return [
    ...(active ? [] : ['it is not active']),
    ...(filters?.length
      ? eventFaults(filters.map(named), FILTERS.map(named))
      : ['it sends whatever happens in the project']),
    ...(retries || deletedAt
      ? [`its deliveries fail${deletedAt ? `, and Asana deletes it at ${deletedAt}` : ''}`]
      : []),
  ];
}

/** `task changed (completed)` */
function named({ resource_type, resource_subtype, action, fields }: z.infer<typeof filterSchema>): string {
  const kind = [resource_subtype, resource_type].filter(Boolean).join(' ');
  return `${kind} ${action}${fields?.length ? ` (${fields.join(', ')})` : ''}`;
}
