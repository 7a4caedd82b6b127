/** A stand-in whose webhooks are made with its API: it calls the first one, and shows its only task when it is read. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { call, hmac, malformed, type StandIn, type Test } from '../stand-in.ts';
import { changed, inProgress, status } from './payloads.ts';

const TEAM = '/api/v2/team/9012/webhook';
const event = z.enum(['taskStatusUpdated', 'taskMoved', 'taskDeleted', 'taskCreated', 'taskUpdated']);
const webhookSchema = z.strictObject({ endpoint: z.url(), events: z.array(event).min(1) });
const updateSchema = webhookSchema.extend({ status: z.enum(['active', 'inactive']) });

export interface ClickUpHook {
  id: string;
  endpoint: string;
  events: string[];
  list_id: number | null;
  health: { status: string; fail_count: number };
  secret: string;
}

/** https://developer.clickup.com/docs/webhooks */
export async function startClickUp(
  test: Test,
  token: string,
): Promise<StandIn & Pick<FakeApi, 'calls'> & { hooks: ClickUpHook[] }> {
  const secret = 'canary-made-by-clickup';
  const hooks: ClickUpHook[] = [];
  let last = 100;
  let now: Record<string, unknown> = { status: inProgress, date_closed: null };
  const api = await fakeApi(test, ({ method, path, headers, body }: ApiCall): ApiAnswer => {
    if (headers.authorization !== token) return { status: 401, body: { ECODE: 'OAUTH_025' } };
    if (body !== undefined && headers['content-type'] !== 'application/json') return { status: 415 };
    if (path === TEAM && method === 'GET') return { body: { webhooks: hooks } };
    if (path === TEAM) {
      const asked = webhookSchema.safeParse(body).data;
      if (method !== 'POST' || asked === undefined) return malformed;
      const health = { status: 'active', fail_count: 0 };
      const made = { id: `7fa3-${++last}`, ...asked, list_id: null, health, secret };
      hooks.push(made);
      return { body: { id: made.id, webhook: made } };
    }
    const [, id] = /^\/api\/v2\/webhook\/([\w-]+)$/.exec(path) ?? [];
    const hook = hooks.find((one) => one.id === id);
    if (id !== undefined) {
      if (hook === undefined) return { status: 404, body: { err: 'Webhook not found' } };
      if (method === 'DELETE') {
        hooks.splice(hooks.indexOf(hook), 1);
        return { body: {} };
      }
      const asked = updateSchema.safeParse(body).data;
      if (method !== 'PUT' || asked === undefined) return malformed;
      const { status: wanted, ...rest } = asked;
      Object.assign(hook, rest, { health: { status: wanted, fail_count: 0 } });
      return { body: { id, webhook: hook } };
    }
    return { body: { id: '86cvyxabb', ...now } };
  });
  return {
    url: api.url,
    calls: api.calls,
    hooks,
    permalink: 'https://app.clickup.com/t/86cvyxabb',
    secret,
    finish() {
      const date = String(Date.now());
      const complete = status('complete', 'closed');
      now = { status: complete, date_closed: date };
      const [hook] = hooks;
      return call(
        hook && { url: hook.endpoint, headers: {} },
        changed(inProgress, complete, { date }),
        (body) => ({ 'x-signature': hmac(body, secret) }),
      );
    },
  };
}
