/**
 * Reads the states of issues and pull requests from GitHub: by one GraphQL query, and for missing issues by the REST
 * API, which alone shows whether one was transferred (301), deleted (410), or is not visible (404).
 * https://docs.github.com/en/rest/issues/issues#get-an-issue
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import {
  type AskedApi,
  parseBody,
  quotedWithoutToken,
  redirectOf,
  refuseNoAnswer,
  retryAt,
} from '../api-answers.ts';
import { parseJson } from '../body.ts';
import { eachSite } from '../each.ts';
import {
  type ApiAccess,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
} from '../read-back.ts';
import { deletedEvent, eventOfQuery, eventOfRest, whyDiscussed } from './answers.ts';
import type { GitHubPlace } from './permalink.ts';
import {
  type AskedIssue,
  answerFor,
  answerSchema,
  lackedParts,
  named,
  type OptionalField,
  type QueryAnswer,
  queryFor,
} from './query.ts';

/** One GitHub and the addresses of its two APIs. */
interface Api {
  graphql: string;
  rest: string;
}

const INVISIBLE = 'it does not exist, or the token in GITHUB_API_TOKEN may not see it';
const KEY = /^github:([^/]+)\/([\w.-]+)\/([\w.-]+)#([1-9]\d{0,11})$/;
/** A transferred issue can have been transferred again. */
const HOPS = 5;

export const readBack: ReadBack = {
  defaultUrl: 'https://github.com',
  tokenDoc:
    'lets GitHub be asked for the states of issues: a fine-grained token with read access to **Issues** (and **Pull requests**) of the repositories; it is of one owner',
  most: 50,
  apiOrigins: (url) => Object.values(apiOf(hostOf(url), [url]) ?? {}).map((api) => new URL(api).origin),
  covers(task, urls) {
    const place = placeOf(task);
    return place === undefined || apiOf(place.host, urls) !== undefined;
  },
  async read(tasks, access) {
    const unreadable = new Map<TaskKey, string>();
    const byHost = new Map<string, Map<TaskKey, GitHubPlace>>();
    for (const task of tasks) {
      const place = placeOf(task);
      if (place === undefined) unreadable.set(task, 'its key is not that of an issue');
      else byHost.set(place.host, (byHost.get(place.host) ?? new Map()).set(task, place));
    }
    const reading = await eachSite(
      [...byHost].map(([host, places]) => ({
        tasks: places.keys(),
        read: () => readHost(host, places, access),
      })),
    );
    return { ...reading, unreadable: new Map([...reading.unreadable, ...unreadable]) };
  },
};

async function readHost(
  host: string,
  places: ReadonlyMap<TaskKey, GitHubPlace>,
  access: ApiAccess,
): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const settle = (task: TaskKey, result: TaskEvent | string) =>
    typeof result === 'string' ? unreadable.set(task, result) : events.set(task, result);
  const api = apiOf(host, access.urls);
  if (api !== undefined) await ask(api, named(places), access, settle);
  else for (const task of places.keys()) settle(task, `${host} is not among the addresses in GITHUB_URL`);
  return { events, unreadable };
}

export function placeOf(task: TaskKey): GitHubPlace | undefined {
  const [, host, owner, repo, number] = KEY.exec(task) ?? [];
  return host && owner && repo && number ? { host, owner, repo, number } : undefined;
}

export function hostOf(url: string): string {
  return new URL(url).host.replace(/^(www|api)\./, '');
}

/** The API of github.com and of data residency has a host of its own, Enterprise Server has it under `/api`. */
export function apiOf(host: string, urls: readonly string[]): Api | undefined {
  const url = urls.find((one) => hostOf(one) === host);
  if (url === undefined) return undefined;
  const rest = `https://api.${host}`;
  if (host === 'github.com' || host.endsWith('.ghe.com')) return { graphql: `${rest}/graphql`, rest };
  return { graphql: `${url}/api/graphql`, rest: `${url}/api/v3` };
}

const asked = ({ now }: ApiAccess): AskedApi => ({ title: 'GitHub', token: 'GITHUB_API_TOKEN', now });

