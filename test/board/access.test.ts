import { once } from 'node:events';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { COOKIE, createAuthenticator, FORGERY_HEADER } from '../../src/board/access.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import { createLogger } from '../../src/log.ts';
import { createProbeServer } from '../../src/receiver/server.ts';

const TOKEN = 'a token that nobody guesses';
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A board whose store was not reached yet: what is let in is answered 503. */
async function board(adminToken?: string): Promise<{ url: string; app: FastifyInstance }> {
  const app = createProbeServer({
    log: createLogger('silent', { pretty: false }),
    ready: async () => ({ ok: true, problems: [] }),
  });
  boardRoutes(app, { logins: { adminToken }, context: () => undefined });
  stops.push(() => app.close());
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), app };
}

/** A request as its bytes, since fetch sets some headers itself. */
async function raw(url: string, lines: string[]): Promise<{ status: number; text: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  const text = Buffer.concat(chunks).toString();
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}

function sessionOf(door: ReturnType<typeof createAuthenticator>): string {
  const answer = door.login(TOKEN, { ip: '192.0.2.1', raw: { socket: {} } });
  return 'session' in answer ? answer.session : '';
}

const local = (url: string) => `Host: ${new URL(url).host}`;

describe('without ADMIN_TOKEN the board', () => {
  it('is open on this machine', async () => {
    const { url } = await board();
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<script src="board.js"');
    expect((await fetch(`${url}/api/board`)).status).toBe(503);
  });

  it.each([
    ['a name of this machine that others can have', ['Host: closer.example.com']],
    ['no name', ['Host:']],
    ['X-Forwarded-For', ['X-Forwarded-For: 203.0.113.7']],
    ['X-Forwarded-Host', ['X-Forwarded-Host: closer.example.com']],
    ['Forwarded', ['Forwarded: for=203.0.113.7']],
    ['Via', ['Via: 1.1 proxy']],
    ['X-Real-IP', ['X-Real-IP: 203.0.113.7']],
    ['CF-Connecting-IP', ['CF-Connecting-IP: 203.0.113.7']],
  ])('is closed to a request that came through a proxy or by another name: %s', async (_, headers) => {
    const { url } = await board();
    const host = headers.some((line) => line.startsWith('Host:')) ? [] : [local(url)];
    for (const path of ['/', '/api/board', '/api/deliveries', '/api/incidents/INC-1']) {
      const { status, text } = await raw(url, [`GET ${path} HTTP/1.1`, ...host, ...headers]);
      expect(status, path).toBe(path === '/' ? 403 : 401);
      if (path === '/') expect(text).toContain('set <code>ADMIN_TOKEN</code>');
    }
  });

  it('is closed to HTTP/1.0, which nginx speaks without any header of its own', async () => {
    const { url } = await board();
    expect((await raw(url, ['GET / HTTP/1.0', local(url)])).status).toBe(403);
    expect((await raw(url, ['GET / HTTP/1.1', local(url)])).status).toBe(200);
  });

  it('lets nobody log in', async () => {
    const { url } = await board();
    const answer = await fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ token: '' }) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

describe('with ADMIN_TOKEN the board', () => {
  const login = (url: string, token: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
      redirect: 'manual',
      headers,
    });

  it('asks everybody for it, since a proxy on this machine can look like a person at it', async () => {
    const { url } = await board(TOKEN);
    const page = await fetch(url);
    expect(page.status).toBe(401);
    expect(await page.text()).toContain('type="password"');
    expect((await fetch(`${url}/api/board`)).status).toBe(401);
  });

  it('is opened by logging in, with a cookie that scripts and other sites cannot use', async () => {
    const { url } = await board(TOKEN);
    const answer = await login(url, TOKEN);
    expect(answer.status).toBe(303);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^incident_closer=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await fetch(url, { headers })).status).toBe(200);
    expect((await fetch(`${url}/api/board`, { headers })).status).toBe(503);
    const outside = await raw(url, [
      'GET / HTTP/1.1',
      'Host: closer.example.com',
      `Cookie: ${headers.cookie}`,
    ]);
    expect(outside.status).toBe(200);
  });

  it('sends the cookie over HTTPS alone where that is how it was reached', async () => {
    const { url } = await board(TOKEN);
    const answer = await login(url, TOKEN, { 'x-forwarded-proto': 'https' });
    expect(answer.headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  it('takes the token itself from programs', async () => {
    const { url } = await board(TOKEN);
    const ask = (token: string) =>
      fetch(`${url}/api/board`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask(TOKEN)).status).toBe(503);
    for (const wrong of ['', 'x', TOKEN.slice(0, -1), `${TOKEN}x`])
      expect((await ask(wrong)).status).toBe(401);
  });

  it('refuses a wrong token, and stops looking after some of them', async () => {
    const { url } = await board(TOKEN);
    for (let tries = 0; tries < 10; tries++) {
      const answer = await login(url, `wrong ${tries}`);
      expect(answer.status).toBe(401);
      expect(await answer.text()).toContain('not the value of ADMIN_TOKEN');
    }
    const answer = await login(url, TOKEN);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('stops looking as well after some that programs show, and not where one is shown again and again', async () => {
    const { url } = await board(TOKEN);
    const ask = (token: string) =>
      fetch(`${url}/api/board`, { headers: { authorization: `Bearer ${token}` } });
    for (let tries = 0; tries < 30; tries++) expect((await ask('of somebody else')).status).toBe(401);
    expect((await ask(TOKEN)).status).toBe(503);
    for (let tries = 0; tries < 9; tries++) expect((await ask(`wrong ${tries}`)).status).toBe(401);
    expect((await ask(TOKEN)).status).toBe(429);
    expect((await login(url, TOKEN)).status).toBe(429);
  });

  it('is not opened by a login form of another site', async () => {
    const { url } = await board(TOKEN);
    expect((await login(url, TOKEN, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await login(url, TOKEN, { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('forgets a cookie that ended, was altered, or is of another token', () => {
    let now = 1_000_000;
    const door = createAuthenticator({ adminToken: TOKEN }, { now: () => now });
    const session = sessionOf(door);
    const open = (value: string, by = door) => {
      const request = { headers: { cookie: `other=1; ${COOKIE}=${value}` } };
      return by.access(Object.assign(Object.create(null), request)).granted;
    };
    expect(open(session)).toBe(true);
    expect(open(session.replace(/\.\d+\./, '.9999999999999.'))).toBe(false);
    expect(open('')).toBe(false);
    expect(open(session, createAuthenticator({ adminToken: 'another token' }, { now: () => now }))).toBe(
      false,
    );
    now += 12 * 3_600_000;
    expect(open(session)).toBe(false);
  });
});

describe('what changes something', () => {
  const paths = ['/api/incidents/INC-1/release', '/api/incidents/INC-1/hold', '/api/failed/retry'];
  const post = (url: string, path: string, headers: Record<string, string>, body = '{}') =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  it.each(paths)('%s needs the token against forged requests, also on this machine', async (path) => {
    const { url } = await board();
    expect((await post(url, path, {})).status).toBe(403);
    expect((await post(url, path, { [FORGERY_HEADER]: 'x' })).status).toBe(403);
    const good = await createAuthenticator({ adminToken: TOKEN }).forgeryToken('this machine');
    expect((await post(url, path, { [FORGERY_HEADER]: good })).status).toBe(403);
  });

  it('is refused from another site, and in another form than JSON, even with it', async () => {
    const { url } = await board(TOKEN);
    const [path = ''] = paths;
    const door = createAuthenticator({ adminToken: TOKEN });
    const session = sessionOf(door);
    const cookie = `${COOKIE}=${session}`;
    const good = { cookie, [FORGERY_HEADER]: await door.forgeryToken(session) };
    // Let through: the store was not reached yet.
    expect((await post(url, path, good)).status).toBe(503);
    expect(
      (await post(url, path, { ...good, 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(403);
    expect((await post(url, path, { cookie })).status).toBe(403);
    expect((await post(url, path, { authorization: `Bearer ${TOKEN}` })).status).toBe(503);
    expect((await post(url, path, {})).status).toBe(401);
  });
});

it('every answer forbids what is inline, from elsewhere, or in a frame', async () => {
  const { url } = await board();
  for (const path of ['/', '/board.js', '/board.css', '/icon.svg', '/api/board', '/api/incidents/x']) {
    const { headers } = await fetch(url + path);
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'; script-src 'self'");
    expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('referrer-policy'), path).toBe('no-referrer');
  }
});

it('wrong tokens lock out the place that they come from, and nobody else', () => {
  const door = createAuthenticator({ adminToken: TOKEN }, { now: () => 0 });
  const from = (ip: string) => ({ ip, raw: { socket: {} } });
  for (let tries = 0; tries < 10; tries++)
    expect(door.login(`wrong ${tries}`, from('2001:db8:1:2::1'))).toEqual({ why: 'wrong' });
  for (const same of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9'])
    expect(door.login(TOKEN, from(same))).toEqual({ why: 'too-many' });
  for (const other of ['2001:db8:1:3::1', '192.0.2.1', '::ffff:192.0.2.1', '::1'])
    expect(door.login(TOKEN, from(other))).toMatchObject({ session: expect.any(String) });
});

it('wrong tokens from more places than are remembered lock out nobody else', () => {
  let now = 0;
  let steps = 0;
  const door = createAuthenticator(
    { adminToken: TOKEN },
    {
      now: () => {
        steps += 1;
        return now;
      },
    },
  );
  const from = (n: number) => ({ ip: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, raw: { socket: {} } });
  for (let place = 0; place <= 10_000; place++) door.login('wrong', from(place));
  // What each costs does not depend on how many there are.
  expect(steps).toBeLessThan(10 * 10_000);
  expect(door.login(TOKEN, from(20_000))).toMatchObject({ session: expect.any(String) });
  now = 60_000;
  expect(door.login(TOKEN, from(0))).toMatchObject({ session: expect.any(String) });
});

it('a place is locked out for a minute from its tenth wrong token, also if the clock is set back, and however many come after it', () => {
  let now = 0;
  const door = createAuthenticator({ adminToken: TOKEN }, { now: () => now });
  const from = (ip: string) => ({ ip, raw: { socket: {} } });
  const guess = (ip: string, first = 0) => {
    for (let n = first; n < first + 10; n++) door.login(`wrong ${n}`, from(ip));
  };
  guess('192.0.2.1');
  now = 30_000;
  guess('192.0.2.2');
  now = 59_999;
  expect(door.login(TOKEN, from('192.0.2.1'))).toEqual({ why: 'too-many' });
  now = 60_000;
  expect(door.login(TOKEN, from('192.0.2.1'))).toMatchObject({ session: expect.any(String) });
  expect(door.login(TOKEN, from('192.0.2.2'))).toEqual({ why: 'too-many' });
  guess('192.0.2.1', 20);
  expect(door.login(TOKEN, from('192.0.2.1'))).toEqual({ why: 'too-many' });
  now = -3_600_000;
  expect(door.login(TOKEN, from('192.0.2.1'))).toMatchObject({ session: expect.any(String) });
});
