import { once } from 'node:events';
import { createServer } from 'node:http';
import fastify from 'fastify';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askRunning } from '../../src/commands/operate.ts';
import { operations } from '../../src/commands/operations.ts';
import type { CheckAllResult } from '../../src/operations/check-all.ts';
import type { ListedIncident } from '../../src/operations/listed-incident.ts';
import { OperationError } from '../../src/operations/operation.ts';
import { type Operate, operationRoutes } from '../../src/service/operation-routes.ts';
import { type MemoryWorld, openMemoryWorld } from '../support/memory-world.ts';

const listed: ListedIncident = {
  ...{ incident: 'INC-1', id: '01INCIDENT', name: 'Checkout is down', private: false },
  ...{ status: 'Documenting', active: false, verdict: 'wait' },
  ...{ reason: 'follow-ups', words: 'waits for acme/api#1' },
};
const result: CheckAllResult = { incidents: [listed], withoutFollowUps: 2 };

describe('a command that a running service answers', () => {
  let world: MemoryWorld;
  let close = async () => {};
  beforeEach(async () => {
    world = await openMemoryWorld({});
  });
  afterEach(async () => {
    await close();
    await world.close();
  });

  /** Where it is answered so. */
  async function serving(operate: Operate): Promise<{ address: string; token: string }> {
    const server = fastify();
    const token = operationRoutes(server, operate, async () => world.context);
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    close = () => server.close();
    return { address, token };
  }

  /** What is told while it is asked. */
  function watching() {
    const told: unknown[] = [];
    return {
      told,
      watch: { progress: (...how: unknown[]) => told.push(how), found: (one: unknown) => told.push(one) },
    };
  }

  it('tells each incident while it still looks at others', async () => {
    let end = () => {};
    const rest = new Promise<void>((resolve) => {
      end = resolve;
    });
    const running = await serving(async (_name, _asks, _context, _by, watch) => {
      watch.progress('incidents looked at', 1, 3);
      watch.found?.(listed);
      await rest;
      return result;
    });
    const { told, watch } = watching();
    const found = (one: unknown) => {
      watch.found(one);
      end();
    };
    // It would never answer if this came with the answer.
    expect(await askRunning(running, operations.checkAll, {}, { ...watch, found })).toEqual(result);
    expect(told).toEqual([['incidents looked at', 1, 3], listed]);
  });

  it('says why it could not go on after some of them', async () => {
    const running = await serving(async (_name, _asks, _context, _by, watch) => {
      watch.found?.(listed);
      throw new OperationError('incident.io answers 503');
    });
    const { told, watch } = watching();
    await expect(askRunning(running, operations.checkAll, {}, watch)).rejects.toThrow(
      'incident.io answers 503',
    );
    expect(told).toEqual([listed]);
  });

  /** What answers so whatever it is asked. */
  async function answering(type: string, body: string): Promise<{ address: string; token: string }> {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = async () => void server.close();
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on no port');
    return { address: `http://127.0.0.1:${address.port}`, token: '' };
  }

  it('is no answer where the service ends before it', async () => {
    const line = `${JSON.stringify({ kind: 'found', incident: listed })}\n`;
    const running = await answering('application/x-ndjson', line);
    await expect(askRunning(running, operations.checkAll, {})).rejects.toThrow(
      'ended before it had answered',
    );
  });

  it('is no answer where the connection is cut, which the service survives', async () => {
    let goOn = () => {};
    const cut = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const running = await serving(async (_name, _asks, _context, _by, watch) => {
      watch.found?.(listed);
      await cut;
      // Told to nobody, the first time.
      watch.found?.(listed);
      return result;
    });
    const usual = getGlobalDispatcher();
    const dispatcher = new Agent();
    setGlobalDispatcher(dispatcher);
    const watch = { ...watching().watch, found: () => void dispatcher.destroy() };
    try {
      await expect(askRunning(running, operations.checkAll, {}, watch)).rejects.toThrow(OperationError);
    } finally {
      setGlobalDispatcher(usual);
    }
    goOn();
    expect(await askRunning(running, operations.checkAll, {})).toEqual(result);
  });

  it('is understood from a service of a release before, which tells its answer alone', async () => {
    const running = await answering('application/json; charset=utf-8', JSON.stringify(result));
    const { told, watch } = watching();
    expect(await askRunning(running, operations.checkAll, {}, watch)).toEqual(result);
    expect(told).toEqual([]);
  });
});
