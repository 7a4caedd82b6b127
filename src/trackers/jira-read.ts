/**
 * Reading the states of issues: in Cloud many by their keys, in Data Center by a search.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-bulkfetch-post
 * https://developer.atlassian.com/server/jira/platform/rest/v10000/api-group-search/
 */
import { z } from 'zod';
import type { TaskEvent, TaskKey } from '../vocabulary.ts';
import { answered, retryAt } from './api-answers.ts';
import { millis } from './body.ts';
import {
  categoryChangedAt,
  closedAt,
  FIELDS,
  type Issue,
  issueSchema,
  keysOf,
  lastChange,
  originalOf,
  stateOf,
} from './jira-issue.ts';
import { placeOf, siteOfBase } from './jira-permalink.ts';
import {
  type Access,
  READ_BACK,
  type ReadBack,
  type Reading,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
} from './read-back.ts';

/** Cloud takes no more for fields with several values. */
const MOST = 100;

const issuesSchema = z.object({
  issues: z.array(issueSchema),
  issueErrors: z.array(z.unknown()).nullish(),
});
const serverSchema = z.object({ baseUrl: z.string() });

/** One site with the tasks that are asked for. */
interface Asked {
  base: string;
  site: string;
  /** By the key in upper case. */
  tasks: Map<string, TaskKey>;
}

async function read(tasks: readonly TaskKey[], access: Access): Promise<Reading> {
  const events = new Map<TaskKey, TaskEvent>();
  const unread = new Map<TaskKey, string>();
  const bases = await basesOf(access);
  const sites = new Map<string, Asked>();
  for (const task of tasks) {
    const place = placeOf(task);
    const base = bases.get(place?.site ?? '');
    if (place === undefined) unread.set(task, 'it is known by its id only');
    else if (base === undefined)
      unread.set(task, `${place.site} is none of the addresses in JIRA_URL, so Jira was not asked`);
    else {
      const asked = sites.get(base) ?? { base, site: place.site, tasks: new Map() };
      asked.tasks.set(place.key.toUpperCase(), task);
      sites.set(base, asked);
    }
  }
  for (const asked of sites.values()) await readSite(asked, access, { events, unread });
  return { events, unread };
}

/** The configured addresses by their sites. A gateway's address names its site by an id: there it is asked for. */
export async function basesOf(access: Access): Promise<Map<string, string>> {
  const bases = new Map<string, string>();
  for (const base of access.urls) {
    if (!isGateway(base)) bases.set(siteOfBase(base), base);
    else {
      const answer = await call({ base, path: '/rest/api/3/serverInfo' }, access);
      bases.set(siteOfBase(parsed(serverSchema, answer, base).baseUrl), base);
    }
  }
  return bases;
}

/** Of a site that only the gateway itself can name. */
function isGateway(base: string): boolean {
  return base.startsWith('https://api.atlassian.com/');
}

type Found = { events: Map<TaskKey, TaskEvent>; unread: Map<TaskKey, string> };

async function readSite(asked: Asked, access: Access, { events, unread }: Found): Promise<void> {
  const { base, tasks } = asked;
  const keys = [...tasks.keys()];
  const cloud = await call(
    { base, path: '/rest/api/3/issue/bulkfetch', body: { issueIdsOrKeys: keys, fields: FIELDS } },
    access,
    [404, 405],
  );
  // Data Center has no such call; its histories tell what its fields do not: when the status changed.
  const isCloud = cloud.status < 400;
  const answer = isCloud ? cloud : await search(base, keys, access);
  const { issues, issueErrors } = parsed(issuesSchema, answer, base);

  const tell = (task: TaskKey, issue: Issue): void => {
    const event = eventOf(task, asked.site, issue, access);
    if (event === undefined) unread.set(task, 'Jira tells no category of its status');
    else events.set(task, event);
  };
  const strangers = issues.filter(({ key }) => !tasks.has(key.toUpperCase()));
  for (const issue of issues) {
    const task = tasks.get(issue.key.toUpperCase());
    if (task !== undefined) tell(task, issue);
  }
  for (const [key, task] of tasks) {
    if (events.has(task) || unread.has(task)) continue;
    // An issue that moved comes under its new key: only asked for alone it tells which one it was.
    const issue = isCloud && strangers.length === 0 ? undefined : await readOne(base, key, isCloud, access);
    if (issue !== undefined) tell(task, issue);
    else unread.set(task, issueErrors?.length ? NOT_NOW : NOT_VISIBLE);
  }
}

