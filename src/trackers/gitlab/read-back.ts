/** Reads the states of issues and other work items of projects from GitLab, and follows those that moved. */
import type { TaskEvent, TaskKey } from '../../vocabulary.ts';
import type { ApiAccess, ReadBack } from '../read-back.ts';
import { eventOf } from './answers.ts';
import { type ApiIssue, GitLabApi, INVISIBLE, PAGE, rootOf } from './api.ts';
import { keyOf, locate } from './permalink.ts';

/** A moved issue can have been moved again. */
const HOPS = 5;
export const KEY = /^gitlab:([^/]+\/.+)#([1-9]\d{0,11})$/;
const ID_KEY = /^gitlab:id:(.+)\/([1-9]\d{0,15})$/;

/** The issue to read, and its former names. */
interface Search {
  asked: TaskKey;
  /** Where it is now: in a project of this GitLab, or known by its id alone. */
  at: { project: string; iid: string } | { id: string };
  former: TaskKey[];
}

export const readBack: ReadBack = {
  defaultUrl: 'https://gitlab.com',
  tokenDoc:
    'lets GitLab be asked for the states of issues: a personal, group or project access token with the scope **read_api** of somebody who may read them (confidential ones too)',
  most: PAGE,
  covers: (task, urls) => baseOf(task, urls) !== undefined,
  async read(tasks, access) {
    const reading = { events: new Map<TaskKey, TaskEvent>(), unreadable: new Map<TaskKey, string>() };
    const byBase = new Map<string, Search[]>();
    for (const task of tasks) {
      const found = searchFor(task, access.urls);
      if (typeof found === 'string') reading.unreadable.set(task, found);
      else byBase.set(found.base, [...(byBase.get(found.base) ?? []), found.search]);
    }
    for (const [base, searches] of byBase) await readFrom(base, searches, access, reading);
    return reading;
  },
};

/** With the longest of our addresses that contains it, or why it cannot be read. */
function searchFor(task: TaskKey, urls: readonly string[]): { base: string; search: Search } | string {
  const [, where = '', iid = ''] = KEY.exec(task) ?? [];
  const id = ID_KEY.exec(task)?.[2];
  const base = baseOf(task, urls);
  if (base === undefined) return 'it is not in a GitLab whose address is in GITLAB_URL';
  if (id !== undefined) return { base, search: { asked: task, at: { id }, former: [] } };
  const project = where.slice(rootOf(base).length + 1);
  if (project.startsWith('groups/')) return 'GitLab is not asked for epics and other work items of groups';
  return { base, search: { asked: task, at: { project, iid }, former: [] } };
}

export function baseOf(task: TaskKey, urls: readonly string[]): string | undefined {
  const where = KEY.exec(task)?.[1] ?? '';
  const site = ID_KEY.exec(task)?.[1];
  return urls
    .filter((url) =>
      // An earlier release omitted the root from keys by id.
      site === undefined
        ? `${where}/`.startsWith(`${rootOf(url)}/`)
        : [rootOf(url), new URL(url).host].includes(site),
    )
    .sort((a, b) => b.length - a.length)[0];
}

interface Results {
  events: Map<TaskKey, TaskEvent>;
  unreadable: Map<TaskKey, string>;
}

async function readFrom(
  base: string,
  searches: readonly Search[],
  access: ApiAccess,
  { events, unreadable }: Results,
): Promise<void> {
  const api = new GitLabApi(base, access);
  let open = [...searches];
  for (let hop = 0; open.length > 0; hop++) {
    const located = await locateIds(open, api, base, unreadable);
    open = [];
    for (const [project, inProject] of byProject(located)) {
      const issues = await api.issuesOf(project, [...new Set(inProject.map(({ iid }) => iid))]);
      for (const { search, iid } of inProject) {
        const found =
          typeof issues === 'string' ? issues : (issues.find((one) => String(one.iid) === iid) ?? INVISIBLE);
        if (typeof found === 'string') unreadable.set(search.asked, found);
        else if (!isLeftBehind(found)) {
          const event = await eventOf(search, found, api, access);
          if (typeof event === 'string') unreadable.set(search.asked, event);
          else events.set(search.asked, event);
        } else if (hop < HOPS) open.push(moved(search, found));
        else unreadable.set(search.asked, 'it was moved too often to follow');
      }
    }
  }
}

/** A move closes an issue; one that was reopened there is a separate task. */
function isLeftBehind(issue: ApiIssue): boolean {
  return issue.state === 'closed' && Boolean(issue.moved_to_id);
}

interface Located {
  search: Search;
  project: string;
  iid: string;
}

/** Finds the places of issues known by their id alone. */
async function locateIds(
  searches: readonly Search[],
  api: GitLabApi,
  base: string,
  unreadable: Results['unreadable'],
): Promise<Located[]> {
  const ids = searches.flatMap(({ at }) => ('id' in at ? [at.id] : []));
  const addresses = ids.length === 0 ? new Map<string, string>() : await api.addressesOf([...new Set(ids)]);
  return searches.flatMap((search) => {
    const { asked, at } = search;
    if (!('id' in at)) return [{ search, ...at }];
    const place = locate(addresses.get(at.id) ?? '');
    if (place === undefined) {
      unreadable.set(asked, `it was moved, and the token in GITLAB_API_TOKEN may not see where it is now`);
      return [];
    }
    const found = searchFor(keyOf(place), [base]);
    if (typeof found !== 'string' && 'project' in found.search.at) return [{ search, ...found.search.at }];
    unreadable.set(asked, typeof found === 'string' ? found : INVISIBLE);
    return [];
  });
}

function byProject(located: readonly Located[]): Map<string, Located[]> {
  const projects = new Map<string, Located[]>();
  for (const one of located) projects.set(one.project, [...(projects.get(one.project) ?? []), one]);
  return projects;
}

/** The id of a moved issue does not name its copy: it can still be closed, or reported late. */
function moved({ asked, former }: Search, issue: ApiIssue): Search {
  const place = locate(issue.web_url);
  return { asked, at: { id: String(issue.moved_to_id) }, former: place ? [...former, keyOf(place)] : former };
}
