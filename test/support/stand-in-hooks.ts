/**
 * Stand-ins of trackers whose webhooks are made with their APIs, as they document them: each keeps one webhook, calls
 * it, and shows its only task when it is asked for.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, fakeApi } from '../trackers/fake-api.ts';
import { fields, transition } from '../trackers/samples/azure-devops-payloads.ts';
import { changed, inProgress, status } from '../trackers/samples/clickup-payloads.ts';
import { state, story } from '../trackers/samples/shortcut-payloads.ts';

export interface StandIn {
  /** The base address of its API. */
  url: string;
  /** The address of its task for people. */
  permalink: string;
  /** The secret of its webhook, where it makes it. */
  secret?: string;
  /** A person finishes the task: calls the webhook that was made. */
  finish(): Promise<Response>;
}

type Test = Parameters<typeof fakeApi>[0];
type Hook = { url: string; headers: Record<string, string> };

const refused: ApiAnswer = { status: 401 };
const malformed: ApiAnswer = { status: 400 };

async function call(
  hook: Hook | undefined,
  payload: unknown,
  sign: (body: string) => Record<string, string>,
) {
  if (hook === undefined) throw new Error('nobody made a webhook');
  const body = JSON.stringify(payload);
  const headers = { 'content-type': 'application/json', ...hook.headers, ...sign(body) };
  return fetch(hook.url, { method: 'POST', headers, body });
}

const hmac = (body: string, secret: string) => createHmac('sha256', secret).update(body).digest('hex');
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const subscriptionSchema = z.object({
  publisherId: z.literal('tfs'),
  eventType: z.literal('workitem.updated'),
  consumerId: z.literal('webHooks'),
  consumerActionId: z.literal('httpRequest'),
  publisherInputs: z.object({ projectId: z.string().min(1) }),
  consumerInputs: z.object({
    url: z.url(),
    basicAuthUsername: z.string().regex(/^\S+$/),
    basicAuthPassword: z.string().regex(/^\S+$/),
    /** All, where nothing is said. */
    resourceDetailsToSend: z.literal('').optional(),
  }),
});

/** https://learn.microsoft.com/azure/devops/service-hooks/create-subscription */
export async function startAzureDevOps(test: Test, token: string): Promise<StandIn> {
  let hook: Hook | undefined;
  let now = fields('Active');
  const api = await fakeApi(test, ({ path, headers, body }: ApiCall): ApiAnswer => {
    if (headers.authorization !== basic('', token)) return refused;
    if (path.startsWith('/acme/_apis/hooks/subscriptions?')) {
      const asked = subscriptionSchema.safeParse(body).data?.consumerInputs;
      if (asked === undefined) return malformed;
      const { url, basicAuthUsername, basicAuthPassword } = asked;
      hook = { url, headers: { authorization: basic(basicAuthUsername, basicAuthPassword) } };
      return { body: { id: 'fd672255', status: 'enabled' } };
    }
    if (path.startsWith('/acme/_apis/wit/workitemsbatch?'))
      return { body: { value: [{ id: 12, fields: now }] } };
    return {
      body: {
        value: [
          { name: 'Active', category: 'InProgress' },
          { name: 'Closed', category: 'Completed' },
        ],
      },
    };
  });
  const url = `${api.url}/acme`;
  return {
    url,
    permalink: `${url}/Operations/_workitems/edit/12`,
    finish() {
      const at = new Date().toISOString();
      now = fields('Closed', {
        'System.ChangedDate': at,
        'Microsoft.VSTS.Common.StateChangeDate': at,
      });
      const changes = {
        'System.State': { oldValue: 'Active', newValue: 'Closed' },
        'Microsoft.VSTS.Common.StateChangeDate': { newValue: at },
      };
      const payload = transition('Active', 'Closed', now, { fields: changes }, url);
      return call(hook, payload, () => ({}));
    },
  };
}

const webhookSchema = z.object({
  endpoint: z.url(),
  events: z.array(z.enum(['taskStatusUpdated', 'taskMoved', 'taskDeleted', 'taskCreated', 'taskUpdated'])),
});

/** https://developer.clickup.com/docs/webhooks */
export async function startClickUp(test: Test, token: string): Promise<StandIn> {
  const secret = 'canary-made-by-clickup';
  let hook: Hook | undefined;
  let now: Record<string, unknown> = { status: inProgress, date_closed: null };
  const api = await fakeApi(test, ({ path, headers, body }: ApiCall): ApiAnswer => {
    if (headers.authorization !== token) return { status: 401, body: { ECODE: 'OAUTH_025' } };
    if (path === '/api/v2/team/9012/webhook') {
      const asked = webhookSchema.safeParse(body).data;
      if (asked === undefined) return malformed;
      hook = { url: asked.endpoint, headers: {} };
      return { body: { id: '7fa3', webhook: { id: '7fa3', secret, health: { status: 'active' } } } };
    }
    return { body: { id: '86cvyxabb', ...now } };
  });
  return {
    url: api.url,
    permalink: 'https://app.clickup.com/t/86cvyxabb',
    secret,
    finish() {
      const date = String(Date.now());
      const complete = status('complete', 'closed');
      now = { status: complete, date_closed: date };
      return call(hook, changed(inProgress, complete, { date }), (body) => ({
        'x-signature': hmac(body, secret),
      }));
    },
  };
}

const integrationSchema = z.object({ webhook_url: z.url(), secret: z.string().min(1).max(128) });

/** https://developer.shortcut.com/api/webhook/v1 */
export async function startShortcut(test: Test, token: string): Promise<StandIn> {
  let hook: (Hook & { secret: string }) | undefined;
  const permalink = 'https://app.shortcut.com/acme/story/12';
  let now: Record<string, unknown> = { completed: false, workflow_state_id: 50 };
  const api = await fakeApi(test, ({ path, headers, body }: ApiCall): ApiAnswer => {
    if (headers['shortcut-token'] !== token) return refused;
    if (path === '/api/v3/integrations/webhook') {
      const asked = integrationSchema.safeParse(body).data;
      if (asked === undefined) return malformed;
      hook = { url: asked.webhook_url, headers: {}, secret: asked.secret };
      return { status: 201, body: { id: 'w1', has_secret: true, disabled: false, type: 'generic' } };
    }
    if (path === '/api/v3/workflows/5') return { body: { id: 5, states: [state(51, 'done', 'Completed')] } };
    return { body: { id: 12, app_url: permalink, workflow_id: 5, ...now } };
  });
  return {
    url: api.url,
    permalink,
    finish() {
      const at = new Date().toISOString();
      now = { completed: true, workflow_state_id: 51, moved_at: at };
      const changes = { workflow_state_id: { old: 50, new: 51 }, completed: { old: false, new: true } };
      const payload = {
        id: '641b',
        changed_at: at,
        version: 'v1',
        member_id: 'm1',
        actions: [story(changes)],
        references: [state(50, 'started'), state(51, 'done')],
      };
      const secret = hook?.secret ?? '';
      return call(hook, payload, (body) => ({ 'payload-signature': hmac(body, secret) }));
    },
  };
}
