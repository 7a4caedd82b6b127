/** A stand-in that shakes hands, as its API documents it. */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { post, serve } from '../stand-in.ts';
import { batch, changed, completed, events, shown } from './payloads.ts';

const filterSchema = z.strictObject({
  resource_type: z.literal('task'),
  resource_subtype: z.string().optional(),
  action: z.enum(['changed', 'added', 'removed', 'deleted', 'undeleted']),
  fields: z.array(z.string()).optional(),
});
const updateSchema = z.strictObject({ data: z.strictObject({ filters: z.array(filterSchema).min(1) }) });
const webhookSchema = z.strictObject({
  data: z.strictObject({
    resource: z.string().regex(/^\d+$/),
    target: z.url(),
    filters: z.array(filterSchema).min(1),
  }),
});

export interface AsanaHook {
  gid: string;
  target: string;
  secret: string;
  active: boolean;
  filters: z.infer<typeof filterSchema>[];
}

const batchSchema = z.object({
  data: z.object({ actions: z.array(z.object({ relative_path: z.string() })).max(10) }),
});

/** https://developers.asana.com/reference/createwebhook, https://developers.asana.com/docs/batch-requests */
export async function startAsana(token: string) {
  /** By the project. */
  const webhooks = new Map<string, AsanaHook>();
  const calls: { method: string; path: string }[] = [];
  let last = 100;
  /** When each task was completed. */
  const done = new Map<string, string>();
  const server = await serve(async ({ method = '', url = '', headers }, body) => {
    calls.push({ method, path: url });
    if (headers.authorization !== `Bearer ${token}`) return { code: 401, body: {} };
    if (body !== undefined && !headers['content-type']?.startsWith('application/json'))
      return { code: 415, body: {} };
    if (/^\/api\/1\.0\/projects\/\d+\?opt_fields=workspace\.gid$/.test(url))
      return { code: 200, body: { data: { gid: url.split('/')[4], workspace: { gid: '77' } } } };
    if (url === '/api/1.0/batch') {
      const gids = batchSchema
        .parse(body)
        .data.actions.map(({ relative_path }) => relative_path.split('/')[2] ?? '');
      return {
        code: 200,
        body: batch(
          ...gids.map((gid) =>
            shown({ gid, ...(done.has(gid) && { ...completed, completed_at: done.get(gid) }) }),
          ),
        ),
      };
    }
    if (url?.startsWith('/api/1.0/users/me?'))
      return { code: 200, body: { data: { workspaces: [{ gid: '77' }] } } };
    if (url?.startsWith('/api/1.0/webhooks?')) {
      const only = /[?&]resource=(\d+)/.exec(url)?.[1];
      const data = [...webhooks]
        .filter(([project]) => only === undefined || project === only)
        .map(([project, { secret: _, ...shown }]) => ({ ...shown, resource: { gid: project } }));
      return { code: 200, body: { data, next_page: null } };
    }
    const [, gid] = /^\/api\/1\.0\/webhooks\/(\d+)$/.exec(url) ?? [];
    if (gid !== undefined) {
      const [project, hook] = [...webhooks].find(([, one]) => one.gid === gid) ?? [];
      if (project === undefined || hook === undefined) return { code: 404, body: {} };
      if (method === 'DELETE') webhooks.delete(project);
      else if (method === 'PUT') hook.filters = updateSchema.parse(body).data.filters;
      else return { code: 405, body: {} };
      return { code: 200, body: { data: {} } };
    }
    const { resource, target, filters } = webhookSchema.parse(body).data;
    const secret = randomBytes(32).toString('hex');
    // The handshake, while the call is under way.
    const answer = await post(target, {}, { 'x-hook-secret': secret });
    if (!answer.ok || answer.headers.get('x-hook-secret') !== secret)
      return {
        code: 400,
        body: { errors: [{ message: 'The remote server did not respond with the secret.' }] },
      };
    const made = { gid: `${++last}`, target, secret, active: true, filters };
    webhooks.set(resource, made);
    return { code: 201, body: { data: { gid: made.gid, active: true }, 'X-Hook-Secret': secret } };
  });
  const send = (project: string, payload: unknown): Promise<Response> => {
    const { target, secret } = webhooks.get(project) ?? { target: '', secret: '' };
    const body = JSON.stringify(payload);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return post(target, body, { 'x-hook-signature': signature });
  };
  return {
    ...server,
    calls,
    webhooks,
    secrets: () => [...webhooks.values()].map(({ secret }) => secret),
    heartbeat: (project: string) => send(project, { events: [] }),
    async complete(project: string, gid: string): Promise<Response> {
      done.set(gid, new Date().toISOString());
      const resource = { gid, resource_type: 'task', resource_subtype: 'default_task' };
      return send(project, events(changed('completed', { resource })));
    },
  };
}
