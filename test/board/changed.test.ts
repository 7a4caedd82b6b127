import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boardRoutes } from '../../src/board/routes.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

describe('what the page asks again and again', () => {
  let world: MemoryWorld;
  let url: string;
  let close: () => Promise<unknown>;
  beforeEach(async () => {
    world = await openMemoryWorld();
    await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    const { log } = world.context;
    const app = createProbeServer({ log, ready: async () => ({ ok: true, problems: [] }) });
    boardRoutes(app, { context: () => world.context });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
    close = () => app.close();
  });
  afterEach(async () => {
    await close();
    await world.close();
  });

  const ask = async (path: string, tag?: string) => {
    const answer = await fetch(`${url}/${path}`, {
      headers: tag === undefined ? {} : { 'if-none-match': tag },
    });
    return { status: answer.status, tag: answer.headers.get('etag') ?? '', text: await answer.text() };
  };
  const version = (text: string) => String(JSON.parse(text).version);

  it.each(['api/board', 'api/deliveries', 'api/meeting', 'api/charts', 'api/incidents/INC-1/page'])(
    'is answered 304 by %s where nothing changed but the time',
    async (path) => {
      const { status, tag } = await ask(path);
      expect(status).toBe(200);
      world.later(1);
      expect(await ask(path, tag)).toEqual({ status: 304, tag, text: '' });
    },
  );

  it('is answered in full once something did', async () => {
    const { tag } = await ask('api/board');
    await world.told('acme/api#1');
    await world.reviewed();
    const changed = await ask('api/board?waiting=26', tag);
    expect(changed.status).toBe(200);
    expect(JSON.parse(changed.text).groups.soon.all).toBe(1);
  });

  it('is no more of the list than what changed since the version that the page has', async () => {
    const first = await ask('api/list');
    expect(JSON.parse(first.text)).toMatchObject({ whole: true, rows: [{ reference: 'INC-1' }] });
    const path = `api/list?since=${version(first.text)}`;
    const { tag } = await ask(path);
    expect((await ask(path, tag)).status).toBe(304);
    await world.told('acme/api#1');
    await world.reviewed();
    const { status, text } = await ask(path, tag);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ whole: false, rows: [{ group: 'soon' }] });
  });

  it('is kept by no browser beyond the page', async () => {
    for (const path of ['api/board', 'api/list', 'api/search?q=1'])
      expect((await fetch(`${url}/${path}`)).headers.get('cache-control')).toBe('no-store');
  });
});
