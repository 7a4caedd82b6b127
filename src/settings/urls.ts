import { homedir } from 'node:os';
import { join } from 'node:path';
import { readServerList } from '../queue/server-list.ts';
import { type Kind, NotAllowed } from './kinds.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** The base of an HTTP API, without a slash at the end. Plain http only to this machine: a key is sent there. */
export const apiUrl: Kind<string> = {
  show: (value) => value,
  parse(text) {
    const url = parsed(text);
    if (url === undefined) throw new NotAllowed('a URL such as https://api.incident.io');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
      throw new NotAllowed('a URL with https:// (http:// only for localhost, 127.0.0.1 and [::1])');
    if (url.username !== '' || url.password !== '' || /[?#@]/.test(text))
      throw new NotAllowed('a URL without user, password, query and fragment');
    return url.href.replace(/\/+$/, '');
  },
};

/** The base of a server's address, also by plain http: within a cluster that is usual, and no key is sent there. */
export const serverUrl: Kind<string> = {
  show: (value) => value,
  parse(text) {
    const url = parsed(text);
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || /[?#@]/.test(text))
      throw new NotAllowed('a URL such as http://localhost:4318, without user, password, query and fragment');
    return url.href.replace(/\/+$/, '');
  },
};

/** Addresses with commas between them, each as `apiUrl`: they get an API token. */
export const urls: Kind<string[]> = {
  show: (value) => value.join(', '),
  parse: (text) => text.split(',').map((part) => apiUrl.parse(part.trim())),
};

/** Where our webhooks go, with commas between them. People are shown the hosts alone: such an address is often a secret. */
export const webhookUrls: Kind<string[]> = {
  show: (value) => value.map((url) => `${new URL(url).origin}/…`).join(', '),
  parse: (text) =>
    text.split(',').map((part) => {
      const url = parsed(part.trim());
      if (url === undefined || !/^https?:$/.test(url.protocol))
        throw new NotAllowed('a URL such as https://hooks.example.com/incident-closer');
      if (url.username !== '' || url.password !== '' || url.hash !== '')
        throw new NotAllowed('a URL without user, password and fragment');
      return url.href;
    }),
};

const LISTS = ['redis-sentinel:', 'rediss-sentinel:', 'redis-cluster:', 'rediss-cluster:'];
const SERVERS = ['redis:', 'rediss:', 'postgres:', 'postgresql:', ...LISTS];
const QUEUE_PLACES =
  'a folder, redis://, redis-sentinel://, redis-cluster:// (or rediss with TLS), postgres:// or postgresql:// with a host';

/** No shell has replaced the `~` of a value that comes from a file. */
function inHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** Where queues and store live: a folder, or the URL of a server. Its password is shown to nobody. */
export const queueUrl: Kind<string> = {
  show(value) {
    if (LISTS.some((scheme) => value.toLowerCase().startsWith(scheme))) return withoutPasswords(value);
    const url = /^[a-z][a-z+-]+:\/\//i.test(value) ? parsed(value) : undefined;
    if (url === undefined) return value;
    if (url.password !== '') url.password = '***';
    // Drivers also take a password from the query.
    for (const name of url.searchParams.keys())
      if (/pass|secret|token/i.test(name)) url.searchParams.set(name, '***');
    return url.href;
  },
  parse(text) {
    const scheme = /^([a-z][a-z0-9+.-]+:)(\/\/)?/i.exec(text)?.[1]?.toLowerCase();
    // One letter and a colon is a drive of Windows; everything without a colon is a folder.
    if (scheme === undefined) return inHome(text);
    if (/^[^/:]+:\d+(\/\d*)?$/.test(text))
      throw new NotAllowed(`${QUEUE_PLACES}; for a host and port write redis:// before them`);
    if (!SERVERS.includes(scheme)) throw new NotAllowed(`${QUEUE_PLACES}; ${scheme} is none of them`);
    if (LISTS.includes(scheme)) return serverList(text);
    const url = text.slice(scheme.length).startsWith('//') ? parsed(text) : undefined;
    // PostgreSQL may name a socket's folder in the query instead of a host.
    if (url === undefined || (url.hostname === '' && !url.searchParams.has('host')))
      throw new NotAllowed(`${QUEUE_PLACES}; special characters in a password have to be percent-encoded`);
    return text;
  },
};

/** Several servers of Redis. */
function serverList(text: string): string {
  const list = readServerList(text);
  if (list === undefined)
    throw new NotAllowed(`${QUEUE_PLACES}; special characters in a password have to be percent-encoded`);
  if (list.scheme.endsWith('-sentinel') && list.name === '')
    throw new NotAllowed('redis-sentinel://host:port,host:port/0#name, with the name of the master');
  if (list.scheme.endsWith('-cluster') && !/^0?$/.test(list.path))
    throw new NotAllowed('redis-cluster://host:port,host:port, without a database: a cluster has only one');
  return text;
}

/** Of a text that `serverList` has read. */
function withoutPasswords(text: string): string {
  return text
    .replace(/^([a-z-]+:\/\/[^:/?#@]*):[^/?#]+@/i, '$1:***@')
    .replace(/([?&][^=&#]*(?:pass|secret|token)[^=&#]*=)[^&#]*/gi, '$1***');
}