const NOT_VISIBLE =
  'Jira shows the token no such issue: it does not exist there, or the token may not see it';
const NOT_NOW = `${NOT_VISIBLE}, or Jira could not give it just now`;

function search(base: string, keys: readonly string[], access: Access): Promise<TrackerAnswer> {
  const body = {
    jql: `key in (${keys.map((key) => `"${key}"`).join(', ')})`,
    // Else one key that does not exist makes the whole search fail.
    validateQuery: false,
    startAt: 0,
    maxResults: keys.length,
    fields: FIELDS,
    expand: ['changelog'],
  };
  return call({ base, path: '/rest/api/2/search', body }, access);
}

/** Old keys and other letter cases lead to the issue, without a redirect. */
async function readOne(
  base: string,
  key: string,
  isCloud: boolean,
  access: Access,
): Promise<Issue | undefined> {
  const query = `fields=${FIELDS.join(',')}${isCloud ? '' : '&expand=changelog'}`;
  const path = `/rest/api/${isCloud ? 3 : 2}/issue/${encodeURIComponent(key)}?${query}`;
  const answer = await call({ base, path }, access, [404]);
  return answer.status === 404 ? undefined : parsed(issueSchema, answer, base);
}

function eventOf(asked: TaskKey, site: string, issue: Issue, access: Access): TaskEvent | undefined {
  const { fields } = issue;
  const state = stateOf(fields, access.options.DECLINED ?? []);
  if (state === undefined) return undefined;
  const [task, ...aliases] = keysOf(site, issue);
  const change = lastChange(issue);
  const inCloud = categoryChangedAt(fields) !== undefined;
  const own = state === 'open' ? categoryChangedAt(fields) : closedAt(fields);
  const occurredAt = (inCloud ? own : (change?.at ?? own)) ?? millis(fields.created);
  const original = state === 'declined' ? originalOf(site, fields) : undefined;
  return {
    tracker: 'jira',
    task,
    aliases: asked === task ? aliases : [asked, ...aliases],
    state,
    by: 'unknown',
    ...(change?.actor !== undefined && { actor: change.actor.slice(0, 100) }),
    ...(occurredAt !== undefined && { occurredAt }),
    ...(original !== undefined && original !== task && { canonical: original }),
    delivery: READ_BACK,
    receivedAt: access.now,
  };
}

/** Sends one request. Answers that are no success throw, except for the codes that the caller expects. */
export async function call(
  { base, path, body }: { base: string; path: string; body?: object },
  { token, now, send }: Access,
  expected: readonly number[] = [],
): Promise<TrackerAnswer> {
  const answer = await send({
    method: body === undefined ? 'GET' : 'POST',
    url: `${base}${path}`,
    headers: {
      // An account's token comes with its address; a personal access token stands alone.
      authorization: token.includes(':')
        ? `Basic ${Buffer.from(token).toString('base64')}`
        : `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, headers } = answer;
  const who = `Jira at ${base}`;
  // A token that is not accepted can also mean that the answer is what everybody may see: nothing.
  if (
    status === 401 ||
    /AUTHENTICATED_FAILED|AUTHENTICATION_DENIED/.test(headers['x-seraph-loginreason'] ?? '')
  )
    throw new TrackerAccessError(
      `${who} does not accept JIRA_API_TOKEN: give email:token for Cloud, a personal access token alone for Data Center, and see whether it has expired`,
    );
  if (status === 403 && !expected.includes(403))
    throw new TrackerAccessError(
      `${who} refuses to be read with JIRA_API_TOKEN (403): its account needs the permission to browse the projects`,
    );
  if (status === 429 || (status === 503 && headers['retry-after'] !== undefined))
    throw new TrackerBusyError(`the rate limit of ${who} is used up`, retryAt(answer, now));
  if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
  const hint = status < 500 ? ': is that address in JIRA_URL the one of Jira itself?' : '';
  throw new Error(`${who} answered ${status}${hint}`);
}

function parsed<T>(schema: z.ZodType<T>, answer: TrackerAnswer, base: string): T {
  return answered(schema, answer, `Jira at ${base}`);
}

export const readBack: ReadBack = {
  tokenDoc:
    'reads the states of issues from Jira: `email:token` for Cloud, a personal access token alone for Data Center; it needs no more than to browse the projects',
  most: MOST,
  covers(task, urls) {
    const site = placeOf(task)?.site;
    return site === undefined || urls.some((url) => isGateway(url) || siteOfBase(url) === site);
  },
  read,
};
