/** The calls to GitLab, and their answers: https://docs.gitlab.com/api/issues/ */

import { z } from 'zod';
import { withoutSlashes } from '../../outside-text.ts';
import { type AskedApi, parseBody, quotedWithoutToken, redirectOf, refuseNoAnswer } from '../api-answers.ts';
import { type ApiAccess, TrackerAccessError, type TrackerAnswer } from '../read-back.ts';

const TITLE = 'GitLab';
const TOKEN = 'GITLAB_API_TOKEN';
export const INVISIBLE = `it does not exist, or the token in ${TOKEN} may not see it`;

/** GitLab's maximum page size: https://docs.gitlab.com/api/rest/#pagination */
export const PAGE = 100;
/** Each asks for two fields; GitLab allows 200 in all: https://docs.gitlab.com/api/graphql/#limits */
const ADDRESSES_AT_ONCE = 40;

/** The host and the relative URL root of an address of GitLab, as keys have them. */
export function rootOf(url: string): string {
  const { host, pathname } = new URL(url);
  return withoutSlashes(`${host}${pathname}`).toLowerCase();
}

const issueSchema = z.object({
  id: z.number(),
  iid: z.number(),
  project_id: z.number(),
  state: z.string(),
  web_url: z.string(),
  created_at: z.string(),
  updated_at: z.string().nullish(),
  closed_at: z.string().nullish(),
  closed_by: z.object({ username: z.string() }).nullish(),
  labels: z.array(z.string()).nullish(),
  moved_to_id: z.number().nullish(),
  _links: z.object({ closed_as_duplicate_of: z.string().nullish() }).nullish(),
});
export type ApiIssue = z.infer<typeof issueSchema>;

const noteSchema = z.object({ body: z.string(), created_at: z.string() });
export type ApiNote = z.infer<typeof noteSchema>;

const stateEventsSchema = z.array(z.object({ state: z.string(), created_at: z.string() }));

const placesSchema = z.object({
  data: z.record(z.string(), z.object({ webUrl: z.string() }).nullable()).nullish(),
  errors: z.array(z.object({ message: z.string() })).nullish(),
});

/** One GitLab, for the duration of one read. */
export class GitLabApi {
  readonly #base: string;
  readonly #access: ApiAccess;

  constructor(base: string, access: ApiAccess) {
    this.#base = base;
    this.#access = access;
  }

  /** Its host and relative URL root, as keys have them. */
  get site(): string {
    return rootOf(this.#base);
  }

  /** The issues and other work items of a project, or why it shows none. A missing one is not visible. */
  async issuesOf(project: string, iids: readonly string[]): Promise<ApiIssue[] | string> {
    const asked = iids.map((iid) => `iids[]=${iid}`).join('&');
    const answer = await this.#get(
      `projects/${encodeURIComponent(project)}/issues?${asked}&per_page=${PAGE}`,
    );
    if (answer.status === 403 || answer.status === 404) return INVISIBLE;
    if (answer.status !== 200) return `GitLab did not tell its state (${answer.status})`;
    return parseBody(z.array(issueSchema), answer, TITLE);
  }

  /** What an address of the API shows, if that is an issue of this GitLab. */
  async issueAt(url: string): Promise<ApiIssue | undefined> {
    const prefix = `${this.#base}/api/v4/`;
    if (!url.startsWith(prefix)) return undefined;
    const answer = await this.#get(url.slice(prefix.length));
    return answer.status === 200 ? parseBody(issueSchema, answer, TITLE) : undefined;
  }

