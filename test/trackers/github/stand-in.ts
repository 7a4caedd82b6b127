/** A stand-in that makes webhooks, sends them, and records how each delivery was answered. */
import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { permalinkOf } from '../../support/github.ts';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { refused, type Test } from '../stand-in.ts';

const config = z.strictObject({
  url: z.url(),
  content_type: z.enum(['json', 'form']),
  secret: z.string().min(1),
  insecure_ssl: z.enum(['0', '1']),
});
const updateSchema = z.strictObject({ active: z.boolean(), events: z.array(z.string()).min(1), config });
const createSchema = updateSchema.extend({ name: z.literal('web') });

export interface GitHubHook extends z.infer<typeof updateSchema> {
  id: number;
}

interface Recorded {
  id: number;
  event: string;
  status: string;
  status_code: number;
}

export interface GitHubStandIn extends FakeApi {
  /** By the path of their place: `/repos/acme/api`. */
  hooks: Map<string, GitHubHook[]>;
  /** Somebody closes an issue of a place; returns the statuses that its webhooks were answered with. */
  closeIssue(place: string, issue: string): Promise<number[]>;
}

export interface GitHubOptions {
  /** Does not let the token see deliveries. */
  hidesDeliveries?: boolean;
  /** Does not list webhooks, as those of another app. */
  hidesHooks?: boolean;
}

/** https://docs.github.com/en/rest/repos/webhooks and …/orgs/webhooks, at the address of an Enterprise Server */
export async function startGitHub(
  test: Test,
  token: string,
  places: readonly string[],
  { hidesDeliveries = false, hidesHooks = false }: GitHubOptions = {},
): Promise<GitHubStandIn> {
  const hooks = new Map<string, GitHubHook[]>(places.map((place) => [place, []]));
  const deliveries = new Map<number, Recorded[]>();
  let last = 100;

  async function deliver(hook: GitHubHook, event: string, payload: unknown): Promise<number> {
    const body = JSON.stringify(payload);
    const record = (status: string, status_code: number) =>
      deliveries.set(hook.id, [
        { id: ++last, event, status, status_code },
        ...(deliveries.get(hook.id) ?? []),
      ]);
    try {
      const { status, statusText } = await fetch(hook.config.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': event,
          'x-github-delivery': randomUUID(),
          'x-github-hook-id': String(hook.id),
          'x-hub-signature-256': `sha256=${createHmac('sha256', hook.config.secret).update(body).digest('hex')}`,
        },
        body,
      });
      record(statusText, status);
      return status;
    } catch {
      record('failed to connect to host', 502);
      return 502;
    }
  }
  const seen = new Set<number>();
  /** A record appears late: it is not shown to whoever asks first. */
  const recorded = ({ id }: GitHubHook) =>
    (deliveries.get(id) ?? []).filter((one) => {
      const isShown = seen.has(one.id);
      seen.add(one.id);
      return isShown;
    });
  const ping = (hook: GitHubHook) =>
    void deliver(hook, 'ping', { zen: 'Speak like a human.', hook_id: hook.id });

  function answer({ method, path, headers, body }: ApiCall): ApiAnswer {
    if (headers.authorization !== `Bearer ${token}`) return refused;
    if (headers['x-github-api-version'] !== '2022-11-28') return { status: 400 };
    if (body !== undefined && headers['content-type'] !== 'application/json') return { status: 415 };
    const [, place = '', id, rest] =
      /^\/api\/v3(\/repos\/[^/]+\/[^/]+|\/orgs\/[^/]+)\/hooks(?:\/(\d+))?(\/\w+)?(?:\?per_page=\d+)?$/.exec(
        path,
      ) ?? [];
    const there = hooks.get(place);
    const hook = there?.find((one) => String(one.id) === id);
    if (there === undefined || (id !== undefined && hook === undefined))
      return { status: 404, body: { message: 'Not Found' } };
    const call = `${method} ${id === undefined ? '' : '/id'}${rest ?? ''}`;
    if (call === 'GET ') return { body: hidesHooks ? [] : there.map(shown) };
    if (call === 'POST ') {
      const asked = createSchema.safeParse(body).data;
      if (asked === undefined) return { status: 422, body: { message: 'Validation Failed' } };
      const { name: _, ...made } = asked;
      const taken = there.some(({ config: { url } }) => url === made.config.url);
      const message = `Hook already exists on this repository ${made.config.secret}`;
      if (taken) return { status: 422, body: { message: 'Validation Failed', errors: [{ message }] } };
      const fresh = { id: ++last, ...made };
      there.push(fresh);
      ping(fresh);
      return { status: 201, body: shown(fresh) };
    }
    if (hook === undefined) return { status: 404 };
    if (call === 'PATCH /id') {
      const asked = updateSchema.safeParse(body).data;
      if (asked === undefined) return { status: 422, body: { message: 'Validation Failed' } };
      return { body: shown(Object.assign(hook, asked)) };
    }
    if (call === 'DELETE /id') {
      there.splice(there.indexOf(hook), 1);
      return { status: 204, body: '' };
    }
    if (call === 'POST /id/pings') {
      ping(hook);
      return { status: 204, body: '' };
    }
    if (call === 'GET /id/deliveries') return hidesDeliveries ? { status: 403 } : { body: recorded(hook) };
    return { status: 404 };
  }

  return {
    ...(await fakeApi(test, answer)),
    hooks,
    closeIssue(place, issue) {
      const [repository = '', number = ''] = issue.split('#');
      const at = `${new Date().toISOString().slice(0, 19)}Z`;
      const payload = {
        action: 'closed',
        issue: {
          html_url: permalinkOf(issue),
          number: Number(number),
          state: 'closed',
          state_reason: 'completed',
          closed_at: at,
          updated_at: at,
          labels: [],
        },
        repository: { id: 44, full_name: repository, html_url: `https://github.com/${repository}` },
        sender: { login: 'octocat', type: 'User' },
      };
      const sending = hooks.get(place)?.filter(({ active, events }) => active && events.includes('issues'));
      return Promise.all((sending ?? []).map((hook) => deliver(hook, 'issues', payload)));
    },
  };
}

/** A secret is never shown again. */
function shown({ config: { secret: _, ...rest }, ...hook }: GitHubHook) {
  return { type: 'Repository', name: 'web', ...hook, config: { ...rest, secret: '********' } };
}
