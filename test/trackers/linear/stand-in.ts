/** A stand-in that keeps the webhooks of a workspace, as its GraphQL API does. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { malformed, type Test } from '../stand-in.ts';

const updateSchema = z.strictObject({
  url: z.url(),
  resourceTypes: z.array(z.string()).min(1),
  enabled: z.boolean(),
  secret: z.string().min(1),
});
const createSchema = updateSchema.extend({ label: z.string(), allPublicTeams: z.literal(true) });
const callSchema = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()) });

export type LinearHook = z.infer<typeof updateSchema> & { id: string; allPublicTeams: boolean };

/** Others than administrators are refused. https://linear.app/developers/webhooks */
export async function startLinear(test: Test, admin: string): Promise<FakeApi & { hooks: LinearHook[] }> {
  const hooks: LinearHook[] = [];
  let last = 100;
  const error = (code: string): ApiAnswer => ({
    body: { data: null, errors: [{ message: code, extensions: { code } }] },
  });

  function answer({ method, path, headers, body }: ApiCall): ApiAnswer {
    const asked = callSchema.safeParse(body).data;
    if (method !== 'POST' || path !== '/graphql' || asked === undefined) return malformed;
    if (headers['content-type'] !== 'application/json') return { status: 415 };
    if (headers.authorization === 'lin_api_member') return error('FORBIDDEN');
    if (headers.authorization !== admin) return { status: 401, ...error('AUTHENTICATION_ERROR') };
    const { query, variables } = asked;
    const hook = hooks.find(({ id }) => id === variables.id);
    const done = ({ id, enabled }: LinearHook) => ({ success: true, webhook: { id, enabled } });
    if (query.includes('webhooks(first: 50')) {
      // A page for each, so that all of them have to be asked for.
      const at = Number(variables.after ?? 0);
      const nodes = hooks.slice(at, at + 1).map(({ secret: _, ...shown }) => shown);
      const pageInfo = { hasNextPage: at + 1 < hooks.length, endCursor: String(at + 1) };
      return { body: { data: { webhooks: { nodes, pageInfo } } } };
    }
    if (query.includes('webhookCreate(')) {
      const input = createSchema.safeParse(variables.input).data;
      if (input === undefined) return error('INVALID_INPUT');
      const { label: _, ...made } = input;
      const fresh = { id: `w${++last}`, ...made };
      hooks.push(fresh);
      return { body: { data: { webhookCreate: done(fresh) } } };
    }
    if (hook === undefined) return error('ENTITY_NOT_FOUND');
    if (query.includes('webhookUpdate(')) {
      const input = updateSchema.safeParse(variables.input).data;
      if (input === undefined) return error('INVALID_INPUT');
      return { body: { data: { webhookUpdate: done(Object.assign(hook, input)) } } };
    }
    if (!query.includes('webhookDelete(')) return malformed;
    hooks.splice(hooks.indexOf(hook), 1);
    return { body: { data: { webhookDelete: { success: true } } } };
  }
  return { ...(await fakeApi(test, answer)), hooks };
}
