import type { TaskKey } from '../vocabulary.ts';
import { parseJson } from './body.ts';

/** Where an issue or another work item of GitLab is. */
export interface GitLabPlace {
  /** With the port, where it is not the usual one. */
  host: string;
  /** The project with all its groups, after the relative URL root where there is one; of an epic `groups/<group>`. */
  path: string;
  /** Its number in there, the `iid`. */
  number: string;
}

const NUMBER = /^[1-9]\d{0,11}$/;
const PATH = /^\w[\w.-]*(\/\w[\w.-]*)*$/;
/** One number space for all of a project: `/issues/7`, `/work_items/7` and `/issues/incident/7` are one task. */
const KINDS = /^(?:issues(?:\/incident)?|work_items|incidents|epics)\/([^/]+)(?:\/|$)/;
/** Links from before GitLab set its own pages apart by `/-/`. */
const OLD = /^(.+)\/issues\/([^/]+)\/?$/;

/** Names are the same in upper and lower case. */
export function keyOf({ host, path, number }: GitLabPlace): TaskKey {
  return `gitlab:${host}/${path}#${number}`.toLowerCase();
}

/** The key of an issue that is named by GitLab's own id alone, which it keeps for good; a move gives it another. */
export function idKeyOf(host: string, id: number): TaskKey {
  return `gitlab:id:${host}/${id}`.toLowerCase();
}

/** Reads the addresses of the pages, old and new, and of the side panel of a list or board. Query and fragment do not count otherwise. */
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
