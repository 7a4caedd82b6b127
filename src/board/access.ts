import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { isLoopbackName, nameIn } from '../loopback.ts';
import { addressOf, type From, placeOf } from './from.ts';
import type { Session } from './sessions.ts';
import { WrongTokens } from './wrong-tokens.ts';

/**
 * Who may see the board. With `ADMIN_TOKEN`, whoever shows it, from anywhere: a proxy on this machine can look just like
 * a person at it, so once there is a token everybody needs it. Without one, only a browser or program on this machine,
 * with no sign of a proxy in between.
 */
export type Access =
  /** `session`: what the CSRF token is bound to. `loggedIn`: the session of a cookie, which may have been logged out since. */
  | { granted: true; session: string; loggedIn?: Session }
  /**
   * `missing-token`: it was not shown. `no-token`: none is configured, and the request is not from this machine.
   * `too-many`: too many wrong ones came from that address within a minute, and none is checked for the rest of it.
   */
  | { granted: false; why: 'missing-token' | 'no-token' | 'too-many' };

export interface Doorkeeper {
  access(request: FastifyRequest): Access;
  /** The cookie's value for a correct token, otherwise why there is none. */
  login(token: string, request: From): { session: string; loggedIn: Session } | { why: 'wrong' | 'too-many' };
  /** The CSRF token: requests that change something need it, so that no other page can make a browser send them. */
  forgeryToken(session: string): string;
  /** Whether the request may change something: it has that token (or the ADMIN_TOKEN itself) and comes from our page. */
  mayChange(request: FastifyRequest, session: string): boolean;
}

export const COOKIE = 'incident_closer';
export const FORGERY_HEADER = 'x-board-token';
/** s */
export const SESSION_SECONDS = 12 * 3_600;

/** After this many wrong tokens from one address within a minute, none from there is checked for the rest of it. */
const WRONG_TOKENS = 10;

const ON_LOOPBACK = 'this machine';
const BY_TOKEN = 'the token itself';

/** `refused` is called for each wrong token, and for those that were not checked. */
export function createDoorkeeper(
  adminToken: string | undefined,
  now: () => number = Date.now,
  refused: (from: string, why: 'wrong' | 'too-many') => void = () => {},
): Doorkeeper {
  const key = adminToken === undefined ? randomBytes(32) : createHash('sha256').update(adminToken).digest();
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const write = ({ id, until }: Session) => `${id}.${until}.${sign(`session ${id} ${until}`)}`;
  const read = (cookie: string): Session | undefined => {
    const [id = '', expires = ''] = cookie.split('.', 2);
    const session = { id, until: Number(expires) };
    return same(cookie, write(session)) && session.until > now() ? session : undefined;
  };
  // Each counts once, by its digest: repeating the same one is no guessing.
  const wrong = new WrongTokens(now);
  const tried = (given: string, place: string): 'right' | 'wrong' | 'too-many' => {
    if (wrong.count(place) >= WRONG_TOKENS) return 'too-many';
    if (adminToken !== undefined && same(given, adminToken)) return 'right';
    wrong.add(place, sign(`wrong ${given}`));
    return 'wrong';
  };
  const look = (given: string, request: From): 'right' | 'wrong' | 'too-many' => {
    const from = addressOf(request);
    const is = tried(given, placeOf(from));
    if (is !== 'right') refused(from, is);
    return is;
  };

  return {
    access(request) {
      if (adminToken === undefined)
        return isFromThisMachine(request)
          ? { granted: true, session: ON_LOOPBACK }
          : { granted: false, why: 'no-token' };
      const session = cookieOf(request);
      const loggedIn = read(session);
      if (loggedIn !== undefined) return { granted: true, session, loggedIn };
      const bearer = bearerOf(request);
      const is = bearer === '' ? 'wrong' : look(bearer, request);
      if (is === 'right') return { granted: true, session: BY_TOKEN };
      return { granted: false, why: is === 'too-many' ? is : 'missing-token' };
    },
    login(token, request) {
      const is = look(token, request);
      if (is !== 'right') return { why: is };
      const loggedIn = { id: randomBytes(16).toString('base64url'), until: now() + SESSION_SECONDS * 1_000 };
      return { session: write(loggedIn), loggedIn };
    },
    forgeryToken: (session) => sign(`forgery ${session}`),
    mayChange(request, session) {
      if (session === BY_TOKEN) return true;
      const given = request.headers[FORGERY_HEADER];
      return isFromOurPage(request) && same(String(given ?? ''), sign(`forgery ${session}`));
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
