/** A stand-in that keeps the webhooks of a site, as Cloud and Data Center do. */
import { z } from 'zod';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { malformed, type Test } from '../stand-in.ts';

const event = z.enum(['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted']);
const shared = { name: z.string().min(1), url: z.url(), events: z.array(event).min(1) };
const cloudSchema = z.strictObject({
  ...shared,
  excludeBody: z.boolean(),
  secret: z.string().min(1),
  filters: z.strictObject({ 'issue-related-events-section': z.string() }),
});
const cloudUpdateSchema = cloudSchema.extend({ enabled: z.boolean() });
const serverSchema = z.strictObject({
  ...shared,
  active: z.boolean(),
  configuration: z.strictObject({ SECRET: z.string().min(1), EXCLUDE_BODY: z.enum(['true', 'false']) }),
});

export interface JiraHook {
  id: number;
  url: string;
  events: string[];
  [name: string]: unknown;
}

export interface JiraOptions {
  /** The release of a Data Center; absent: Cloud. */
  release?: readonly number[];
  /** The token is none of an administrator's. */
  isMember?: boolean;
}

/**
 * https://developer.atlassian.com/cloud/jira/platform/webhooks/ and, for Data Center,
 * https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
 */
export async function startJira(
  test: Test,
  token: string,
  { release, isMember = false }: JiraOptions = {},
): Promise<FakeApi & { hooks: JiraHook[] }> {
  const hooks: JiraHook[] = [];
  let last = 100;
  const isCloud = release === undefined;
  const path = isCloud ? '/rest/webhooks/1.0/webhook' : '/rest/jira-webhook/1.0/webhooks';
  const authorization = isCloud ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;

  /** A secret is never shown again. */
  function shown({ id, secret, configuration, ...hook }: JiraHook): unknown {
    if (!isCloud) return { id, ...hook, configuration: { EXCLUDE_BODY: 'false' } };
    return { self: `https://acme.atlassian.net${path}/${id}`, ...hook, isSigned: secret !== undefined };
  }

  function answer({ method, path: asked, headers, body }: ApiCall): ApiAnswer {
    if (headers.authorization !== authorization) return { status: 401 };
    if (body !== undefined && headers['content-type'] !== 'application/json') return { status: 415 };
    if (method !== 'GET' && headers['x-atlassian-token'] !== 'no-check')
      return { status: 403, body: 'XSRF check failed' };
    if (asked === '/rest/api/2/serverInfo')
      return {
        body: {
          deploymentType: isCloud ? 'Cloud' : 'Server',
          versionNumbers: release ?? [1001, 0, 0],
        },
      };
    if (isMember) return { status: 403, body: { errorMessages: ['You are not an administrator.'] } };
    const [, id] = new RegExp(`^${path}(?:/(\\d+))?$`).exec(asked) ?? [];
    const hook = hooks.find((one) => String(one.id) === id);
    if (!asked.startsWith(path) || (id !== undefined && hook === undefined)) return { status: 404 };
    if (method === 'GET') return { body: hooks.map(shown) };
    if (method === 'DELETE' && hook !== undefined) {
      hooks.splice(hooks.indexOf(hook), 1);
      return { status: 204, body: '' };
    }
    if (method === 'POST') {
      const made = (isCloud ? cloudSchema : serverSchema).safeParse(body).data;
      if (made === undefined) return malformed;
      const fresh: JiraHook = { id: ++last, ...(isCloud && { enabled: true }), ...made };
      hooks.push(fresh);
      return { status: 201, body: shown(fresh) };
    }
    const changed = (isCloud ? cloudUpdateSchema : serverSchema).safeParse(body).data;
    if (method !== 'PUT' || hook === undefined || changed === undefined) return malformed;
    return { body: shown(Object.assign(hook, changed)) };
  }

  return { ...(await fakeApi(test, answer)), hooks };
}
