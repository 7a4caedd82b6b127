/**
 * Links to records of ServiceNow: lists and forms of the classic interface, workspaces, portals, and the API.
 * https://www.servicenow.com/docs/r/platform-user-interface/navigating-by-url.html
 */

/** Where a record of ServiceNow is. */
export interface ServiceNowPlace {
  host: string;
  /** Its sys_id (32 hexadecimal digits), otherwise its number (`INC0010001`), both in lower case. */
  id: string;
}

export const SYS_ID = /^[0-9a-f]{32}$/i;
/** Letters of the table, then digits. */
export const NUMBER = /^[a-z]{2,10}\d{4,15}$/i;
/** Paths of these interfaces; other sites have a `sys_id` of their own. */
const PATHS = /\.do$|^\/(now|api\/now)\/|^\/(?:x_\w{2,40}\/)?[a-z0-9_-]{2,40}\/?$/i;
/** The older workspace has its paths in the fragment; any other fragment is a place on the page. */
const WORKSPACE = /^#\/record\//;
/** Some links are encoded twice. */
const ENCODED_AT_MOST = 3;

export function locate(permalink: string): ServiceNowPlace | undefined {
  const url = URL.canParse(permalink) ? new URL(permalink) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || !PATHS.test(url.pathname)) return undefined;
  const text = decoded(url.pathname + url.search + (WORKSPACE.test(url.hash) ? url.hash : ''));
  const id = sysIdIn(text) ?? numberIn(text);
  return id === undefined ? undefined : { host: url.host, id: id.toLowerCase() };
}

/** A record in the path of a workspace, a copied link of it, or the API; of a new one the id is `-1` and more. */
const IN_PATH =
  /\/(?:record|_permalink|api\/now\/(?:v\d+\/)?table)\/[a-z0-9_]+\/([0-9a-f]{32}(?![0-9a-f])|-1[^/]*)/gi;

/**
 * Of a workspace the last one: tabs lie over the record from which they were opened, as in
 * `/now/sow/record/incident/<A>/params/…/sub/record/problem/<B>`. Else the first one is the record's, and the others belong
 * to lists and references around it.
 */
function sysIdIn(text: string): string | undefined {
  const shown = [...text.matchAll(IN_PATH)].at(-1)?.[1];
  if (shown !== undefined) return SYS_ID.test(shown) ? shown : undefined;
  const inQuery = /[?&^=]sys_id=([^&^]*)/i.exec(text)?.[1];
  return inQuery !== undefined && SYS_ID.test(inQuery) ? inQuery : undefined;
}

/** Only if a list is filtered to exactly one record. */
function numberIn(text: string): string | undefined {
  const found = [...text.matchAll(/(?:[?&^=]|\^OR|\^NQ)(?:number|sysparm_search)=([^&^]*)/gi)].map(
    ([, number = '']) => number,
  );
  const [only = '', ...others] = found;
  return others.length === 0 && NUMBER.test(only) ? only : undefined;
}

function decoded(text: string): string {
  let plain = text;
  for (let i = 0; i < ENCODED_AT_MOST && /%[0-9a-f]{2}/i.test(plain); i++)
    plain = plain.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return plain;
}

/** The key of a record; without a host if the instance is unknown. */
export function keyOf(host: string | undefined, id: string): string {
  return `servicenow:${host === undefined ? '' : `${host}/`}${id}`.toLowerCase();
}
