/**
 * Reads the states of issues: in Cloud many by their keys, in Data Center by a search.
 * https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-bulkfetch-post
 * https://developer.atlassian.com/server/jira/platform/rest/v10000/api-group-search/
 */
import { z } from 'zod';
import { NoAnswerError } from '../../http.ts';
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import { eachSite } from '../each.ts';
import {
  type ApiAccess,
  type ReadBack,
  type ReadResult,
  TrackerAccessError,
  type TrackerAnswer,
  TrackerBusyError,
} from '../read-back.ts';
import { eventOf } from './answers.ts';
import { call, parsed } from './api.ts';
import { withHistories } from './changelogs.ts';
import { placeOf, siteOfBase } from './permalink.ts';
import { FIELDS, issueSchema, type JiraIssue } from './state.ts';

/** Cloud's maximum for fields with several values. */
const MOST = 100;

const issuesSchema = z.object({
  issues: z.array(issueSchema),
  issueErrors: z.array(z.unknown()).nullish(),
});
const serverSchema = z.object({ baseUrl: z.string() });

/** One site with its tasks to read. */
interface Asked {
  base: string;
  site: string;
  /** By the key in upper case. */
  tasks: Map<string, TaskKey>;
}

async function read(tasks: readonly TaskKey[], access: ApiAccess): Promise<ReadResult> {
  const unreadable = new Map<TaskKey, string>();
  const bases = await basesOf(access);
  const sites = new Map<string, Asked>();
  for (const task of tasks) {
    const place = placeOf(task);
    const base = bases.get(place?.site ?? '');
    if (place === undefined) unreadable.set(task, 'it is known by its id only');
    else if (base === undefined)
      unreadable.set(task, `${place.site} is none of the addresses in JIRA_URL, so Jira was not asked`);
    else {
      const asked = sites.get(base) ?? { base, site: place.site, tasks: new Map() };
      asked.tasks.set(place.key.toUpperCase(), task);
      sites.set(base, asked);
    }
  }
  const reading = await eachSite(
    [...sites.values()].map((asked) => ({
      tasks: asked.tasks.values(),
      read: () => readSite(asked, access),
    })),
  );
  return { ...reading, unreadable: new Map([...reading.unreadable, ...unreadable]) };
}

/** The configured addresses by their sites. A gateway's address has its site's id: that site is read there. */
export async function basesOf(access: ApiAccess): Promise<Map<string, string>> {
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

async function readSite(asked: Asked, access: ApiAccess): Promise<ReadResult> {
  const events = new Map<TaskKey, TaskEvent>();
  const unreadable = new Map<TaskKey, string>();
  const failed = new Map<TaskKey, string>();
  const { base, tasks } = asked;
  const keys = [...tasks.keys()];
  const { isCloud, found } = await readMany(base, keys, access);
  const { issueErrors } = found;
  const issues = isCloud ? await withHistories(base, found.issues, access) : found.issues;

  const tell = (task: TaskKey, issue: JiraIssue): void => {
    const event = eventOf(task, asked.site, issue, access);
    if (typeof event === 'string') unreadable.set(task, event);
    else events.set(task, event);
  };
  const strangers = issues.filter(({ key }) => !tasks.has(key.toUpperCase()));
  for (const issue of issues) {
    const task = tasks.get(issue.key.toUpperCase());
    if (task !== undefined) tell(task, issue);
  }
  for (const [key, task] of tasks) {
    if (events.has(task) || unreadable.has(task)) continue;
    // An issue that moved is returned under its new key: only reading it alone shows which one it was.
    if (isCloud && strangers.length === 0) unreadable.set(task, issueErrors?.length ? NOT_NOW : NOT_VISIBLE);
    else
      try {
        const issue = await readOne(base, key, isCloud, access);
        if (typeof issue === 'string') unreadable.set(task, issue);
        else tell(task, issue);
      } catch (error) {
        if (error instanceof TrackerBusyError || error instanceof TrackerAccessError) throw error;
        failed.set(task, error instanceof Error ? error.message : String(error));
      }
  }
  return { events, unreadable, failed };
}

/**
 * Many issues per call. Data Center has no bulk fetch; what is in front of it, such as an SSO login, may answer anything
 * to that. Its search also has the histories, which show what its fields do not: when the status changed.
 */
async function readMany(
  base: string,
  keys: readonly string[],
  access: ApiAccess,
): Promise<{ isCloud: boolean; found: z.infer<typeof issuesSchema> }> {
  const mayBeServer = !isGateway(base) && !new URL(base).hostname.endsWith('.atlassian.net');
  try {
    const path = '/rest/api/3/issue/bulkfetch';
    const body = { issueIdsOrKeys: keys, fields: FIELDS };
    const answer = await call({ base, path, body }, access, mayBeServer ? NO_SUCH_CALL : []);
    if (answer.status < 400) return { isCloud: true, found: parsed(issuesSchema, answer, base) };
  } catch (error) {
    if (!mayBeServer || error instanceof TrackerBusyError || error instanceof NoAnswerError) throw error;
    // Thrown if the search is not answered either: which of the two errors matters is unknown.
    const found = await search(base, keys, access).catch(() => undefined);
    if (found?.status !== 200) throw error;
    return { isCloud: false, found: parsed(issuesSchema, found, base) };
  }
  return { isCloud: false, found: parsed(issuesSchema, await search(base, keys, access), base) };
}

const NO_SUCH_CALL = [404, 405];

const NOT_VISIBLE =
  'Jira shows the token no such issue: it does not exist there, or the token may not see it';
const NOT_NOW = `${NOT_VISIBLE}, or Jira could not give it just now`;

function search(base: string, keys: readonly string[], access: ApiAccess): Promise<TrackerAnswer> {
  const body = {
    jql: `key in (${keys.map((key) => `"${key}"`).join(', ')})`,
    // Otherwise one key that does not exist fails the whole search.
    validateQuery: false,
    startAt: 0,
    maxResults: keys.length,
    fields: FIELDS,
    expand: ['changelog'],
  };
  return call({ base, path: '/rest/api/2/search', body }, access);
}

/** Old keys and other letter cases lead to the issue, without a redirect. Otherwise why it is not shown. */
async function readOne(
  base: string,
  key: string,
  isCloud: boolean,
  access: ApiAccess,
): Promise<JiraIssue | string> {
  const query = `fields=${FIELDS.join(',')}${isCloud ? '' : '&expand=changelog'}`;
  const path = `/rest/api/${isCloud ? 3 : 2}/issue/${encodeURIComponent(key)}?${query}`;
  const answer = await call({ base, path }, access, [400, 403, 404]);
  if (answer.status === 404) return NOT_VISIBLE;
  if (answer.status >= 400) return `Jira refuses to show it to the token (${answer.status})`;
  return parsed(issueSchema, answer, base);
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
