/**
 * Keys of tasks in trackers that have no adapter here, made from their links: the follow-up's and the one that the
 * generic webhook names become the same key.
 */
import { createHash } from 'node:crypto';
import type { TaskKey } from '../vocabulary.ts';

/** The store takes names up to 1,000 bytes. */
const LONGEST = 500;

/** Trackers whose links to one task look different: the host, the path, and what is left of them in the key. */
const FORMS: readonly { host: RegExp; path: RegExp; key(host: string, path: string): string }[] = [
  {
    // https://support.freshservice.com: the same ticket for agents, for requesters, and in the older interface.
    host: /\.freshservice\.com$/,
    path: /^\/(?:a|helpdesk|support)\/tickets\/([1-9]\d*)(?:\/|$)/,
    key: (host, id) => `${host}/tickets/${id}`,
  },
  {
    // Ids are 15 characters, or 18 with a checksum: https://help.salesforce.com/s/articleView?id=000385008
    host: /\.(?:lightning\.force|my\.salesforce)\.com$/,
    path: /^\/(?:lightning\/r\/(?:\w+\/)?)?([a-zA-Z0-9]{15})(?:[A-Z0-5]{3})?(?:\/|$)/,
    key: (host, id) =>
      `${host.replace(/\.(?:lightning\.force|my\.salesforce)\.com$/, '.salesforce.com')}/${id}`,
  },
];

/** Undefined where the link is no address of the web. */
export function genericKey(permalink: string): TaskKey | undefined {
  const url = URL.canParse(permalink) ? new URL(permalink) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  const place = ofKnownForm(url) ?? normalised(url);
  return `generic:${place.length > LONGEST ? `sha256-${sha256(place)}` : place}`;
}

function ofKnownForm({ hostname, pathname }: URL): string | undefined {
  for (const { host, path, key } of FORMS) {
    const id = host.test(hostname) ? path.exec(pathname)?.[1] : undefined;
    if (id !== undefined) return key(hostname, id);
  }
  return undefined;
}

/** Without what changes no target: scheme, user, `www.`, slashes at the end, order of the query, campaign parameters. */
function normalised(url: URL): string {
  const query = [...url.searchParams].filter(([name]) => !name.startsWith('utm_'));
  query.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const search = query.length === 0 ? '' : `?${new URLSearchParams(query)}`;
  // Applications in one page have their paths in the fragment; any other is a place on the page.
  const fragment = /^#!?\//.test(url.hash) ? url.hash : '';
  return `${url.host.replace(/^www\./, '')}${url.pathname.replace(/\/+$/, '')}${search}${fragment}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
