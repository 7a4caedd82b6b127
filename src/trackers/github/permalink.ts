import type { TaskKey } from '../../vocabulary.ts';

/** Where an issue or pull request of GitHub is. */
export interface GitHubPlace {
  /** With the port, unless it is the default. */
  host: string;
  owner: string;
  repo: string;
  number: string;
}

/** `.` and `..` would lead to another path of the API. */
const NAME = /^(?!\.{1,2}$)[\w.-]{1,100}$/;
const NUMBER = /^[1-9]\d{0,11}$/;
/** Issues and pull requests share their numbers, so `/issues/7` and `/pull/7` are one task. */
const KIND = /^(issues|pulls?)$/;
/** The API of github.com and of data residency has a host of its own; Enterprise Server has it under `/api/v3`. */
const API_HOST = /^api\.(github\.com|.+\.ghe\.com)$/;

/** The usual address of an issue, which has no other reading: making a `URL` of it would cost more than all else here. */
const USUAL =
  /^https:\/\/((?!www\.|api\.|xn--)[a-z0-9-]+(?:\.(?!xn--)[a-z0-9-]+)*\.[a-z]{2,})\/([\w.-]{1,100})\/([\w.-]{1,100})\/(?:issues|pulls?)\/([1-9]\d{0,11})$/;

/** Names are case-insensitive. */
export function keyOf({ host, owner, repo, number }: GitHubPlace): TaskKey {
  return `github:${host}/${owner}/${repo}#${number}`.toLowerCase();
}

/**
 * Reads the addresses of the pages and of the API. On any page, of an issue too, a side panel may show another issue,
 * as its sub-issues: it is the one on top. https://github.com/github/roadmap/issues/510 . Otherwise query and fragment do
 * not count.
 */
export function locate(permalink: string): GitHubPlace | undefined {
  const [, host, owner, repo, number] = USUAL.exec(permalink) ?? [];
  if (host && owner && repo && number && NAME.test(owner) && NAME.test(repo))
    return { host, owner, repo, number };
  return locateByUrl(permalink);
}

/** The same for any address. */
export function locateByUrl(permalink: string): GitHubPlace | undefined {
  const url = parsed(permalink);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const apiOf = API_HOST.exec(url.host)?.[1];
  const [owner = '', repo = '', kind = '', number = ''] = issuePath(url, apiOf !== undefined);
  if (!NAME.test(owner) || !NAME.test(repo) || !KIND.test(kind) || !NUMBER.test(number)) return undefined;
  return { host: apiOf ?? url.host.replace(/^www\./, ''), owner, repo, number };
}

/** Owner, repository, kind, number, and whatever follows. */
function issuePath(url: URL, isApiHost: boolean): string[] {
  const path = url.pathname.split('/').filter((part) => part !== '');
  if (isApiHost) return path[0] === 'repos' ? path.slice(1) : [];
  if (path[0] === 'api' && path[1] === 'v3' && path[2] === 'repos') return path.slice(3);
  // /orgs/acme/projects/5?pane=issue&issue=acme|api|12, /acme/api/issues/30?issue=acme|api|216
  const shown = url.searchParams.get('issue')?.split('|') ?? [];
  const [owner = '', repo = '', number = ''] = shown;
  return shown.length === 3 && NUMBER.test(number) ? [owner, repo, 'issues', number] : path;
}

function parsed(permalink: string): URL | undefined {
  try {
    return new URL(permalink);
  } catch {
    return undefined;
  }
}
