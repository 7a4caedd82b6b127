import Fastify from 'fastify';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createAuthenticator } from '../../src/board/access.ts';
import { gate } from '../../src/board/gate.ts';
import { Sessions } from '../../src/board/sessions.ts';
import { auditRecord } from '../../src/operations/history.ts';
import { readStory } from '../../src/operations/story.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';
import { type Lines, type ServedBoard, servedBoard } from './served.ts';

const ADMIN_TOKEN = 'a-token-that-nobody-guesses';
const VIEWER_TOKEN = 'another-one-for-looking';

const PROXY = {
  AUTH_PROXY_HEADER: 'X-Forwarded-Email',
  AUTH_PROXY_GROUPS_HEADER: 'X-Forwarded-Groups',
  TRUSTED_PROXIES: '127.0.0.1',
  OPERATORS: 'ada@example.com',
  OPERATOR_GROUPS: 'sre,oncall',
  VIEWERS: 'vera@example.com',
  VIEWER_GROUPS: 'support',
};
const ADA: Lines = [['X-Forwarded-Email', 'ada@example.com']];
const VERA: Lines = [['X-Forwarded-Email', 'vera@example.com']];

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function board(env: Record<string, string> = PROXY): Promise<ServedBoard> {
  const served = await servedBoard(env);
  stops.push(served.close);
  return served;
}

/** With a store that was reached, so that its answers have something in them. */
async function boardOf(world: MemoryWorld, env: Record<string, string> = PROXY): Promise<ServedBoard> {
  const served = await servedBoard(env, () => world.context);
  stops.push(served.close);
  return served;
}

async function opened(): Promise<MemoryWorld> {
  const world = await openMemoryWorld();
  stops.push(world.close);
  await world.sync();
  return world;
}

// Let in, it is answered that the store was not reached yet.
const LET_IN = 503;
const read = async (served: ServedBoard, lines: Lines) => (await served.get('/api/board', lines)).status;

describe('a header of a trusted proxy', () => {
  it.each<[string, Lines, string | undefined]>([
    ['a login that is listed', ADA, 'operator'],
    ['the same with other capitals', [['x-forwarded-email', 'Ada@Example.com']], 'operator'],
    ['a login that is listed for looking', VERA, 'viewer'],
    [
      'a group that is listed',
      [
        ['X-Forwarded-Email', 'bob@example.com'],
        ['X-Forwarded-Groups', 'staff, oncall'],
      ],
      'operator',
    ],
    [
      'a group in the form of authentik',
      [
        ['X-Forwarded-Email', 'bob@example.com'],
        ['X-Forwarded-Groups', 'staff|support'],
      ],
      'viewer',
    ],
    [
      'both, of which the operator counts',
      [
        ['X-Forwarded-Email', 'vera@example.com'],
        ['X-Forwarded-Groups', 'sre'],
      ],
      'operator',
    ],
    [
      'nothing that is listed',
      [
        ['X-Forwarded-Email', 'bob@example.com'],
        ['X-Forwarded-Groups', 'SRE,sres,ada@example.com'],
      ],
      undefined,
    ],
    ['a login that is the name of a group', [['X-Forwarded-Email', 'sre']], undefined],
  ])('gives a role by login or group: %s', async (_, lines, role) => {
    const world = await opened();
    const served = await boardOf(world);
    const { status, text } = await served.get('/api/board', lines);
    expect(status).toBe(role === undefined ? 403 : 200);
    const { user } = JSON.parse(text);
    expect(user?.role).toBe(role);
    expect((await served.get('/', lines)).status).toBe(role === undefined ? 403 : 200);
  });

  it('lets everybody in whom the proxy logs in where that is asked for, and nobody else', async () => {
    const served = await board({ ...PROXY, VIEWERS: '*' });
    expect(await read(served, [['X-Forwarded-Email', 'anybody@example.com']])).toBe(LET_IN);
    expect(await read(served, [['X-Forwarded-Email', '']])).toBe(401);
    expect(await read(served, [])).toBe(401);
  });

  it('says to whom it names and does not know what to do, and logs as whom they came', async () => {
    const served = await board();
    const bob: Lines = [
      ['X-Forwarded-Email', 'bob@example.com'],
      ['X-Forwarded-Groups', 'staff'],
    ];
    for (let n = 0; n < 3; n++) {
      const { status, text } = await served.get('/', bob);
      expect(status).toBe(403);
      expect(text).toContain('<code>VIEWER_GROUPS</code>');
      expect(text).not.toContain('bob@');
    }
    expect(served.logged).toMatchObject([{ login: 'bob@example.com', groups: ['staff'] }]);
  });
});

