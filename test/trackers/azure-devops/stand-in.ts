/** A stand-in whose service hooks are made with its API: it calls those that are due, and shows its only item when it is read. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { basic, call, malformed, refused, type StandIn, type Test } from '../stand-in.ts';
import { fields, transition } from './payloads.ts';

const PROJECT = '11bb';
const subscriptionSchema = z.strictObject({
  publisherId: z.literal('tfs'),
  eventType: z.enum(['workitem.updated', 'workitem.deleted', 'workitem.restored']),
  resourceVersion: z.literal('1.0'),
  consumerId: z.literal('webHooks'),
  consumerActionId: z.literal('httpRequest'),
  publisherInputs: z.strictObject({ projectId: z.literal(PROJECT) }),
  consumerInputs: z.strictObject({
    url: z.url(),
    basicAuthUsername: z.string().regex(/^\S+$/),
    basicAuthPassword: z.string().regex(/^\S+$/),
    messagesToSend: z.literal('none'),
    detailedMessagesToSend: z.literal('none'),
    /** All, where nothing is said. */
    resourceDetailsToSend: z.literal('').optional(),
  }),
});
const updateSchema = subscriptionSchema.extend({ id: z.string(), status: z.literal('enabled') });
const testSchema = z.strictObject({ subscriptionId: z.string(), details: subscriptionSchema });

export interface AzureHook extends Omit<z.infer<typeof updateSchema>, 'status' | 'publisherInputs'> {
  status: string;
  publisherInputs: Record<string, string>;
}

export interface AzureOptions {
  /** Sends no test to this token. */
  sendsNoTest?: boolean;
  /** Its history has no tests. */
  hidesTests?: boolean;
}

/** https://learn.microsoft.com/azure/devops/service-hooks/create-subscription */
export async function startAzureDevOps(
  test: Test,
  token: string,
  { sendsNoTest = false, hidesTests = false }: AzureOptions = {},
): Promise<StandIn & Pick<FakeApi, 'calls'> & { hooks: AzureHook[] }> {
  const hooks: AzureHook[] = [];
  const notifications: { of: string; body: unknown }[] = [];
  let last = 100;
  let now = fields('Active');

  /** What is secret is never shown again. */
  const shown = ({ consumerInputs, ...hook }: AzureHook) => ({
    ...hook,
    consumerInputs: { ...consumerInputs, basicAuthPassword: '********' },
  });
  const target = ({ consumerInputs }: Pick<AzureHook, 'consumerInputs'>) => {
    const { url, basicAuthUsername, basicAuthPassword } = consumerInputs;
    return { url, headers: { authorization: basic(basicAuthUsername, basicAuthPassword) } };
  };
  async function sendTest({ subscriptionId, details }: z.infer<typeof testSchema>): Promise<void> {
    const id = ++last;
    const record = (result: string, response?: string) =>
      notifications.unshift({
        of: subscriptionId,
        body: {
          id,
          status: 'completed',
          result,
          details: { response, errorMessage: response && 'Unauthorized (401)' },
        },
      });
    await call(target(details), { eventType: details.eventType }, () => ({})).then(
      ({ status, ok }) => record(ok ? 'succeeded' : 'failed', `Status Code: ${status}\nReason Phrase: …`),
      () => record('failed', undefined),
    );
  }

  const api = await fakeApi(test, ({ method, path, headers, body }: ApiCall): ApiAnswer => {
    if (headers.authorization !== basic('', token)) return refused;
    if (body !== undefined && headers['content-type'] !== 'application/json') return { status: 415 };
    if (!/[?&]api-version=7\.[01](-preview\.1)?(&|$)/.test(path)) return malformed;
    const [plain = ''] = path.split('?');
    if (plain === '/acme/_apis/projects/Operations') return { body: { id: PROJECT, name: 'Operations' } };
    const [, id, rest] =
      /^\/acme\/_apis\/hooks\/subscriptions(?:\/([\w-]+))?(\/notifications)?$/.exec(plain) ?? [];
    if (plain.startsWith('/acme/_apis/hooks/subscriptions')) {
      const hook = hooks.find((one) => one.id === id);
      if (id !== undefined && hook === undefined) return { status: 404 };
      if (rest !== undefined)
        return {
          body: { value: notifications.filter(({ of }) => of === id && !hidesTests).map((one) => one.body) },
        };
      if (method === 'GET') return { body: { value: hooks.map(shown) } };
      if (method === 'DELETE' && hook !== undefined) {
        hooks.splice(hooks.indexOf(hook), 1);
        return { status: 204, body: '' };
      }
      if (method === 'PUT' && hook !== undefined) {
        const asked = updateSchema.safeParse(body).data;
        return asked === undefined ? malformed : { body: shown(Object.assign(hook, asked)) };
      }
      const asked = subscriptionSchema.safeParse(body).data;
      if (method !== 'POST' || asked === undefined) return malformed;
      const made: AzureHook = { id: `fd67-${++last}`, status: 'enabled', ...asked };
      hooks.push(made);
      return { body: shown(made) };
    }
    if (plain === '/acme/_apis/hooks/testnotifications') {
      const asked = testSchema.safeParse(body).data;
      if (method !== 'POST' || asked === undefined) return malformed;
      if (sendsNoTest) return { status: 403 };
      void sendTest(asked);
      return { body: { id: last, status: 'queued', result: 'pending' } };
    }
    if (plain.startsWith('/acme/_apis/wit/workitemsbatch'))
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
    calls: api.calls,
    hooks,
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
      const hook = hooks.find(({ eventType }) => eventType === 'workitem.updated');
      return call(hook && target(hook), payload, () => ({}));
    },
  };
}
