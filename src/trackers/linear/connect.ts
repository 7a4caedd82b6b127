/**
 * Makes the webhook of a workspace's public teams.
 * "Webhooks": https://linear.app/developers/webhooks
 * `webhookCreate`, `webhookUpdate`, `webhookDelete`: https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql
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
  leadsTo,
  refusalOf,
  type Wanted,
} from '../connecting.ts';
import { apiOf, authorizationOf, codesOf } from './read-back.ts';

const WORKSPACE = 'workspace';
const RESOURCES = ['Issue'];

const FIND = `query Webhooks($after: String) {
  webhooks(first: 50, after: $after) {
    nodes { id url enabled allPublicTeams resourceTypes } pageInfo { hasNextPage endCursor }
  }
}`;
const MAKE =
  'mutation Make($input: WebhookCreateInput!) { webhookCreate(input: $input) { success webhook { id enabled } } }';
const MEND =
  'mutation Fix($id: String!, $input: WebhookUpdateInput!) { webhookUpdate(id: $id, input: $input) { success webhook { id enabled } } }';
const REMOVE = 'mutation Remove($id: String!) { webhookDelete(id: $id) { success } }';

const foundSchema = z.object({
  webhooks: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        url: z.string().nullish(),
        enabled: z.boolean(),
        allPublicTeams: z.boolean(),
        resourceTypes: z.array(z.string()),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
  }),
});
const donePart = z.object({
  success: z.literal(true),
  webhook: z.object({ id: z.string(), enabled: z.literal(true) }),
});

export const connecting: Connecting = {
  places: `${WORKSPACE}, which is all its public teams (a private team needs a webhook that is made by hand)`,
  needs: 'to be a key of an administrator of the workspace, or an OAuth token with the scope admin',
  place: (name, urls) => {
    const [url] = urls;
    return name === WORKSPACE && url !== undefined ? workspaceAt(url) : undefined;
  },
  placeIn: () => WORKSPACE,
};

function workspaceAt(url: string): ConnectPlace {
  const call: CallContext = {
    title: 'Linear',
    what: 'the webhooks of the workspace',
    needs: connecting.needs,
  };

  async function ask<T>(
    schema: z.ZodType<T>,
    text: string,
    variables: object,
    access: AdminAccess,
  ): Promise<T> {
    const send = text.startsWith('mutation') ? access.write : access.read;
    const answer = await send({
      method: 'POST',
      url: apiOf(url),
      headers: { authorization: authorizationOf(access.token), 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    });
    const codes = codesOf(answer);
    if (codes.includes('AUTHENTICATION_ERROR')) expectStatus({ ...answer, status: 401 }, call, access, []);
    if (codes.includes('FORBIDDEN')) expectStatus({ ...answer, status: 403 }, call, access, []);
    if (codes.includes('RATELIMITED')) expectStatus({ ...answer, status: 429 }, call, access, []);
    if (codes.length > 0) throw new Error(`Linear refuses ${call.what}: ${refusalOf(answer, access)}`);
    return expectBody(z.object({ data: schema }), answer, call, access).data;
  }

  return {
    title: 'the workspace',
    async find(address, access) {
      const found: z.infer<typeof foundSchema>['webhooks']['nodes'] = [];
      let after: string | undefined;
      do {
        const { webhooks } = await ask(foundSchema, FIND, { after }, access);
        found.push(...webhooks.nodes.filter((hook) => leadsTo(address, hook.url)));
        after = webhooks.pageInfo.hasNextPage ? (webhooks.pageInfo.endCursor ?? undefined) : undefined;
      } while (after !== undefined);
      // One of a single team stays as it is.
      return found
        .filter(({ allPublicTeams }) => allPublicTeams)
        .map((hook) => ({ id: hook.id, faults: faultsOf(hook) }));
    },
    async make(wanted, access) {
      const input = { label: 'incident-closer', allPublicTeams: true, ...inputOf(wanted) };
      const schema = z.object({ webhookCreate: donePart });
      return { id: (await ask(schema, MAKE, { input }, access)).webhookCreate.webhook.id };
    },
    async mend(id, wanted, access) {
      await ask(z.object({ webhookUpdate: donePart }), MEND, { id, input: inputOf(wanted) }, access);
      return { id };
    },
    async remove(id, access) {
      const schema = z.object({ webhookDelete: z.object({ success: z.literal(true) }) });
      await ask(schema, REMOVE, { id }, access);
    },
    proof: {
      why: 'Linear sends nothing to try it out, and shows no deliveries.',
      change: 'Move an issue to another state',
    },
  };
}

function inputOf({ address, secret }: Wanted) {
  return { url: address, resourceTypes: RESOURCES, enabled: true, secret };
}

function faultsOf({ enabled, resourceTypes }: { enabled: boolean; resourceTypes: string[] }): string[] {
  return [
    ...(enabled ? [] : ['it is disabled, as Linear does after failures']),
    ...eventFaults(resourceTypes, RESOURCES),
  ];
}
