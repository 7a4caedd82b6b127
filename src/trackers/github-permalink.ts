import type { TaskKey } from '../vocabulary.ts';

/** Where an issue or pull request of GitHub is. */
export interface GitHubPlace {
  /** With the port, where it is not the usual one. */
  host: string;
  owner: string;
  repo: string;
  number: string;
}

const NAME = /^[\w.-]{1,100}$/;
const NUMBER = /^[1-9]\d{0,11}$/;
/** Issues and pull requests share their numbers, so `/issues/7` and `/pull/7` are one task. */
const KIND = /^(issues|pulls?)$/;
/** The API of github.com and of data residency has a host of its own; Enterprise Server has it under `/api/v3`. */
const API_HOST = /^api\.(github\.com|.+\.ghe\.com)$/;

/** Names are the same in upper and lower case. */
export function keyOf({ host, owner, repo, number }: GitHubPlace): TaskKey {
  return `github:${host}/${owner}/${repo}#${number}`.toLowerCase();
}

/** Reads the addresses of the pages, of the API, and of the side panel of a project's board. Query and fragment do not count. */
export function locate(permalink: string): GitHubPlace | undefined {
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
  // /orgs/acme/projects/5?pane=issue&issue=acme|api|12
  const [owner, repo, number] = url.searchParams.get('issue')?.split('|') ?? [];
  if (path[2] === 'projects' && owner && repo && number) return [owner, repo, 'issues', number];
  return path;
}

function parsed(permalink: string): URL | undefined {
  try {
    return new URL(permalink);
  } catch {
    return undefined;
  }
}
