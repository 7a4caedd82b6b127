import { request as httpRequest, Agent as PlainAgent } from 'node:http';
import { type AgentOptions, Agent as SecureAgent } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** The environment's proxies; lower-case names win, as in curl. */
export interface Proxies {
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  /** Hosts that are reached without one, comma-separated; `*` for all. */
  noProxy: string;
}

/** Nothing on this machine is reached through a proxy: another process, or the demo. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

export function readProxies(env: NodeJS.ProcessEnv = process.env): Proxies {
  const of = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const given = (of('NO_PROXY') ?? '').trim();
  return {
    httpProxy: of('HTTP_PROXY'),
    httpsProxy: of('HTTPS_PROXY') ?? of('HTTP_PROXY'),
    noProxy: given === '*' ? '*' : [given, ...LOOPBACK].filter((name) => name !== '').join(','),
  };
}

/**
 * The proxy for a request to `url`; undefined: none. The rules are those of undici's `EnvHttpProxyAgent`, which makes the
 * requests: a name includes its subdomains, and may have a port.
 * https://github.com/nodejs/undici/blob/main/docs/docs/api/EnvHttpProxyAgent.md
 */
export function proxyFor(url: string, { httpProxy, httpsProxy, noProxy }: Proxies): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const proxy = protocol === 'https:' ? httpsProxy : httpProxy;
  if (proxy === undefined || noProxy === '*') return undefined;
  const asked = port || (protocol === 'https:' ? '443' : '80');
  for (const entry of noProxy.split(/[,\s]+/)) {
    const [, name = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
    const bare = name.replace(/^\*?\./, '').toLowerCase();
    if (bare === '' || (only !== undefined && only !== asked)) continue;
    if (hostname === bare || hostname.endsWith(`.${bare}`)) return undefined;
  }
  return proxy;
}

/** A proxy's address for people, without user and password. */
export function proxyName(proxy: string): string {
  return URL.canParse(proxy)
    ? `${new URL(proxy).protocol}//${new URL(proxy).host}`
    : 'an address that cannot be read';
}

type Connected = (error: Error | null, socket?: Socket) => void;

/**
 * An agent for requests that are not made by undici; undefined if `url` takes no proxy. It connects through CONNECT:
 * https://www.rfc-editor.org/rfc/rfc9110#CONNECT
 */
export function agentFor(url: string, proxies: Proxies = readProxies()): PlainAgent | undefined {
  const proxy = proxyFor(url, proxies);
  if (proxy === undefined) return undefined;
  const plain = (options: AgentOptions, done: Connected) => tunnel(proxy, options, done);
  const secure = (options: AgentOptions, done: Connected) =>
    tunnel(proxy, options, (error, socket) => {
      if (socket === undefined) done(error);
      else done(null, connectTls({ ...options, servername: options.host ?? '', socket }));
    });
  return new URL(url).protocol === 'https:'
    ? Object.assign(new SecureAgent({ keepAlive: true }), { createConnection: secure })
    : Object.assign(new PlainAgent({ keepAlive: true }), { createConnection: plain });
}

function tunnel(proxy: string, { host, port }: AgentOptions, done: Connected): void {
  const { hostname, port: proxyPort, username, password } = new URL(proxy);
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const asked = httpRequest({
    host: hostname,
    port: proxyPort || 80,
    method: 'CONNECT',
    path: `${host}:${port}`,
    headers:
      username === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` },
    agent: false,
  });
  asked.once('connect', ({ statusCode }, socket: Socket) => {
    if (statusCode === 200) {
      done(null, socket);
      return;
    }
    socket.destroy();
    done(new Error(`the proxy ${proxyName(proxy)} answered ${statusCode}`));
  });
  asked.once('error', (error) => done(error));
  asked.end();
}
