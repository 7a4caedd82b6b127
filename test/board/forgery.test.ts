import { request } from 'undici';
import { expect, it } from 'vitest';
import { COOKIE, createAuthenticator, FORGERY_HEADER } from '../../src/board/access.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import { createLogger } from '../../src/log.ts';
import { createProbeServer } from '../../src/receiver/server.ts';

const TOKEN = 'a token that nobody guesses';

it.each([
  ['a page of ours', { 'sec-fetch-site': 'same-origin' }, 503],
  ['a program', {}, 503],
  ['a page of another site, though it knows the token of ours', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a page of a neighbour', { 'sec-fetch-site': 'same-site' }, 403],
  ['a page at another address, in an old browser', { origin: 'https://evil.example' }, 403],
  ['a page whose address is hidden, in an old browser', { origin: 'null' }, 403],
])('a change that comes from %s', async (_what, headers, status) => {
  const app = createProbeServer({
    log: createLogger('silent', { pretty: false }),
    ready: async () => ({ ok: true, problems: [] }),
  });
  boardRoutes(app, { logins: { adminToken: TOKEN }, context: () => undefined });
  const door = createAuthenticator({ adminToken: TOKEN });
  const login = door.login(TOKEN, { ip: '192.0.2.1', raw: { socket: {} } });
  if (!('session' in login)) throw new Error('the token is right');
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const answer = await request(`${url}/api/incidents/INC-1/hold`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      cookie: `${COOKIE}=${login.session}`,
      [FORGERY_HEADER]: await door.forgeryToken(login.session),
      ...headers,
    },
    body: JSON.stringify({ why: 'the audit' }),
  });
  await answer.body.dump();
  expect(answer.statusCode).toBe(status);
  await app.close();
});
