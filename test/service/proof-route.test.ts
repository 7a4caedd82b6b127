import fastify from 'fastify';
import { pino } from 'pino';
import { describe, expect, it, type TestContext } from 'vitest';
import { proofRoute } from '../../src/service/proof-route.ts';
import { createMemoryTables } from '../../src/store/memory-tables.ts';
import type { Tables } from '../../src/store/tables.ts';

const PATH = `/proof?challenge=${'0a'.repeat(32)}`;

/** A server whose store can be stopped: `fails` at once, or `hangs`. */
function open(test: TestContext) {
  const real = createMemoryTables();
  const state: { store: 'works' | 'fails' | 'hangs'; asked: number } = { store: 'works', asked: 0 };
  const tables: Tables = {
    ...real,
    get: async (...args) => {
      state.asked += 1;
      if (state.store === 'fails') throw new Error('ECONNREFUSED');
      if (state.store === 'hangs') await new Promise(() => {});
      return real.get(...args);
    },
  };
  const lines: { times: number; words: string }[] = [];
  const write = (line: string) => {
    const { times, msg: words } = JSON.parse(line);
    lines.push({ times, words });
  };
  const log = pino({}, { write });
  const server = fastify();
  test.onTestFinished(() => server.close());
  proofRoute(server, { tables: () => tables, log, within: 50, sumUpEvery: 3_600_000 });
  return { state, lines, server, ask: () => server.inject(PATH) };
}

describe('GET /proof', () => {
  it('is answered 503 at once while the store is down, and all of that is one line of the log', async (test) => {
    const { state, lines, server, ask } = open(test);
    state.store = 'fails';
    for (let n = 0; n < 20; n++) expect((await ask()).statusCode).toBe(503);
    expect(lines).toEqual([]);
    state.store = 'works';
    expect((await ask()).json()).toEqual({ proof: expect.stringMatching(/^[\da-f]{64}$/) });
    await server.close();
    expect(lines).toEqual([{ times: 20, words: expect.stringContaining('ECONNREFUSED') }]);
  });

  it('waits for a store that does not answer within its deadline, and asks it once for all who wait', async (test) => {
    const { state, ask } = open(test);
    state.store = 'hangs';
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([503, 503, 503]);
    expect(state.asked).toBe(1);
    state.store = 'works';
    expect((await ask()).statusCode).toBe(200);
  });
});
