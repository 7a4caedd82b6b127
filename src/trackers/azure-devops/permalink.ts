import type { TaskKey } from '../../vocabulary.ts';

/** Where a work item is. Its number is one in all of an organization or collection, whatever the project. */
export interface AzurePlace {
  /** `dev.azure.com/<organization>`, or a server's host and the path of the collection: `tfs.acme.example/tfs/main`. */
  site: string;
  id: string;
}

export const CLOUD = 'dev.azure.com';

const ID = /^[1-9]\d{0,9}$/;
/** The host of an organization from before dev.azure.com. Hosts of services have more parts. */
const OLD_CLOUD = /^(?!(?:app|www)\.)([a-z0-9-]+)\.visualstudio\.com$/;
/** A host has 253 letters at most, a collection 64, and nobody's virtual directory is longer than that. */
const LONGEST_SITE = 500;
/** The usual names of a server's virtual directory, which stands before the collection, and that of a collection. */
const VIRTUAL_DIRECTORIES: readonly string[] = ['tfs', 'azuredevops', 'azure-devops'];
const COLLECTION = 'defaultcollection';
/** Projects in addresses of the API are told by their ids. */
const PROJECT_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** Where an item is named by a path. */
const PATHS =
  /^(?:_workitems\/edit|_queries\/edit|_apis\/wit\/workitems|_apis\/wit\/recyclebin)\/([^/]+)(?:\/|$)/;
/** Where the query names it: lists, boards, sprints and backlogs with an item open, and the old pages. */
const LISTS = /^(?:_workitems|_boards|_sprints|_backlogs|_queries|_dashboards)(?:\/|$)/;
const OLD_PAGE = /^web\/wi\.aspx$/;

export function isId(text: string): boolean {
  return ID.test(text);
}

export function keyOf({ site, id }: AzurePlace): TaskKey {
  return `azure-devops:${site}/${id}`;
}

/** The place that a key names; undefined for the ids of collections. */
export function placeOf(task: TaskKey): AzurePlace | undefined {
  const [, site, id] = /^azure-devops:(?!id:)(.+)\/([^/]+)$/.exec(task) ?? [];
  return site !== undefined && id !== undefined && isId(id) ? { site, id } : undefined;
}

/**
 * Reads the addresses of work items, of boards and lists with one open, and of the API. The project does not count. An
 * item that is opened over another one, or over a list, is the one on top: `workitem` in the query, as in
 * https://github.com/Azure/azure-sdk-for-js (…/_workitems/edit/8775003/?workitem=8972164).
 */
export function locate(permalink: string): AzurePlace | undefined {
  const found = split(permalink);
  const site = found && siteOfPage(found);
  if (found === undefined || site === undefined) return undefined;
  const { url, route } = found;
  const query = url.searchParams;
  // Team Foundation Server had it behind a #.
  const fragment = new URLSearchParams(url.hash.slice(1));
  const isPage = !route.startsWith('_apis');
  const named = [
    isPage ? query.get('workitem') : null,
    PATHS.exec(route)?.[1],
    ...(LISTS.test(route) ? [query.get('id'), fragment.get('id')] : []),
    OLD_PAGE.test(route) ? query.getAll('id').at(-1) : undefined,
  ];
  const id = named.find((text) => text != null && isId(text));
  return id == null ? undefined : { site, id };
}

/** The organization or collection of any address in it that the API gives. */
export function siteOf(address: string): string | undefined {
  const found = split(address);
  if (found === undefined) return undefined;
  return siteOfPage(found);
}

/** The same of its own address, as people write it: `https://dev.azure.com/acme`, `https://tfs.acme.example/tfs/Main`. */
export function siteOfBase(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return undefined;
  const path = segmentsOf(url);
  return siteAt(url, isDirectory(path[0]) ? path.slice(0, 2) : path);
}

interface Split {
  url: URL;
  /** What stands before the routes of the product. */
  path: readonly string[];
  route: string;
}

function split(address: string): Split | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const segments = segmentsOf(url);
  const start = segments.findIndex(
    (part, index) => part.startsWith('_') || (part === 'web' && segments[index + 1] === 'wi.aspx'),
  );
  if (start === -1) return undefined;
  return { url, path: segments.slice(0, start), route: segments.slice(start).join('/') };
}

function siteOfPage({ url, path, route }: Split): string | undefined {
  // A server has the old page above its collections, and names one of them by an id in the query.
  if (OLD_PAGE.test(route)) return isServer(url) && path.length < 2 ? undefined : siteAt(url, path);
  return siteAt(url, route.startsWith('_apis') ? collectionOfApi(path) : collectionIn(path));
}

/**
 * The part of an address of the API that names the collection of a server. Where the API gives one, its project, if
 * there is any, stands in it as an id: two parts before that are a virtual directory and its collection.
 */
function collectionOfApi(path: readonly string[]): readonly string[] {
  const known = withoutProjectId(path);
  return isDirectory(known[0]) || known.length > 2 ? known.slice(0, 2) : known;
}

/**
 * The part of a page's path that names the collection of a server: before the project, and after a virtual directory.
 * That may be of any name, and nothing tells whether two parts are a collection and its project or a directory and its
 * collection, but for the names that Microsoft gives: https://github.com/dotnet/sourcelink/issues/530 . Pages have
 * their project in the address, so any other two parts are a collection and its project.
 */
function collectionIn(path: readonly string[]): readonly string[] {
  const known = withoutProjectId(path);
  if (known.length < path.length) return known;
  const [first, second] = path;
  const hasDirectory = isDirectory(first) || second === COLLECTION || path.length > 2;
  return path.slice(0, hasDirectory ? 2 : 1);
}

function isDirectory(name: string | undefined): boolean {
  return name !== undefined && VIRTUAL_DIRECTORIES.includes(name);
}

function withoutProjectId(path: readonly string[]): readonly string[] {
  const at = path.findIndex((part) => PROJECT_ID.test(part));
  return at === -1 ? path : path.slice(0, at);
}

/** In lower case: neither names nor routes differ by it. */
function segmentsOf({ pathname }: URL): string[] {
  return pathname
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '');
}

function isServer({ hostname }: URL): boolean {
  return hostname !== CLOUD && !hostname.endsWith('.visualstudio.com');
}

/** `path`: of a server that of the collection, of the cloud whatever begins with the organization. */
function siteAt(url: URL, path: readonly string[]): string | undefined {
  const { hostname, host } = url;
  const old = OLD_CLOUD.exec(hostname)?.[1];
  if (old !== undefined) return `${CLOUD}/${old}`;
  // Of services beside the organizations, as for identities, no address is that of an item.
  if (hostname.endsWith('.visualstudio.com')) return undefined;
  const [first] = path;
  const isAbove = isDirectory(first) && path.length === 1;
  if (first === undefined || (isServer(url) && isAbove)) return undefined;
  const site = [host, ...(isServer(url) ? path : [first])].join('/');
  return site.length > LONGEST_SITE ? undefined : site;
}
