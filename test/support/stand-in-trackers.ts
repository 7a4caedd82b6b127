/** Stand-ins of trackers that shake hands, as they document their APIs. */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { batch, changed, completed, events, shown } from '../trackers/samples/asana-payloads.ts';
import { event, page, status } from '../trackers/samples/notion-payloads.ts';

interface Answer {
  code: number;
  body: unknown;
}

async function serve(answer: (request: IncomingMessage, body: unknown) => Promise<Answer>) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const { code, body } = await answer(request, text === '' ? undefined : JSON.parse(text));
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

async function post(target: string, payload: unknown, headers: Record<string, string>): Promise<Response> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return fetch(target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}

const filterSchema = z.object({
  resource_type: z.literal('task'),
  resource_subtype: z.string().optional(),
  action: z.enum(['changed', 'added', 'removed', 'deleted', 'undeleted']),
  fields: z.array(z.string()).optional(),
});
const webhookSchema = z.object({
  data: z.object({ resource: z.string().regex(/^\d+$/), target: z.url(), filters: z.array(filterSchema) }),
});
const batchSchema = z.object({
  data: z.object({ actions: z.array(z.object({ relative_path: z.string() })).max(10) }),
});

/** https://developers.asana.com/reference/createwebhook, https://developers.asana.com/docs/batch-requests */
export async function startAsana(token: string) {
  const webhooks = new Map<string, { target: string; secret: string }>();
  /** When each task was completed. */
  const done = new Map<string, string>();
  const server = await serve(async ({ url, headers }, body) => {
    if (headers.authorization !== `Bearer ${token}`) return { code: 401, body: {} };
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
    const { resource, target } = webhookSchema.parse(body).data;
    const secret = randomBytes(32).toString('hex');
    // The handshake, while the call is under way.
    const answer = await post(target, {}, { 'x-hook-secret': secret });
    if (!answer.ok || answer.headers.get('x-hook-secret') !== secret)
      return {
        code: 400,
        body: { errors: [{ message: 'The remote server did not respond with the secret.' }] },
      };
    webhooks.set(resource, { target, secret });
    return { code: 201, body: { data: { gid: '1', active: true }, 'X-Hook-Secret': secret } };
  });
  const send = (project: string, payload: unknown): Promise<Response> => {
    const { target, secret } = webhooks.get(project) ?? { target: '', secret: '' };
    const body = JSON.stringify(payload);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return post(target, body, { 'x-hook-signature': signature });
  };
  return {
    ...server,
    secrets: () => [...webhooks.values()].map(({ secret }) => secret),
    heartbeat: (project: string) => send(project, { events: [] }),
    async complete(project: string, gid: string): Promise<Response> {
      done.set(gid, new Date().toISOString());
      const resource = { gid, resource_type: 'task', resource_subtype: 'default_task' };
      return send(project, events(changed('completed', { resource })));
    },
  };
}

/** https://developers.notion.com/reference/webhooks */
export async function startNotion(apiToken: string) {
  const secret = `secret_${randomBytes(24).toString('base64url')}`;
  const done = new Set<string>();
  const server = await serve(async ({ url = '', headers }) => {
    if (headers.authorization !== `Bearer ${apiToken}` || headers['notion-version'] === undefined)
      return { code: 401, body: {} };
    const id = url.slice('/v1/pages/'.length);
    return { code: 200, body: page({ Status: status(done.has(id) ? 'Done' : 'Not started') }, { id }) };
  });
  const sign = (body: string) => ({
    'x-notion-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  });
  const send = (target: string, payload: unknown): Promise<Response> => {
    const body = JSON.stringify(payload);
    return post(target, body, sign(body));
  };
  return {
    ...server,
    /** What a person does in the settings; the token comes by itself. */
    subscribe: (target: string) => send(target, { verification_token: secret }),
    /** Whether this is what a person has to paste. */
    isVerifiedBy: (pasted: string) => pasted === secret,
    async finish(target: string, id: string): Promise<Response> {
      done.add(id);
      return send(target, event('page.properties_updated', { entity: { id, type: 'page' } }));
    },
    secret,
  };
}
