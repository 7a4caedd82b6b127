import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { isLoopbackName, nameIn } from '../loopback.ts';
import { addressOf, type From, networkOf } from './client-address.ts';
import type { Logins } from './logins.ts';
import { loginOf, type ProxiedLogin, type Role } from './people.ts';
import type { Session } from './sessions.ts';
import { WrongTokens } from './wrong-tokens.ts';

/**
 * Who may see the board, and as whom. Whom a trusted proxy names is who they are; others show a token, from anywhere: a
 * proxy on this machine can look just like a person at it, so once there is any login everybody needs one. Without any,
 * only a browser or program on this machine, with no sign of a proxy in between.
 */
export type Access =
  /** `session`: what the CSRF token is bound to. `loggedIn`: the session of a cookie, which may have been logged out since. */
  | { granted: true; role: Role; name: string; session: string; loggedIn?: Session }
  /**
   * `missing-token`: it was not shown. `nobody`: the proxy named nobody, and there is no token. `no-role`: it named
   * somebody who is not listed. `no-login`: none is configured, and the request is not from this machine. `too-many`: too
   * many wrong tokens came from that address within a minute, and none is checked for the rest of it.
   */
  | { granted: false; why: 'missing-token' | 'nobody' | 'no-role' | 'no-login' | 'too-many' };
export type Granted = Access & { granted: true };

export interface Authenticator {
  access(request: FastifyRequest): Access;
  /** The cookie's value for a correct token, otherwise why there is none. */
  login(
    token: string,
    request: From,
  ): { session: string; loggedIn: Session; name: string } | { why: 'wrong' | 'too-many' };
  /**
   * The CSRF token: requests that change something need it, so that no other page can make a browser send them. Throws if
   * the store, which has the key for people whom a proxy logged in, does not answer.
   */
  forgeryToken(session: string): Promise<string>;
  /** Whether the request may change something: it has that token (or the ADMIN_TOKEN itself) and comes from our page. */
  mayChange(request: FastifyRequest, session: string): Promise<boolean>;
}

export interface AuthenticatorOptions {
  now?: () => number;
  /** Called for each wrong token, and for those that were not checked. */
  refused?: (from: string, why: 'wrong' | 'too-many') => void;
  /** Called with what the proxy's header said, where that lets nobody in. */
  unnamed?: (named: ProxiedLogin) => void;
  /** Signs with a key that all processes share: a page may ask another one next. Absent: the key of this process. */
  sign?: ((text: string) => Promise<string>) | undefined;
}

export const COOKIE = 'incident_closer';
export const FORGERY_HEADER = 'x-board-token';
/** s */
export const SESSION_SECONDS = 12 * 3_600;

/** After this many wrong tokens from one address within a minute, none from there is checked for the rest of it. */
const WRONG_TOKENS = 10;

const ON_LOOPBACK = 'this machine';
const BY_TOKEN = 'the token itself';

type Sign = (text: string) => string;

function signer(key: Buffer): Sign {
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}

/** A token that opens the board: its sessions are signed with it, so that they end where it is changed. */
interface Token {
  role: Role;
  name: string;
  value: string;
  sign: Sign;
}

