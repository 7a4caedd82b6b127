import { withoutSlashes } from '../../outside-text.ts';
import type { TaskKey } from '../../vocabulary.ts';

/** Where an issue of Jira is. */
export interface JiraPlace {
  /** The host, with the port unless it is the default, and Data Center's context path: `jira.acme.example/jira`. */
  site: string;
  key: string;
}

const KEY = /^[A-Z][A-Z0-9_]{0,99}-[1-9]\d{0,11}$/i;
/** Where Jira's own paths begin. What precedes them is the context path. */
const ROUTES = ['browse', 'projects', 'issues', 'secure', 'servicedesk', 'rest', 'plugins', 'i'];
/** Cloud has its newer pages under `/jira`, which is no context path there. */
const CLOUD_PAGES = /^\/jira\/(software|core|discovery|polaris|servicedesk\/projects)\//;
/** A host has 253 letters at most; nobody's context path is longer than that. */
const LONGEST_SITE = 500;
const CLOUD_HOST = /\.(atlassian\.net|jira\.com|jira-dev\.com)$/;

export function isKey(text: string): boolean {
  return KEY.test(text);
}

/** Keys are case-insensitive. */
export function keyOf({ site, key }: JiraPlace): TaskKey {
  return `jira:${site}/${key.toUpperCase()}`;
}

/** The place that a key names; undefined for ids. */
export function placeOf(task: TaskKey): JiraPlace | undefined {
  const [, site, key] = /^jira:(?!id:)(.+)\/([^/]+)$/.exec(task) ?? [];
  return site !== undefined && key !== undefined && isKey(key) ? { site, key } : undefined;
}

/** Parses the addresses of issues, boards, queues, portals and of the API. Ignores anything but the issue itself. */
export function locate(permalink: string): JiraPlace | undefined {
  const parts = parsed(permalink);
  if (parts === undefined) return undefined;
  const { site, path, url } = parts;
  const named = [
    url.searchParams.get('selectedIssue'),
    path.at(-1) === 'ViewIssue.jspa' ? url.searchParams.get('key') : null,
    ...path.toReversed(),
    // /i#browse/PROJ-12 and /plugins/servlet/mobile#issue/PROJ-12
    ...(path[0] === 'i' || path[0] === 'plugins' ? url.hash.slice(1).split('/') : []),
  ];
  const key = named.find((text) => text !== null && isKey(text));
  return key == null ? undefined : { site, key };
}

/** The site of any of Jira's addresses, an issue's `self` for one. */
export function siteOf(address: string): string | undefined {
  return parsed(address)?.site;
}

/** The site whose address as people write it, `https://jira.acme.example/jira`, is this one. */
export function siteOfBase(address: string): string {
  return withoutSlashes(address.replace(/^[a-z]+:\/\//i, ''));
}

function parsed(address: string): { site: string; path: string[]; url: URL } | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const segments = url.pathname.split('/').filter((part) => part !== '');
  const hasNoContext = CLOUD_HOST.test(url.hostname) || CLOUD_PAGES.test(url.pathname);
  const start = hasNoContext
    ? segments.findIndex((part, index) => index === 0 && [...ROUTES, 'jira'].includes(part))
    : segments.findIndex((part) => ROUTES.includes(part));
  if (start === -1) return undefined;
  const site = [url.host, ...segments.slice(0, start)].join('/');
  return site.length > LONGEST_SITE ? undefined : { site, path: segments.slice(start), url };
}
