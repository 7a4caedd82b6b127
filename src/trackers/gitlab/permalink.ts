import { withoutSlashes } from '../../outside-text.ts';
import type { TaskKey } from '../../vocabulary.ts';
import { parseJson } from '../body.ts';

/** Where an issue or another work item of GitLab is. */
export interface GitLabPlace {
  /** With the port, unless it is the default. */
  host: string;
  /** The project with all its groups, after the relative URL root if there is one; for an epic `groups/<group>`. */
  path: string;
  /** Its number in there, the `iid`. */
  number: string;
}

const NUMBER = /^[1-9]\d{0,11}$/;
/** Names may begin with a dot: https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/path_regex.rb (PATH_START_CHAR) */
const PATH = /^[\w.][\w.-]*(\/[\w.][\w.-]*)*$/;
/** All of a project shares one number space: `/issues/7`, `/work_items/7` and `/issues/incident/7` are one task. */
const KINDS = /^(?:issues(?:\/incident)?|work_items|incidents|epics)\/([^/]+)(?:\/|$)/;
/** Links from before GitLab separated its own pages by `/-/`. */
const OLD = /^(.+)\/issues\/([^/]+)\/?$/;

/** Names are case-insensitive. */
export function keyOf({ host, path, number }: GitLabPlace): TaskKey {
  return `gitlab:${host}/${path}#${number}`.toLowerCase();
}

/**
 * The key of an issue known by GitLab's own id alone, which never changes; a move creates another. `site`: the host and
 * the relative URL root, since several GitLabs may run on one host.
 */
export function idKeyOf(site: string, id: number): TaskKey {
  return `gitlab:id:${site}/${id}`.toLowerCase();
}

/** The host and the relative URL root of a place whose project or group has this full path; absent: it is not known. */
export function siteOf({ host, path }: GitLabPlace, fullPath: string | undefined): string {
  const named = fullPath?.toLowerCase();
  const before = /(^|^.*\/)groups\/.+$/i.exec(path)?.[1] ?? '';
  const root =
    named && `/${path}`.toLowerCase().endsWith(`/${named}`) ? path.slice(0, -named.length) : before;
  return withoutSlashes(`${host}/${root}`).toLowerCase();
}

/** Parses the addresses of pages, old and new, and of side panels in lists and boards. Ignores other queries and fragments. */
export function locate(permalink: string): GitLabPlace | undefined {
  if (!URL.canParse(permalink)) return undefined;
  const { protocol, host, pathname, searchParams } = new URL(permalink);
  if (!/^https?:$/.test(protocol)) return undefined;
  const [path, number] = panelOf(searchParams.get('show')) ?? pageOf(pathname.replace(/^\/+/, ''));
  return PATH.test(path) && NUMBER.test(number) ? { host, path, number } : undefined;
}

type Found = readonly [path: string, number: string];
const NOTHING: Found = ['', ''];

function pageOf(pathname: string): Found {
  const cut = pathname.indexOf('/-/');
  if (cut !== -1) return [pathname.slice(0, cut), KINDS.exec(pathname.slice(cut + '/-/'.length))?.[1] ?? ''];
  const [, path = '', number = ''] = OLD.exec(pathname) ?? NOTHING;
  return [path, number];
}

/**
 * `?show=` and the base64 of `{"iid":"12","full_path":"acme/api","id":4711}`.
 * https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/assets/javascripts/work_items/utils.js
 */
function panelOf(show: string | null): Found | undefined {
  if (show === null) return undefined;
  const json = parseJson(Buffer.from(show, 'base64'));
  if (typeof json !== 'object' || json === null || !('iid' in json) || !('full_path' in json))
    return undefined;
  const path = String(json.full_path);
  // A project is in a group or a person's namespace; a path of one part is a group.
  return [path.includes('/') ? path : `groups/${path}`, String(json.iid)];
}
