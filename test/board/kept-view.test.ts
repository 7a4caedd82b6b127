import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OldView } from '../../src/board/kept-view.ts';
import type { ListChanges } from '../../src/board/list/list.ts';
import { boardRoutes } from '../../src/board/routes.ts';
import { createGauges } from '../../src/gauges/gauges.ts';
import { createLogger } from '../../src/log.ts';
import { createProbeServer } from '../../src/receiver/server.ts';
import { sections } from '../../src/review/sections.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import { Store } from '../../src/store/store.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

const DOWN = 'Redis at localhost:6379 does not answer: look whether it runs';

describe('what the board shows', () => {
  let world: MemoryWorld;
  let app: FastifyInstance;
  let url: string;
  let isDown: boolean;
  beforeEach(async () => {
    world = await openMemoryWorld();
    isDown = false;
    const ready = async () => ({ ok: !isDown, problems: isDown ? [DOWN] : [] });
    app = createProbeServer({ log: createLogger('silent', { pretty: false }), ready });
    const refuse = () => Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue is false"));
    const down = new Store({ ...createMemoryTables(), get: refuse, ranked: refuse, rankSize: refuse });
    boardRoutes(app, {
      context: () => (isDown ? { ...world.context, store: down } : world.context),
      problems: async () => (await ready()).problems,
    });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(async () => {
    await app.close();
    await world.close();
  });
  const ask = async (path = 'api/board') => {
    const answer = await fetch(`${url}/${path}?waiting=${++asked}`);
    const body: Partial<OldView> & { error?: string } = JSON.parse(await answer.text());
    return { status: answer.status, body };
  };
  // Never the same question, which would get the answer of a moment ago.
  let asked = 25;

  it('is kept while the queue is down, marked as old, in the words of /readyz', async () => {
    await world.sync();
    const { id, reference } = await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    expect((await ask()).body).not.toHaveProperty('old');
    const at = world.clock.time;
    isDown = true;
    world.later(60_000);
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body.old).toEqual({ at, words: DOWN });
    expect(body.groups?.waiting.rows).toMatchObject([{ id, reference, words: 'waits for acme/api#1' }]);
    expect(body.health).toMatchObject([
      { name: 'Queue', is: 'bad', words: DOWN },
      { name: 'API key', is: 'unknown', words: expect.stringContaining('(so it was at') },
      { is: 'unknown' },
    ]);
    expect(await ask(`api/incidents/${reference}`)).toMatchObject({ status: 503, body: { error: DOWN } });
    isDown = false;
    expect((await ask()).body).not.toHaveProperty('old');
  });

  it('is listed as it was last read while the queue is down, to a reader of before and to one who comes then', async () => {
    await world.sync();
    const { reference } = await world.incident(['acme/api#1']);
    await world.sync();
    await world.reviewed();
    const list = async (since = ''): Promise<Partial<ListChanges> & { old?: object }> =>
      JSON.parse(await (await fetch(`${url}/api/list${since}`)).text());
    const { version, old: none } = await list();
    expect(none).toBeUndefined();
    const at = world.clock.time;
    isDown = true;
    world.later(60_000);
    const old = { at, words: DOWN };
    expect(await list()).toMatchObject({ old, whole: true, synced: true, missing: 0, rows: [{ reference }] });
    expect(await list(`?since=${version}`)).toMatchObject({ old, whole: false, version, rows: [], gone: [] });
    isDown = false;
    expect(await list(`?since=${version}`)).not.toHaveProperty('old');
  });

  it('is why there is nothing to show, where the queue was down all along', async () => {
    isDown = true;
    expect(await ask()).toEqual({ status: 503, body: { error: DOWN } });
    expect(await ask('api/list')).toEqual({ status: 503, body: { error: DOWN } });
  });

  it('is no zeros before the first sync has ended, and neither is /metrics', async () => {
    await world.incident(['acme/api#1']);
    const numbers = async () => {
      const registry = new Registry();
      await createGauges(registry).read(world.context);
      return (await registry.metrics())
        .split('\n')
        .filter((line) => /^incident_closer_(incidents|due_in)/.test(line));
    };
    const before = (await ask()).body;
    for (const name of sections) expect(before.groups?.[name]).toEqual({ rows: [] });
    expect(await numbers()).toEqual([]);
    await world.sync();
    expect((await ask()).body.groups?.waiting.all).toBe(1);
    expect(await numbers()).toContain('incident_closer_incidents{group="waiting"} 1');
  });
});
