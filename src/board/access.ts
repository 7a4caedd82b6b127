import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/**
 * Who may see the board. With `ADMIN_TOKEN` whoever shows it, from everywhere: a proxy on this machine can look just
 * like a person at it, so once there is a token all are asked for it. Without one, only a browser or program on this
 * machine, with no sign of a proxy in between.
 */
export type Access =
  /** `session`: what the token against forged requests is tied to. */
  | { granted: true; session: string }
  /**
   * `missing-token`: it was not shown. `no-token`: none is set, and the request is not from this machine. `too-many`: it
   * was guessed wrong too often within a minute, and nobody's is looked at for the rest of it.
   */
  | { granted: false; why: 'missing-token' | 'no-token' | 'too-many' };

export interface Doorkeeper {
  access(request: FastifyRequest): Access;
  /** The cookie's value for who shows the right token; why there is none for everybody else. */
  login(token: string): { session: string } | { why: 'wrong' | 'too-many' };
  /** What a request that changes something has to carry, so that no other page can make a browser send it. */
  forgeryToken(session: string): string;
  /** Whether the request may change something: it carries that token (or the ADMIN_TOKEN itself) and comes from our page. */
  mayChange(request: FastifyRequest, session: string): boolean;
}

export const COOKIE = 'incident_closer';
export const FORGERY_HEADER = 'x-board-token';
/** s */
export const SESSION_SECONDS = 12 * 3_600;

/** After so many wrong tokens within a minute (ms), nobody's is looked at for the rest of it. */
const WRONG_TOKENS = 10;
const MINUTE = 60_000;

const ON_LOOPBACK = 'this machine';
const BY_TOKEN = 'the token itself';

export function createDoorkeeper(adminToken: string | undefined, now: () => number = Date.now): Doorkeeper {
  const key = adminToken === undefined ? randomBytes(32) : createHash('sha256').update(adminToken).digest();
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const sessionIsGood = (session: string) => {
    const [expires = '', signature = ''] = session.split('.');
    return same(signature, sign(`session ${expires}`)) && Number(expires) > now();
  };
  // Each once, by its digest: who shows the same one again and again does not guess.
  const wrong = new Map<string, number>();
  const tried = (given: string): 'right' | 'wrong' | 'too-many' => {
    for (const [digest, at] of wrong) if (now() - at >= MINUTE) wrong.delete(digest);
    if (wrong.size >= WRONG_TOKENS) return 'too-many';
    if (adminToken !== undefined && same(given, adminToken)) return 'right';
    wrong.set(sign(`wrong ${given}`), now());
    return 'wrong';
  };

  return {
    access(request) {
      if (adminToken === undefined)
        return isFromThisMachine(request)
          ? { granted: true, session: ON_LOOPBACK }
          : { granted: false, why: 'no-token' };
      const session = cookieOf(request);
      if (sessionIsGood(session)) return { granted: true, session };
      const bearer = bearerOf(request);
      const is = bearer === '' ? 'wrong' : tried(bearer);
      if (is === 'right') return { granted: true, session: BY_TOKEN };
      return { granted: false, why: is === 'too-many' ? is : 'missing-token' };
    },
    login(token) {
      const is = tried(token);
      if (is !== 'right') return { why: is };
      const expires = String(now() + SESSION_SECONDS * 1_000);
      return { session: `${expires}.${sign(`session ${expires}`)}` };
    },
    forgeryToken: (session) => sign(`forgery ${session}`),
    mayChange(request, session) {
      if (session === BY_TOKEN) return true;
      const given = request.headers[FORGERY_HEADER];
      return isFromOurPage(request) && same(String(given ?? ''), sign(`forgery ${session}`));
    },
  };
}

/** Whether a browser says that the request comes from a page of ours; who is no browser says nothing. */
export function isFromOurPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  const named = [host, headers['x-forwarded-host']];
  return URL.canParse(origin) && named.includes(new URL(origin).host);
}

/** Headers by which proxies tell that they are there. */
const FORWARDED = /^(forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|true-client-ip|cf-.*|x-original-.*)$/;
const LOOPBACK_ADDRESS = /^(::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;
const LOOPBACK_NAME = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The address alone would not do: proxies on this machine have it too, and so has a browser here whose page was
 * given our address by its own DNS. HTTP/1.0 is what nginx spoke before 1.29.7, without any header of its own
 * (https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version); a newer one looks like a program here.
 */
function isFromThisMachine({ raw, headers }: FastifyRequest): boolean {
  const { remoteAddress = '' } = raw.socket;
  const url = `http://${headers.host ?? ''}`;
  return (
    LOOPBACK_ADDRESS.test(remoteAddress) &&
    URL.canParse(url) &&
    LOOPBACK_NAME.test(new URL(url).hostname) &&
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

/** Takes the same time wherever they differ. */
function same(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
