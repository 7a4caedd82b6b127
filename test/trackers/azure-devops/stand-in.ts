/** A stand-in whose webhook is made with its API: it keeps one, calls it, and shows its only task when it is read. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, fakeApi } from '../fake-api.ts';
import { basic, call, type Hook, malformed, refused, type StandIn, type Test } from '../stand-in.ts';
import { fields, transition } from './payloads.ts';

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
