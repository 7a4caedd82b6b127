import { describe, expect, it, onTestFinished } from 'vitest';
import { boardRoutes } from '../../src/board/routes.ts';
import { Sessions } from '../../src/board/sessions.ts';
import { createStoreContext } from '../../src/context/context.ts';
import { createLogger } from '../../src/log.ts';
import { readPolicy } from '../../src/policy/read-policy.ts';
import { noStore, withoutStore } from '../../src/queue/no-store.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { EndedSessions } from '../../src/store/ended-sessions.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { Tables } from '../../src/store/tables.ts';

const TOKEN = 'a token that nobody guesses';
const HOUR = 3_600_000;

describe('a session', () => {
  const world = () => {
    const state = { now: 1_000_000, down: false };
    const tables = createMemoryTables();
    const failing: Tables = {
      ...tables,
      get: (...args) => (state.down ? Promise.reject(new Error('down')) : tables.get(...args)),
      put: (...args) => (state.down ? Promise.reject(new Error('down')) : tables.put(...args)),
    };
    const one = () => new Sessions(() => failing, { now: () => state.now });
    return { state, tables, one, session: { id: 'a', until: state.now + HOUR } };
  };

  it('that was logged out of has ended, at once here and for changes everywhere, and soon for who looks elsewhere', async () => {
    const { state, one, session } = world();
    const [here, there] = [one(), one()];
    here.began(session);
    expect(await there.state(session)).toBe('stands');
    await here.end(session);
    expect(await here.state(session)).toBe('ended');
    expect(await there.state(session, true)).toBe('ended');
    expect(await there.state(session)).toBe('ended');
    const looking = one();
    expect(await looking.state({ id: 'b', until: session.until })).toBe('stands');
    await here.end({ id: 'b', until: session.until });
    state.now += 5_000;
    expect(await looking.state({ id: 'b', until: session.until })).toBe('ended');
    // A process that is started anew knows it as well.
    expect(await one().state(session)).toBe('ended');
  });

  it('that is known goes on looking while the store is down, and changes nothing; others are not known', async () => {
    const { state, one, session } = world();
    const sessions = one();
    const ended = { id: 'b', until: session.until };
    await sessions.state(session);
    await sessions.end(ended);
    state.down = true;
    state.now += 60_000;
    expect(await sessions.state(session)).toBe('stands');
    expect(await sessions.state(session, true)).toBe('unknown');
    expect(await sessions.state(ended)).toBe('ended');
    expect(await one().state(session)).toBe('unknown');
    await expect(sessions.end(session)).rejects.toThrow('down');
    expect(await sessions.state(session)).toBe('stands');
  });

  it('that was ended is kept until it would have ended by itself', async () => {
    const { state, tables, one } = world();
    await one().end({ id: 'short', until: state.now + 10 });
    await one().end({ id: 'long', until: state.now + HOUR });
    state.now += 20;
    await one().end({ id: 'other', until: state.now + HOUR });
    const store = new EndedSessions(tables);
    expect(await Promise.all(['short', 'long', 'other'].map((id) => store.has(id)))).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('the board', () => {
  async function board(options: { trustedProxies?: string[]; down?: () => boolean } = {}) {
    const lines: Record<string, unknown>[] = [];
    const log = createLogger('info', {
      pretty: false,
      destination: { write: (line) => lines.push(JSON.parse(line)) },
    });
    const app = createProbeServer({ log, ready: async () => ({ ok: true, problems: [] }), ...options });
    const settings = readSettings({});
    const memory = withoutStore(noStore('in this test'));
    const context = await createStoreContext(settings, () => readPolicy(settings), memory, log);
    boardRoutes(app, {
      logins: { adminToken: TOKEN },
      log,
      context: () => (options.down?.() ? undefined : context),
    });
    onTestFinished(() => app.close());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const login = (token: string, headers: Record<string, string> = {}) =>
      fetch(`${url}/login`, {
        method: 'POST',
        body: new URLSearchParams({ token }),
        redirect: 'manual',
        headers,
      });
    const cookieFrom = (answer: Response) => answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const ask = async (path: string, cookie: string, method = 'GET') =>
      (await fetch(url + path, { method, headers: { cookie }, redirect: 'manual' })).status;
    return { url, lines, login, cookieFrom, ask };
  }

  it('ends the session that is logged out of, wherever its cookie is by then, and no other', async () => {
    const { login, cookieFrom, ask, lines } = await board();
    const [first, second] = [cookieFrom(await login(TOKEN)), cookieFrom(await login(TOKEN))];
    expect(first).not.toBe(second);
    expect(await ask('/api/incidents/INC-1', first)).toBe(404);
    expect(await ask('/logout', first, 'POST')).toBe(303);
    expect(await ask('/api/incidents/INC-1', first)).toBe(401);
    expect(await ask('/', first)).toBe(401);
    expect(await ask('/api/incidents/INC-1', second)).toBe(404);
    expect(lines.map(({ msg, from }) => [msg, from])).toEqual([
      ['somebody logged in to the board', '127.0.0.1'],
      ['somebody logged in to the board', '127.0.0.1'],
      ['somebody logged out of the board', '127.0.0.1'],
    ]);
  });

  it('says that a session could not be ended while the store is down, and keeps it', async () => {
    let down = false;
    const { login, cookieFrom, ask } = await board({ down: () => down });
    const cookie = cookieFrom(await login(TOKEN));
    down = true;
    expect(await ask('/logout', cookie, 'POST')).toBe(503);
    expect(await ask('/', cookie)).toBe(200);
    down = false;
    expect(await ask('/logout', cookie, 'POST')).toBe(303);
    expect(await ask('/', cookie)).toBe(401);
  });

  it('locks out and logs the address that a trusted proxy forwards, and believes nobody else', async () => {
    const behind = await board({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    for (let tries = 0; tries < 10; tries++)
      expect((await behind.login(`wrong ${tries}`, from('203.0.113.7'))).status).toBe(401);
    expect((await behind.login(TOKEN, from('203.0.113.7'))).status).toBe(429);
    // What the sender itself wrote stands further left.
    expect((await behind.login(TOKEN, from('198.51.100.1, 203.0.113.7, 10.1.2.3'))).status).toBe(429);
    expect((await behind.login(TOKEN, from('203.0.113.8'))).status).toBe(303);
    expect(new Set(behind.lines.map(({ from }) => from))).toEqual(new Set(['203.0.113.7', '203.0.113.8']));

    const direct = await board({ trustedProxies: ['10.0.0.0/8'] });
    for (let tries = 0; tries < 10; tries++)
      expect((await direct.login(`wrong ${tries}`, from(`203.0.113.${tries}`))).status).toBe(401);
    expect((await direct.login(TOKEN, from('203.0.113.99'))).status).toBe(429);
    expect(new Set(direct.lines.map(({ from }) => from))).toEqual(new Set(['127.0.0.1']));
  });

  it('tells of wrong tokens and of who is locked out, of programs as well, the first few a minute each', async () => {
    const { url, lines } = await board();
    for (let tries = 0; tries < 30; tries++)
      await fetch(`${url}/api/board`, { headers: { authorization: `Bearer wrong ${tries}` } });
    const why = lines.map((line) => `${line.level} ${line.from} ${line.why}`);
    expect(why).toEqual([
      ...Array.from({ length: 5 }, () => 'warn 127.0.0.1 wrong'),
      ...Array.from({ length: 5 }, () => 'warn 127.0.0.1 too-many'),
    ]);
    expect(JSON.stringify(lines)).not.toContain('wrong 1');
  });
});