export function createAuthenticator(
  { adminToken, viewerToken, proxy }: Logins,
  { now = Date.now, refused, unnamed, sign: shared }: AuthenticatorOptions = {},
): Authenticator {
  const tokens: Token[] = [];
  const open = (role: Role, name: string, value: string | undefined) => {
    if (value === undefined) return;
    const sign = signer(createHash('sha256').update(value).digest());
    tokens.push({ role, name: `${role} with ${name}`, value, sign });
  };
  open('operator', 'ADMIN_TOKEN', adminToken);
  open('viewer', 'VIEWER_TOKEN', viewerToken);
  const own = signer(randomBytes(32));
  const operators = tokens.find(({ role }) => role === 'operator')?.sign;
  const forgery = async (session: string) => {
    const text = `forgery ${session}`;
    return operators?.(text) ?? shared?.(text) ?? own(text);
  };
  const write = ({ id, until }: Session, { role, sign }: Token) => {
    const kind = role === 'operator' ? 'session' : `${role} session`;
    return `${id}.${until}.${sign(`${kind} ${id} ${until}`)}`;
  };
  const read = (cookie: string): { token: Token; loggedIn: Session } | undefined => {
    const [id = '', expires = ''] = cookie.split('.', 2);
    const loggedIn = { id, until: Number(expires) };
    const token = tokens.find((one) => same(cookie, write(loggedIn, one)));
    return token !== undefined && loggedIn.until > now() ? { token, loggedIn } : undefined;
  };
  // Each counts once, by its digest: repeating the same one is no guessing.
  const wrong = new WrongTokens(now);
  const tried = (given: string, place: string): Token | 'wrong' | 'too-many' => {
    if (wrong.count(place) >= WRONG_TOKENS) return 'too-many';
    const token = tokens.find(({ value }) => same(given, value));
    if (token === undefined) wrong.add(place, own(`wrong ${given}`));
    return token ?? 'wrong';
  };
  const lookUp = (given: string, request: From): Token | 'wrong' | 'too-many' => {
    const from = addressOf(request);
    const found = tried(given, networkOf(from));
    if (typeof found === 'string') refused?.(from, found);
    return found;
  };

  return {
    access(request) {
      const named: ProxiedLogin = proxy === undefined ? { is: 'nobody' } : loginOf(request, proxy);
      if (named.is === 'person') {
        const { login, role } = named.person;
        if (role !== undefined) return { granted: true, role, name: login, session: `person ${login}` };
        unnamed?.(named);
        return { granted: false, why: 'no-role' };
      }
      if (named.is !== 'nobody') unnamed?.(named);
      if (tokens.length === 0) {
        if (proxy !== undefined) return { granted: false, why: 'nobody' };
        return isFromThisMachine(request)
          ? { granted: true, role: 'operator', name: 'somebody on this machine', session: ON_LOOPBACK }
          : { granted: false, why: 'no-login' };
      }
      const cookie = cookieOf(request);
      const session = read(cookie);
      if (session !== undefined) {
        const { loggedIn, token } = session;
        return { granted: true, role: token.role, name: token.name, session: cookie, loggedIn };
      }
      const bearer = bearerOf(request);
      const found = bearer === '' ? 'wrong' : lookUp(bearer, request);
      if (typeof found !== 'string')
        return { granted: true, role: found.role, name: found.name, session: BY_TOKEN };
      return { granted: false, why: found === 'too-many' ? found : 'missing-token' };
    },
    login(given, request) {
      const token = lookUp(given, request);
      if (typeof token === 'string') return { why: token };
      const loggedIn = { id: randomBytes(16).toString('base64url'), until: now() + SESSION_SECONDS * 1_000 };
      return { session: write(loggedIn, token), loggedIn, name: token.name };
    },
    forgeryToken: forgery,
    async mayChange(request, session) {
      if (session === BY_TOKEN) return true;
      const given = request.headers[FORGERY_HEADER];
      return isFromOurPage(request) && same(String(given ?? ''), await forgery(session));
    },
  };
}

/** Whether a browser says that the request comes from a page of ours; other programs do not say. */
export function isFromOurPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  const named = [host, headers['x-forwarded-host']];
  return URL.canParse(origin) && named.includes(new URL(origin).host);
}

/** Headers by which proxies show themselves. */
const FORWARDED = /^(forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|true-client-ip|cf-.*|x-original-.*)$/;
const LOOPBACK_ADDRESS = /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;

/**
 * The address alone is not enough: proxies on this machine have it too, and so has a browser here whose page was given
 * our address by its own DNS. HTTP/1.0 is what nginx spoke before 1.29.7, without adding any header
 * (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version); a newer one looks like a local program.
 */
function isFromThisMachine({ raw, headers }: FastifyRequest): boolean {
  const { remoteAddress = '' } = raw.socket;
  const name = nameIn(headers.host ?? '');
  return (
    LOOPBACK_ADDRESS.test(remoteAddress) &&
    name !== undefined &&
    isLoopbackName(name) &&
    raw.httpVersion !== '1.0' &&
    !Object.keys(headers).some((name) => FORWARDED.test(name))
  );
}

function bearerOf({ headers }: FastifyRequest): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function cookieOf({ headers }: FastifyRequest): string {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
}

/** In constant time, wherever they differ. */
function same(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
