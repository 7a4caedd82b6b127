/** Links to pages of Notion. Titles in them change, the id does not. */
import { withoutSlashes } from '../../outside-text.ts';

const HOSTS = /^(www\.|app\.)?notion\.(so|com)$|\.notion\.site$/;
const ID = /([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/** 32 hexadecimal digits without dashes, or undefined if the text does not end with an id. */
export function idAtEnd(text: string): string | undefined {
  return ID.exec(text)?.slice(1).join('').toLowerCase();
}

/**
 * The id of the page that a link names. A page opened as a side peek in a database is in the query, and the path is the
 * database's; a fragment is a block of the page.
 */
export function pageIdOf(permalink: string): string | undefined {
  const url = URL.canParse(permalink) ? new URL(permalink) : undefined;
  if (url === undefined || !isNotion(url)) return undefined;
  const peeked = url.searchParams.get('p') ?? url.searchParams.get('page_id');
  if (peeked !== null) return idAtEnd(peeked);
  // A view of a database.
  if (url.searchParams.has('v')) return undefined;
  return idAtEnd(withoutSlashes(url.pathname));
}

function isNotion({ protocol, hostname, port }: URL): boolean {
  return /^(https?|notion):$/.test(protocol) && port === '' && HOSTS.test(hostname.toLowerCase());
}
