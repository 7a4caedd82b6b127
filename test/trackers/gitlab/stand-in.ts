/** A stand-in that makes webhooks, sends tests of them, and records how each was answered. */
import { z } from 'zod';
import { gitlab } from '../../../src/trackers/gitlab/index.ts';
import { type ApiAnswer, type ApiCall, type FakeApi, fakeApi } from '../fake-api.ts';
import { refused, type Test } from '../stand-in.ts';

const changeSchema = z.strictObject({
  url: z.url(),
  enable_ssl_verification: z.boolean(),
  issues_events: z.boolean(),
  confidential_issues_events: z.boolean(),
  push_events: z.boolean(),
  tag_push_events: z.boolean(),
  merge_requests_events: z.boolean(),
  note_events: z.boolean(),
  confidential_note_events: z.boolean(),
  job_events: z.boolean(),
  pipeline_events: z.boolean(),
  wiki_page_events: z.boolean(),
  deployment_events: z.boolean(),
  releases_events: z.boolean(),
  feature_flag_events: z.boolean(),
  resource_access_token_events: z.boolean(),
  token: z.string().min(1).optional(),
  signing_token: z.string().startsWith('whsec_').optional(),
});
export type GitLabHook = z.infer<typeof changeSchema> & { id: number };

export interface GitLabOptions {
  /** Releases before 19 ignore signing tokens. */
  isOld?: boolean;
  /** There is no issue that a test could be about. */
  hasNoIssue?: boolean;
}

/** https://docs.gitlab.com/api/project_webhooks/ and …/group_webhooks/ */
export async function startGitLab(
  test: Test,
  token: string,
  places: readonly string[],
  { isOld = false, hasNoIssue = false }: GitLabOptions = {},
): Promise<FakeApi & { hooks: Map<string, GitLabHook[]> }> {
  const hooks = new Map<string, GitLabHook[]>(places.map((place) => [place, []]));
  const events: { id: number; trigger: string; response_status: string }[] = [];
  let last = 100;

  async function deliver({ url, signing_token, token: plain }: GitLabHook): Promise<void> {
    const { headers, body } = await gitlab.ping(signing_token ?? plain ?? '', Date.now());
    const id = ++last;
    const answered = await fetch(url, { method: 'POST', headers, body }).then(
      ({ status }) => `${status}`,
      () => 'internal error',
    );
    events.unshift({ id, trigger: 'issue_hooks', response_status: answered });
  }

  function answer({ method, path, headers, body }: ApiCall): ApiAnswer {
    if (headers.authorization !== `Bearer ${token}`) return refused;
    if (body !== undefined && headers['content-type'] !== 'application/json') return { status: 415 };
    const [, place = '', id, rest] =
      /^\/api\/v4(\/(?:projects|groups)\/[^/]+)\/hooks(?:\/(\d+))?(\/[\w/]+)?(?:\?per_page=\d+)?$/.exec(
        path,
      ) ?? [];
    const there = hooks.get(place);
    const hook = there?.find((one) => String(one.id) === id);
    if (there === undefined || (id !== undefined && hook === undefined)) return { status: 404 };
    const call = `${method} ${id === undefined ? '' : '/id'}${rest ?? ''}`;
    if (call === 'GET ') return { body: there.map(shown) };
    if (call === 'POST ' || call === 'PUT /id') {
      const asked = changeSchema.safeParse(body).data;
      if (asked === undefined) return { status: 400, body: { error: 'is invalid' } };
      const { signing_token, ...old } = asked;
      const taken = isOld ? old : { ...old, ...(signing_token && { signing_token }) };
      if (hook !== undefined) return { body: shown(Object.assign(hook, taken)) };
      const fresh = { id: ++last, ...taken };
      there.push(fresh);
      return { status: 201, body: shown(fresh) };
    }
    if (hook === undefined) return { status: 404 };
    if (call === 'DELETE /id') {
      there.splice(there.indexOf(hook), 1);
      return { status: 204, body: '' };
    }
    if (call === 'POST /id/test/issues_events') {
      if (hasNoIssue) return { status: 422, body: { message: 'Ensure the project has issues.' } };
      void deliver(hook);
      return { status: 201, body: { message: '201 Created' } };
    }
    return call === 'GET /id/events' ? { body: events } : { status: 404 };
  }
  return { ...(await fakeApi(test, answer)), hooks };
}

function shown({ token: _, signing_token, ...hook }: GitLabHook) {
  return { ...hook, signing_token_present: signing_token !== undefined, alert_status: 'executable' };
}