describe('a login header that is worth nothing', () => {
  it.each([
    ['this machine, which is not listed', '10.0.0.7'],
    ['a neighbour of what is listed', '127.0.0.2/31'],
    ['IPv6 alone', '::1,fd00::/8'],
  ])('is ignored from elsewhere, and logged once: %s', async (_, proxies) => {
    const served = await board({ ...PROXY, TRUSTED_PROXIES: proxies });
    for (let n = 0; n < 3; n++) expect(await read(served, ADA)).toBe(401);
    expect(served.logged).toMatchObject([
      { from: '127.0.0.1', header: 'x-forwarded-email', msg: expect.stringContaining('TRUSTED_PROXIES') },
    ]);
    expect(JSON.stringify(served.logged)).not.toContain('ada@');
  });

  it.each(['127.0.0.1', '127.0.0.0/8', '10.0.0.7, 127.0.0.0/30'])('counts from %s', async (proxies) => {
    expect(await read(await board({ ...PROXY, TRUSTED_PROXIES: proxies }), ADA)).toBe(LET_IN);
  });

  it('is not made better by an address that somebody forwards', async () => {
    const served = await board({ ...PROXY, TRUSTED_PROXIES: '10.0.0.7' });
    expect(await read(served, [...ADA, ['X-Forwarded-For', '10.0.0.7']])).toBe(401);
  });

  it.each<[string, Lines]>([
    ['twice', [...ADA, ...ADA]],
    ['once by the client and once by the proxy', [['X-Forwarded-Email', 'ada@example.com'], ...VERA]],
    ['empty and not', [['X-Forwarded-Email', ''], ...ADA]],
    ['joined by a proxy in between', [['X-Forwarded-Email', 'ada@example.com,vera@example.com']]],
    ['of two words', [['X-Forwarded-Email', 'ada@example.com vera@example.com']]],
    ['of other letters than ASCII', [['X-Forwarded-Email', 'ad\u00e1@example.com']]],
    ['longer than an address can be', [['X-Forwarded-Email', 'a'.repeat(255)]]],
  ])('names nobody where it is not one login: %s', async (_, lines) => {
    const served = await board({ ...PROXY, OPERATORS: '*' });
    expect(await read(served, lines)).toBe(401);
    expect(served.logged).toMatchObject([{ msg: expect.stringContaining('one word of printable ASCII') }]);
  });

  it.each([
    'X_Forwarded_Email',
    'X-Forwarded_Email',
    'X-Forwarded-Emails',
    'Forwarded-Email',
    'X-Auth-Request-Email',
  ])('is another header: %s', async (name) => {
    const served = await board({ ...PROXY, OPERATORS: '*' });
    expect(await read(served, [[name, 'ada@example.com']])).toBe(401);
  });

  it('adds no group where the groups come twice, which the client may have sent', async () => {
    const groups: Lines = [
      ['X-Forwarded-Groups', 'sre'],
      ['X-Forwarded-Groups', 'staff'],
    ];
    const world = await opened();
    const served = await boardOf(world);
    expect(await read(served, [['X-Forwarded-Email', 'bob@example.com'], ...groups])).toBe(403);
    expect(JSON.parse((await served.get('/api/board', [...VERA, ...groups])).text).user.role).toBe('viewer');
  });

  it('is ignored where a web page could have sent it through a browser on this machine', async () => {
    const served = await board({ ...PROXY, ALLOWED_HOSTS: 'closer.example.com' });
    expect(await read(served, [...ADA, ['Host', 'rebound.example']])).toBe(401);
    expect(served.logged).toMatchObject([{ msg: expect.stringContaining('ALLOWED_HOSTS') }]);
    expect(await read(served, [...ADA, ['Host', 'closer.example.com']])).toBe(LET_IN);
  });
});

