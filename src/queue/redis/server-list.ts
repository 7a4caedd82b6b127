/** The parts of a URL with several servers, such as `redis-sentinel://user:password@a:26379,b:26379/0?x=y#name`. */
export interface ServerList {
  /** Without `://`, in lower case. */
  scheme: string;
  /** Still percent-encoded. */
  username: string;
  password: string;
  servers: { host: string; port: number | undefined }[];
  /** Without the leading slash. */
  path: string;
  query: URLSearchParams;
  /** Decoded. */
  name: string;
}

const FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]+)(?:\/([^?#]*))?(?:\?([^#]*))?(?:#(.*))?$/i;

/**
 * Parses a URL with several comma-separated servers, which `URL` cannot; undefined if the text is none. Separators have
 * to be percent-encoded in user and password (@ is %40, / is %2F).
 */
export function readServerList(text: string): ServerList | undefined {
  const [, scheme, user = '', list, path = '', query = '', name = ''] = FORM.exec(text) ?? [];
  if (scheme === undefined || list === undefined) return undefined;
  const servers: ServerList['servers'] = [];
  for (const one of list.split(',')) {
    // A scheme without a default port, so that `URL` drops none.
    const server = `redis://${one.trim()}`;
    if (!URL.canParse(server)) return undefined;
    const { hostname, port } = new URL(server);
    if (hostname === '') return undefined;
    servers.push({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : Number(port),
    });
  }
  const colon = user.indexOf(':');
  return {
    scheme: scheme.toLowerCase(),
    username: colon === -1 ? user : user.slice(0, colon),
    password: colon === -1 ? '' : user.slice(colon + 1),
    servers,
    path,
    query: new URLSearchParams(query),
    name: decoded(name),
  };
}

/** Unchanged if it was never encoded: a bare % in a password. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