async function ask(
  api: Api,
  issues: readonly AskedIssue[],
  access: ApiAccess,
  settle: (task: TaskKey, result: TaskEvent | string) => void,
): Promise<void> {
  const without = new Set<OptionalField>();
  let answer = await query(api, queryFor(issues), access);
  for (
    let lacked = lackedParts(answer);
    lacked.some((part) => !without.has(part));
    lacked = lackedParts(answer)
  ) {
    for (const part of lacked) without.add(part);
    answer = await query(api, queryFor(issues, without), access);
  }
  if (!answer.data)
    throw new Error(
      `GitHub could not answer the query: ${quotedWithoutToken(answer.errors?.[0]?.message, access) ?? 'no reason given'}`,
    );
  for (const issue of issues) {
    const found = answerFor(issue, answer);
    if ('reported' in found)
      settle(
        issue.task,
        whyDiscussed(found.reported) ??
          eventOfQuery(issue.task, found.reported, access.now) ??
          whyNot(undefined),
      );
    else if (found.error?.type === 'NOT_FOUND' && found.error.path?.length !== 1)
      settle(issue.task, await askOne(api, issue, access));
    else
      settle(
        issue.task,
        found.error?.type === 'NOT_FOUND'
          ? INVISIBLE
          : whyNot(quotedWithoutToken(found.error?.message, access)),
      );
  }
}

function whyNot(message: string | undefined): string {
  return `GitHub did not tell its state: ${message ?? 'the answer is not as documented'}`;
}

async function query(api: Api, text: string, access: ApiAccess): Promise<QueryAnswer> {
  const answer = await access.send({
    method: 'POST',
    url: api.graphql,
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
  });
  refuseNoAnswer(answer, asked(access));
  if (answer.status === 403 || answer.status === 404) throw denied(answer);
  const parsed = parseBody(answerSchema, answer, 'GitHub');
  const types = (parsed.errors ?? []).map(({ type }) => type ?? '');
  // A secondary limit has no type of its own, and 200: https://github.com/octokit/plugin-throttling.js/issues/632
  const limited = (parsed.errors ?? []).some(({ message }) => /rate limit/i.test(message));
  if (limited || types.some((type) => type.startsWith('RATE_LIMIT')))
    throw new TrackerBusyError(
      'GitHub allows no more calls with GITHUB_API_TOKEN for now',
      retryAt(answer, access.now),
    );
  if (!parsed.data && types.includes('INSUFFICIENT_SCOPES')) throw denied(answer);
  return parsed;
}

function denied({ status }: TrackerAnswer): TrackerAccessError {
  return new TrackerAccessError(
    `GitHub does not let the token in GITHUB_API_TOKEN read issues (${status}): give it read access to Issues, and check the address in GITHUB_URL.`,
  );
}

const SWITCHED_OFF =
  'GitHub says that it is gone (410), and not that it was deleted: issues are switched off in that repository';

/** The same code says that issues are switched off: https://github.com/ansible/ansibullbot/issues/845 */
function isDeleted({ body }: TrackerAnswer): boolean {
  const message = goneSchema.safeParse(parseJson(Buffer.from(body))).data?.message;
  return message !== undefined && /deleted/i.test(message) && !/disabled/i.test(message);
}

const goneSchema = z.object({ message: z.string() });

/** Reads one issue that the query did not find: transferred, deleted, or not visible. */
async function askOne(api: Api, { task, place }: AskedIssue, access: ApiAccess): Promise<TaskEvent | string> {
  let url = `${api.rest}/repos/${place.owner}/${place.repo}/issues/${place.number}`;
  for (let hop = 0; hop < HOPS; hop++) {
    const answer = await access.send({
      method: 'GET',
      url,
      headers: { authorization: `Bearer ${access.token}` },
    });
    refuseNoAnswer(answer, asked(access));
    if (answer.status === 410) return isDeleted(answer) ? deletedEvent(task, access.now) : SWITCHED_OFF;
    if (answer.status === 200)
      return eventOfRest(task, { url, body: answer.body }, access.now) ?? whyNot(undefined);
    const to = redirectOf(answer, url, api.rest);
    if (to === undefined) return INVISIBLE;
    url = to;
  }
  return 'it was transferred too often to follow';
}