describe('beside the login by a proxy', () => {
  it('nobody is let in for being at this machine', async () => {
    const served = await board();
    const { status, text } = await served.get('/');
    expect(status).toBe(403);
    expect(text).toContain('names nobody');
    expect(await read(served, [])).toBe(401);
  });

  it('a token opens the board to those whom no proxy names', async () => {
    const served = await board({ ...PROXY, ADMIN_TOKEN });
    expect((await served.get('/')).text).toContain('type="password"');
    expect(await read(served, [['Authorization', `Bearer ${ADMIN_TOKEN}`]])).toBe(LET_IN);
  });

  it('what a proxy sends along is no wrong token that would lock anybody out', async () => {
    const served = await board({ ...PROXY, ADMIN_TOKEN });
    for (let n = 0; n < 12; n++) {
      expect(await read(served, [...ADA, ['Authorization', `Bearer id-token-${n}`]])).toBe(LET_IN);
      expect(
        await read(served, [
          ['X-Forwarded-Email', 'bob@x.io'],
          ['Authorization', `Bearer ${n}`],
        ]),
      ).toBe(403);
    }
    expect(await read(served, [['Authorization', `Bearer ${ADMIN_TOKEN}`]])).toBe(LET_IN);
  });

  it('a change needs the token of that person’s page, from whichever process of the store it came', async () => {
    const world = await opened();
    const { reference } = await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    const [one, other, elsewhere] = [
      await boardOf(world),
      await boardOf(world),
      await boardOf(await opened()),
    ];
    const tokenOf = async (served: ServedBoard, lines: Lines): Promise<string> =>
      JSON.parse((await served.get('/api/board', lines)).text).forgeryToken;
    const hold = (token: string, lines: Lines = ADA) =>
      other.send(
        'POST',
        `/api/incidents/${reference}/hold`,
        [...lines, ['content-type', 'application/json'], ['x-board-token', token]],
        JSON.stringify({ why: 'the audit' }),
      );
    const carl: Lines = [
      ['X-Forwarded-Email', 'carl@example.com'],
      ['X-Forwarded-Groups', 'sre'],
    ];
    for (const wrong of ['', 'undefined', await tokenOf(one, carl), await tokenOf(elsewhere, ADA)])
      expect((await hold(wrong)).status).toBe(403);
    const good = await tokenOf(one, ADA);
    expect((await hold(good, [...ADA, ['Sec-Fetch-Site', 'cross-site']])).status).toBe(403);
    expect((await hold(good)).status).toBe(200);
  });

  it('a change is not blamed on another page where the store cannot tell whose it is', async () => {
    const lines: Lines = [...ADA, ['content-type', 'application/json'], ['x-board-token', 'of before']];
    const hold = async (more: Lines) =>
      (await board()).send('POST', '/api/incidents/INC-1/hold', [...lines, ...more], '{"why":"the audit"}');
    const { status, text } = await hold([]);
    expect({ status, ...JSON.parse(text) }).toEqual({
      status: 503,
      error: 'nothing can be changed now: the store does not answer',
    });
    expect((await hold([['Sec-Fetch-Site', 'cross-site']])).status).toBe(403);
  });
});

