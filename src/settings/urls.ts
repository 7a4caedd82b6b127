import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { withoutSlashes } from '../outside-text.ts';
import { readServerList } from '../queue/redis/server-list.ts';
import { type Kind, NotAllowed } from './kinds.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** The base of an HTTP API, without a trailing slash. Plain http only to this machine: a key is sent there. */
export const apiUrl: Kind<string> = {
  show: (value) => value,
  parse(text) {
    const url = parsed(text);
    if (url === undefined) throw new NotAllowed('a URL such as https://api.incident.io');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
      throw new NotAllowed('a URL with https:// (http:// only for localhost, 127.0.0.1 and [::1])');
    if (url.username !== '' || url.password !== '' || /[?#@]/.test(text))
      throw new NotAllowed('a URL without user, password, query and fragment');
    return withoutSlashes(url.href);
  },
};

/** The base of a server's address, plain http included: within a cluster that is usual, and no key is sent there. */
export const serverUrl: Kind<string> = {
  show: (value) => value,
  parse(text) {
    const url = parsed(text);
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || /[?#@]/.test(text))
      throw new NotAllowed('a URL such as http://localhost:4318, without user, password, query and fragment');
    return withoutSlashes(url.href);
  },
};

/** Where this service is reached from outside: without the path of a webhook, which is added. */
export const publicUrl: Kind<string> = {
  show: (value) => value,
  parse(text) {
    const url = parsed(text);
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || /[?#@]/.test(text))
      throw new NotAllowed(
        'a URL such as https://closer.example.com, without user, password, query and fragment',
      );
    if (/\/webhooks(\/|$)/.test(url.pathname))
      throw new NotAllowed('the address alone: /webhooks/ and the name of the tracker are added to it');
    return withoutSlashes(url.href);
  },
};

/** Comma-separated addresses, each like `apiUrl`: they get an API token. */
export const urls: Kind<string[]> = {
  show: (value) => value.join(', '),
  parse: (text) => text.split(',').map((part) => apiUrl.parse(part.trim())),
};

/** Where our webhooks go, comma-separated. Only the hosts are displayed: such an address is often a secret. */
export const webhookUrls: Kind<string[]> = {
  show: (value) => value.map((url) => `${new URL(url).origin}/…`).join(', '),
  parse: (text, lines = false) =>
    text.split(lines ? /\r?\n|,/ : ',').map((part) => {
      const url = parsed(part.trim());
      if (url === undefined || !/^https?:$/.test(url.protocol))
        throw new NotAllowed('a URL such as https://hooks.example.com/incident-closer');
      if (url.username !== '' || url.password !== '' || url.hash !== '')
        throw new NotAllowed('a URL without user, password and fragment');
      return url.href;
    }),
};

/** A server that takes e-mail. Its user and password are never displayed. */
export const smtpUrl: Kind<string> = {
  show: (value) => `${new URL(value).protocol}//${new URL(value).host}`,
  parse(text) {
    const allowed = 'smtp://user:password@mail.example.com:587, or smtps:// with TLS from the start';
    const url = parsed(text);
    if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
      throw new NotAllowed(allowed);
    if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '')
      throw new NotAllowed(`${allowed}, without path, query and fragment`);
    if (!isEncoded(url.username) || !isEncoded(url.password))
      throw new NotAllowed(`${allowed}; special characters in a password have to be percent-encoded`);
    return text;
  },
};

function isEncoded(part: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(part);
}

const LISTS = ['redis-sentinel:', 'rediss-sentinel:', 'redis-cluster:', 'rediss-cluster:'];
const SERVERS = ['redis:', 'rediss:', 'postgres:', 'postgresql:', ...LISTS];
const QUEUE_PLACES =
  'a folder, redis://, redis-sentinel://, redis-cluster:// (or rediss with TLS), postgres:// or postgresql:// with a host';

/** No shell has expanded the `~` of a value that comes from a file. */
function inHome(path: string): string {
  if (path !== '~' && !path.startsWith('~/')) return path;
  try {
    return join(homedir(), path.slice(1));
  } catch {
    // A user id without an entry in /etc/passwd, as containers may have.
    throw new NotAllowed('the whole path of the folder: this user has no home directory that ~ could mean');
  }
}

/** Where queues and store live: a folder, or the URL of a server. Its password is never displayed. */
export const queueUrl: Kind<string> = {
  show(value) {
    if (LISTS.some((scheme) => value.toLowerCase().startsWith(scheme))) return withoutPasswords(value);
    const isUrl = /^[a-z][a-z+-]+:\/\//i.test(value);
    // Absolute: in another working folder it would be another one.
    if (!isUrl) return resolve(value);
    const url = parsed(value);
    if (url === undefined) return value;
    if (url.password !== '') url.password = '***';
    // Drivers also accept a password in the query.
    for (const name of url.searchParams.keys())
      if (/pass|secret|token/i.test(name)) url.searchParams.set(name, '***');
    return url.href;
  },
  parse(text) {
    const scheme = /^([a-z][a-z0-9+.-]+:)(\/\/)?/i.exec(text)?.[1]?.toLowerCase();
    // One letter and a colon is a Windows drive; anything without a colon is a folder.
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

/** For a text that `serverList` has parsed. */
function withoutPasswords(text: string): string {
  return text
    .replace(/^([a-z-]+:\/\/[^:/?#@]*):[^/?#]+@/i, '$1:***@')
    .replace(/([?&][^=&#]*(?:pass|secret|token)[^=&#]*=)[^&#]*/gi, '$1***');
}
