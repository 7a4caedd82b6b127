/**
 * Keys of tasks in trackers without an adapter, made from their links, so that the follow-up's link and the generic
 * webhook's lead to the same key.
 */

import { createHash } from 'node:crypto';
import { withoutSlashes } from '../../outside-text.ts';
import type { TaskKey } from '../../vocabulary.ts';

/** The store takes names up to 1,000 bytes. */
const LONGEST = 500;

/** Trackers with several links to one task: the host, the path, and what remains of them in the key. */
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

/** Undefined if the link is no web address. */
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

/** Without what does not change the target: scheme, user, `www.`, trailing slashes, query order, campaign parameters. */
function normalised(url: URL): string {
  const query = [...url.searchParams].filter(([name]) => !name.startsWith('utm_'));
  query.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const search = query.length === 0 ? '' : `?${new URLSearchParams(query)}`;
  // Single-page applications have their paths in the fragment; any other fragment is a place on the page.
  const fragment = /^#!?\//.test(url.hash) ? url.hash : '';
  return `${url.host.replace(/^www\./, '')}${withoutSlashes(url.pathname)}${search}${fragment}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