describe('a viewer', () => {
  const changes = async (served: ServedBoard) =>
    served.routes.flatMap(({ method, url }) =>
      [method].flat().flatMap((one) => (['GET', 'HEAD'].includes(one) ? [] : [{ method: one, url }])),
    );

  it('is refused by every route that changes something, whatever is sent', async () => {
    const world = await opened();
    const served = await boardOf(world, { ...PROXY, VIEWER_TOKEN });
    const found = (await changes(served)).filter(({ url }) => !['/login', '/logout'].includes(url));
    expect(found.map(({ url }) => url)).toEqual(
      expect.arrayContaining([
        '/api/incidents/:name/hold',
        '/api/incidents/:name/release',
        '/api/failed/retry',
      ]),
    );
    const operators = JSON.parse((await served.get('/api/board', ADA)).text).forgeryToken;
    for (const { method, url } of found)
      for (const lines of [VERA, [['Authorization', `Bearer ${VIEWER_TOKEN}`]] satisfies Lines]) {
        const sent: Lines = [...lines, ['content-type', 'application/json'], ['x-board-token', operators]];
        if (method !== 'POST') throw new Error(`${method} ${url} is not tried here`);
        const { status, text } = await served.send('POST', url.replace(':name', 'INC-1'), sent, '{}');
        expect({ url, status, text }).toEqual({
          url,
          status: 403,
          text: expect.stringContaining('only operators may do this'),
        });
      }
  });

  it('gets no token for changes, and its page says who looks', async () => {
    const world = await opened();
    const served = await boardOf(world);
    const { user, ...rest } = JSON.parse((await served.get('/api/board', VERA)).text);
    expect(user).toEqual({ role: 'viewer', name: 'vera@example.com' });
    expect(rest).not.toHaveProperty('forgeryToken');
  });

  it('is answered by no route that does not say that it is made for viewers', async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    const authenticator = createAuthenticator({ viewerToken: VIEWER_TOKEN });
    gate(app, { authenticator, sessions: new Sessions(() => undefined), log: undefined });
    app.get('/api/new', async () => 'everything');
    const ask = await app.inject({ url: '/api/new', headers: { authorization: `Bearer ${VIEWER_TOKEN}` } });
    expect(ask.statusCode).toBe(403);
  });

  it('logs in with a token of its own, whose sessions end where it is changed', async () => {
    const env = { ADMIN_TOKEN, VIEWER_TOKEN };
    const world = await opened();
    const login = async (served: ServedBoard, token: string): Promise<Lines> => {
      const form: Lines = [['content-type', 'application/x-www-form-urlencoded']];
      const answer = await served.send('POST', '/login', form, `${new URLSearchParams({ token })}`);
      expect(answer.status).toBe(303);
      return [['Cookie', String(answer.headers['set-cookie']).split(';')[0] ?? '']];
    };
    const served = await boardOf(world, env);
    const [admin, viewer] = [await login(served, ADMIN_TOKEN), await login(served, VIEWER_TOKEN)];
    const user = async (on: ServedBoard, lines: Lines) => {
      const { status, text } = await on.get('/api/board', lines);
      return status === 200 ? JSON.parse(text).user : status;
    };
    expect(await user(served, admin)).toEqual({ role: 'operator', name: 'operator with ADMIN_TOKEN' });
    expect(await user(served, viewer)).toEqual({ role: 'viewer', name: 'viewer with VIEWER_TOKEN' });
    const changed = await boardOf(world, { ADMIN_TOKEN, VIEWER_TOKEN: `${VIEWER_TOKEN}-changed` });
    expect(await user(changed, admin)).toMatchObject({ role: 'operator' });
    expect(await user(changed, viewer)).toBe(401);
    // A session of one kind is none of the other, where somebody mixes the tokens up.
    const swapped = await boardOf(world, { ADMIN_TOKEN: VIEWER_TOKEN, VIEWER_TOKEN: ADMIN_TOKEN });
    expect(await user(swapped, viewer)).toBe(401);
    expect(await user(swapped, admin)).toBe(401);
  });

  it('is asked for either token by name, and told which ones a wrong one is not', async () => {
    const served = await board({ ADMIN_TOKEN, VIEWER_TOKEN });
    expect((await served.get('/')).text).toContain('<code>ADMIN_TOKEN</code> or <code>VIEWER_TOKEN</code>');
    const wrong = await served.send(
      'POST',
      '/login',
      [['content-type', 'application/x-www-form-urlencoded']],
      'token=wrong',
    );
    expect(wrong.text).toContain('not the value of ADMIN_TOKEN or VIEWER_TOKEN');
  });
});

it('who did what stands in the history and in the story of the incident, by name', async () => {
  const world = await opened();
  const { reference } = await world.incident(['acme/api#1']);
  await world.sync();
  await world.reviewed();
  const served = await boardOf(world);
  const from: Lines = [['X-Forwarded-For', '198.51.100.7']];
  expect(
    (await served.press(`/api/incidents/${reference}/hold`, [...ADA, ...from], { why: 'the audit' })).status,
  ).toBe(200);
  // Of the same moment, nobody could say which came first.
  world.later(1_000);
  expect((await served.press(`/api/incidents/${reference}/release`, [...ADA, ...from], {})).status).toBe(200);
  const who = 'ada@example.com (board, from 198.51.100.7)';
  const { actions } = await auditRecord({ limit: 10 }, world.context);
  expect(actions.map(({ words }) => words)).toEqual([
    `${who} released ${reference}`,
    `${who} held ${reference}: the audit`,
  ]);
  const { entries } = await readStory(reference, world.context);
  expect(entries.flatMap(({ kind, words }) => (kind === 'action' ? words : []))).toEqual([
    `${who} released it`,
    `${who} held it: the audit`,
  ]);
  expect(served.logged).toMatchObject([{ by: 'ada@example.com' }, { by: 'ada@example.com' }]);
});
