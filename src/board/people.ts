import type { FastifyRequest } from 'fastify';
import { isLoopbackAddress } from '../loopback.ts';
import { addressesIn } from '../networks.ts';
import { type HostRule, hostRule } from '../receiver/host-rule.ts';
import type { Settings } from '../settings/settings.ts';
import { ipOf } from './client-address.ts';

/** `viewer`: looks, and changes nothing. */
export type Role = 'operator' | 'viewer';

/** How an authenticating proxy in front tells who is logged in, and what they may do. */
export interface ProxyLogin {
  /** The header with the login, in lower case. */
  header: string;
  groupsHeader?: string | undefined;
  /** Whether a proxy with this address is trusted. */
  isProxy(address: string): boolean;
  /** Whether a proxy on this machine may name somebody in a request with these headers. */
  servesHere: HostRule;
  /** Undefined: neither the login nor a group is listed. */
  roleOf(login: string, groups: readonly string[]): Role | undefined;
}

/** Somebody whom the proxy has logged in. */
export interface Person {
  login: string;
  groups: readonly string[];
  role: Role | undefined;
}

/**
 * What the login header of a request is worth. `nobody`: it is not there. `ignored`: it is not from a trusted proxy, or
 * might be of a page that somebody's browser shows. `unreadable`: from the proxy, and not one login. `why`: for the log.
 */
export type ProxiedLogin =
  | { is: 'nobody' }
  | { is: 'ignored' | 'unreadable'; from: string; why: string }
  | { is: 'person'; person: Person };

/** One word of printable ASCII: a comma is where headers that came twice were joined. */
const LOGIN = /^[\x21-\x2b\x2d-\x7e]{1,254}$/;

/**
 * Who the proxy says is asking. The address of the connection itself has to be a trusted one, as Grafana and Miniflux have
 * it: https://grafana.com/docs/grafana/latest/setup-grafana/configure-access/configure-authentication/auth-proxy/,
 * https://miniflux.app/docs/configuration.html#trusted-reverse-proxy-networks. Forwarded addresses count for nothing here,
 * and a header of nearly that name, such as one with underscores, is another one.
 */
export function loginOf({ raw, headers }: FastifyRequest, login: ProxyLogin): ProxiedLogin {
  const values = raw.headersDistinct[login.header] ?? [];
  if (values.every((value) => value.trim() === '')) return { is: 'nobody' };
  const from = ipOf(raw.socket.remoteAddress ?? '');
  if (!login.isProxy(from)) return { is: 'ignored', from, why: 'it is from no address in TRUSTED_PROXIES' };
  // A web page whose name leads to this machine sends what headers it likes (DNS rebinding).
  if (isLoopbackAddress(from) && !login.servesHere(headers))
    return {
      is: 'ignored',
      from,
      why: 'the proxy is on this machine, and the Host that it passes on is neither a name of this machine nor in ALLOWED_HOSTS',
    };
  const [value = ''] = values;
  if (values.length > 1 || !LOGIN.test(value.trim()))
    return {
      is: 'unreadable',
      from,
      why: 'it came more than once, or is not one word of printable ASCII: the proxy has to replace what clients send',
    };
  const groups = groupsIn(login.groupsHeader === undefined ? [] : raw.headersDistinct[login.groupsHeader]);
  const name = value.trim();
  return { is: 'person', person: { login: name, groups, role: login.roleOf(name, groups) } };
}

/** With commas between them (oauth2-proxy) or bars (authentik). A header that came twice may be the client's: no groups. */
function groupsIn(values: readonly string[] = []): string[] {
  const [value = ''] = values.length === 1 ? values : [];
  return value
    .split(/[,|]/)
    .map((group) => group.trim())
    .filter((group) => group !== '');
}

export type ProxySettings = Pick<
  Settings,
  | 'authProxyHeader'
  | 'authProxyGroupsHeader'
  | 'trustedProxies'
  | 'allowedHosts'
  | 'operators'
  | 'operatorGroups'
  | 'viewers'
  | 'viewerGroups'
>;

/** The login by a proxy, where there is one. */
export function proxyLogin(settings: ProxySettings): ProxyLogin | undefined {
  const { authProxyHeader: header, authProxyGroupsHeader: groupsHeader } = settings;
  if (header === undefined) return undefined;
  const { operators = [], operatorGroups = [], viewers = [], viewerGroups = [] } = settings;
  const isOperator = listed(operators, operatorGroups);
  const isViewer = listed(viewers, viewerGroups);
  return {
    header,
    groupsHeader,
    isProxy: addressesIn(settings.trustedProxies ?? []),
    servesHere: hostRule({ host: '127.0.0.1', allowed: settings.allowedHosts ?? [] }),
    roleOf: (login, groups) =>
      isOperator(login, groups) ? 'operator' : isViewer(login, groups) ? 'viewer' : undefined,
  };
}

const EVERYBODY = '*';

function listed(users: readonly string[], groups: readonly string[]) {
  const logins = new Set(users.map(folded));
  const names = new Set(groups);
  return (login: string, own: readonly string[]): boolean =>
    logins.has(EVERYBODY) || logins.has(folded(login)) || own.some((group) => names.has(group));
}

/** ASCII alone: other letters become the same as one of these, and another person would be taken for one that is listed. */
function folded(login: string): string {
  return login.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