  /**
   * When (RFC 3339) an issue was last reopened; undefined if never; `unknown` if its history is not visible, or longer
   * than one page. https://docs.gitlab.com/api/resource_state_events/
   */
  async reopenedAt({ project_id: project, iid }: ApiIssue): Promise<string | undefined | 'unknown'> {
    const answer = await this.#get(
      `projects/${project}/issues/${iid}/resource_state_events?per_page=${PAGE}`,
    );
    if (answer.status !== 200) return 'unknown';
    const events = parseBody(stateEventsSchema, answer, TITLE);
    if (events.length >= PAGE) return 'unknown';
    const times = events.filter(({ state }) => state === 'reopened').map((event) => event.created_at);
    return times.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1);
  }

  /**
   * The addresses of visible issues that are known by GitLab's own ids alone. REST shows them only to administrators.
   * https://docs.gitlab.com/api/graphql/reference/#queryissue
   */
  async addressesOf(ids: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let start = 0; start < ids.length; start += ADDRESSES_AT_ONCE) {
      const asked = ids.slice(start, start + ADDRESSES_AT_ONCE);
      const data = await this.#query(
        asked.map((id) => `i${id}: issue(id: "gid://gitlab/Issue/${id}") { webUrl }`),
      );
      for (const id of asked) {
        const url = data[`i${id}`]?.webUrl;
        if (url !== undefined) found.set(id, url);
      }
    }
    return found;
  }

  /** The notes of an issue, newest first: https://docs.gitlab.com/api/notes/#list-project-issue-notes */
  async notes(project: string, iid: string, page: number): Promise<{ status: number; notes: ApiNote[] }> {
    const path = `projects/${encodeURIComponent(project)}/issues/${iid}/notes`;
    const answer = await this.#get(`${path}?sort=desc&order_by=created_at&per_page=${PAGE}&page=${page}`);
    const { status } = answer;
    return { status, notes: status === 200 ? parseBody(z.array(noteSchema), answer, TITLE) : [] };
  }

  /** https://docs.gitlab.com/api/notes/#create-new-issue-note */
  async addNote(project: string, iid: string, body: string): Promise<number> {
    const path = `projects/${encodeURIComponent(project)}/issues/${iid}/notes`;
    const url = `${this.#base}/api/v4/${path}`;
    const answer = await this.#send({ method: 'POST', url, body: JSON.stringify({ body }) });
    // A renamed project: GitLab does not redirect a POST.
    const to = redirectOf(answer, url, `${this.#base}/api/v4`);
    if (to === undefined) return answer.status;
    return (await this.#send({ method: 'POST', url: to, body: JSON.stringify({ body }) })).status;
  }

  async #query(parts: readonly string[]): Promise<Record<string, { webUrl: string } | null>> {
    const answer = await this.#send({
      method: 'POST',
      url: `${this.#base}/api/graphql`,
      body: JSON.stringify({ query: `query { ${parts.join(' ')} }` }),
    });
    const { data, errors } = parseBody(placesSchema, answer, TITLE);
    if (data) return data;
    const words = quotedWithoutToken(errors?.[0]?.message, this.#access) ?? 'no reason given';
    throw new Error(`GitLab could not answer the query: ${words}`);
  }

  /** A project that was renamed redirects to its id. */
  async #get(path: string): Promise<TrackerAnswer> {
    const url = `${this.#base}/api/v4/${path}`;
    const answer = await this.#send({ method: 'GET', url });
    const to = redirectOf(answer, url, `${this.#base}/api/v4`);
    return to === undefined ? answer : this.#send({ method: 'GET', url: to });
  }

  async #send(request: { method: 'GET' | 'POST'; url: string; body?: string }): Promise<TrackerAnswer> {
    const { token, now } = this.#access;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await this.#access.send({ ...request, headers });
    const asked: AskedApi = { title: TITLE, token: TOKEN, now };
    refuseNoAnswer(answer, asked);
    if (answer.status === 403 && /insufficient_scope/.test(answer.body))
      throw new TrackerAccessError(
        `GitLab does not let the token in ${TOKEN} ${request.method === 'GET' ? 'read (403): make one with the scope read_api' : 'write (403): make one with the scope api'}.`,
      );
    return answer;
  }
}
