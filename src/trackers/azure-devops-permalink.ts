import type { TaskKey } from '../vocabulary.ts';

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
/** The usual name of a server's virtual directory, which stands before the collection. */
const VIRTUAL_DIRECTORY = 'tfs';
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

/** Reads the addresses of work items, of boards and lists with one open, and of the API. The project does not count. */
export function locate(permalink: string): AzurePlace | undefined {
  const parts = parsed(permalink);
  if (parts === undefined) return undefined;
  const { site, route, url } = parts;
  const query = url.searchParams;
  // Team Foundation Server had it behind a #.
  const fragment = new URLSearchParams(url.hash.slice(1));
  const named = [
    PATHS.exec(route)?.[1],
    ...(LISTS.test(route) ? [query.get('workitem'), query.get('id'), fragment.get('id')] : []),
    OLD_PAGE.test(route) ? query.getAll('id').at(-1) : undefined,
  ];
  const id = named.find((text) => text != null && isId(text));
  return id == null ? undefined : { site, id };
}

/** The organization or collection of any address in it, of the API for one. */
export function siteOf(address: string): string | undefined {
  return parsed(address)?.site;
}

/** The same of its own address, as people write it: `https://dev.azure.com/acme`, `https://tfs.acme.example/tfs/Main`. */
export function siteOfBase(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url && siteAt(url, segmentsOf(url));
}

function parsed(address: string): { site: string; route: string; url: URL } | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const segments = segmentsOf(url);
  const start = segments.findIndex(
    (part, index) => part.startsWith('_') || (part === 'web' && segments[index + 1] === 'wi.aspx'),
  );
  if (start === -1) return undefined;
  const site = siteAt(url, segments.slice(0, start));
  return site === undefined ? undefined : { site, route: segments.slice(start).join('/'), url };
}

/** In lower case: neither names nor routes differ by it. */
function segmentsOf({ pathname }: URL): string[] {
  return pathname
    .toLowerCase()
    .split('/')
    .filter((part) => part !== '');
}

function siteAt({ hostname, host }: URL, path: readonly string[]): string | undefined {
  const [first, second] = path;
  const old = OLD_CLOUD.exec(hostname)?.[1];
  if (old !== undefined) return `${CLOUD}/${old}`;
  const isServer = hostname !== CLOUD;
  const collection = isServer && first === VIRTUAL_DIRECTORY ? second && `${first}/${second}` : first;
  // Of services beside the organizations, as for identities, no address is that of an item.
  if (collection === undefined || hostname.endsWith('.visualstudio.com')) return undefined;
  const site = `${host}/${collection}`;
  return site.length > LONGEST_SITE ? undefined : site;
}
